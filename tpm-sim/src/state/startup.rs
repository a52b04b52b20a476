//! What a start does to every part of the TPM (part 1, "TPM Reset, TPM Restart, TPM Resume"; part 3, section 9.3).

use super::limits::SEED_SIZE;
use super::pcr::StartKind;
use super::sessions::Slot;
use super::{Shutdown, State};

impl State {
    /// Power goes.
    pub(crate) fn power_off(&mut self) {
        self.powered = false;
        self.started = false;
        self.locality = 0;
        self.physical_presence = false;
        self.pcr.power_off();
    }

    /// What is left of it without power, less what every start forgets.
    pub(crate) fn permanent(&self) -> Self {
        let mut left = self.clone();
        left.power_off();
        left.pcr.forget();
        left.objects.transient.clear();
        left.sessions.exclusive = None;
        left.sessions.slots.retain(|_, slot| matches!(slot, Slot::Saved { .. }));
        left
    }

    /// A TPM2_Startup of this kind.
    pub fn start(&mut self, kind: StartKind) {
        let orderly = self.shutdown != Shutdown::None;
        self.nv.start(kind, orderly);
        self.pcr.start(kind, self.locality);
        self.factory.orderly_start = orderly;
        self.clock.resume(orderly);
        self.start_da(kind, orderly);
        self.objects.transient.clear();
        self.sessions.exclusive = None;
        self.sessions.slots.retain(|_, slot| matches!(slot, Slot::Saved { .. }));
        self.hierarchies.platform.enabled = true;
        match kind {
            StartKind::Resume => self.clock.restart_count = self.clock.restart_count.wrapping_add(1),
            StartKind::Restart => {
                self.clock.restart_count = self.clock.restart_count.wrapping_add(1);
                self.clear_volatile();
            }
            StartKind::Reset => {
                self.clock.reset_count = self.clock.reset_count.wrapping_add(1);
                self.clock.restart_count = 0;
                self.reset_volatile();
                self.clear_volatile();
            }
        }
        // A shutdown counts once; one that is not orderly is noted until the next TPM2_Shutdown.
        self.shutdown = Shutdown::None;
        self.started = true;
    }

    /// What neither a reset nor a restart keeps (STATE_CLEAR_DATA).
    fn clear_volatile(&mut self) {
        self.total_clears += 1;
        self.commit.reset();
        let hierarchies = &mut self.hierarchies;
        hierarchies.platform.reset_auth();
        hierarchies.owner.enabled = true;
        hierarchies.endorsement.enabled = true;
        hierarchies.platform_nv = true;
    }

    /// What a reset does not keep, but a restart does (STATE_RESET_DATA).
    fn reset_volatile(&mut self) {
        self.total_resets += 1;
        self.hierarchies.null.seed = self.rng.bytes(SEED_SIZE);
        self.hierarchies.null.proof = self.rng.bytes(SEED_SIZE);
        self.sessions.slots.clear();
        self.sessions.context_counter = 0;
        self.sessions.object_context_counter = 0;
        self.audit.digest.clear();
    }

    /// Dictionary attack protection (part 1, "Dictionary Attack Protection and Resets"): after a shutdown that was not
    /// orderly a use of it counts as a failure, because the failure may be what was cut off.
    fn start_da(&mut self, kind: StartKind, orderly: bool) {
        let da = &mut self.da;
        // Time has begun anew, and its timers with it.
        (da.healed_at, da.lockout_at) = (0, 0);
        if kind == StartKind::Reset && da.lockout_recovery == 0 {
            da.lockout_auth_enabled = true;
        }
        if !orderly && da.used {
            da.fail(false, 0);
        }
        da.used = false;
    }
}
