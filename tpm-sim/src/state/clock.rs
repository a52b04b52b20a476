//! Time, Clock, resetCount and restartCount (part 1, "TPM Clock"). Milliseconds throughout; only the owner of the TPM
//! moves them, through [`crate::Tpm::advance`].

use super::check::{Checked, check_counter, must};
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::{TpmsClockInfo, TpmsTimeInfo};

/// The clock of a TPM.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Clock {
    /// Time since `_TPM_Init`.
    pub time: u64,
    /// Clock: time for which the TPM has been powered in all.
    pub clock: u64,
    /// Number of TPM Resets since TPM2_Clear.
    pub reset_count: u32,
    /// Number of TPM Restarts and TPM Resumes since the last TPM Reset.
    pub restart_count: u32,
    /// NO when a value of Clock as high may have been reported before: after a shutdown that was not orderly, until Clock
    /// passes the next multiple of [`UPDATE_INTERVAL`].
    pub safe: bool,
    /// Rate of TPM2_ClockRateAdjust: surplus in 30,000ths of nominal.
    pub rate: i16,
    /// Parts of a millisecond that the adjusted rate left over, in 30,000ths.
    pub remainder: u64,
    /// Changes at each start of Time: tickets with an expiration are bound to it.
    pub epoch: u64,
    /// Value of Clock that is safely in NV: after an unorderly shutdown Clock goes on from it.
    pub saved: u64,
}

/// Clock is written to NV every 2^12 ms (NV_CLOCK_UPDATE_INTERVAL).
pub const UPDATE_INTERVAL: u64 = 1 << 12;

/// The nominal rate, in the unit of [`Clock::rate`].
const NOMINAL: u64 = 30_000;
/// Farthest that the rate can be adjusted: a sixth of nominal.
const RATE_MAX: i16 = 5_000;

impl Default for Clock {
    fn default() -> Self {
        Self {
            time: 0,
            clock: 0,
            reset_count: 0,
            restart_count: 0,
            safe: true,
            rate: 0,
            remainder: 0,
            epoch: 0,
            saved: 0,
        }
    }
}

impl Clock {
    /// Lets `ms` milliseconds pass, by the clock of whoever calls; the TPM's own runs at its adjusted rate.
    pub fn advance(&mut self, ms: u64) {
        let rate = NOMINAL.saturating_add_signed(i64::from(self.rate));
        let parts = ms.saturating_mul(rate).saturating_add(self.remainder);
        self.remainder = parts % NOMINAL;
        let ms = parts / NOMINAL;
        self.time = self.time.saturating_add(ms);
        self.clock = self.clock.saturating_add(ms);
        self.update();
    }

    /// TPM2_ClockSet.
    pub fn set(&mut self, clock: u64) {
        self.clock = clock;
        self.update();
    }

    /// TPM2_ClockRateAdjust: one of three steps (a 30,000th, a thousandth, a hundredth), faster or slower.
    pub fn adjust_rate(&mut self, step: i8) {
        let size = match step.unsigned_abs() {
            0 => 0,
            1 => 1,
            2 => 30,
            _ => 300,
        };
        self.rate = (self.rate + i16::from(step.signum()) * size).clamp(-RATE_MAX, RATE_MAX);
    }

    /// `_TPM_Init`: Time begins again, in a new epoch.
    pub fn start(&mut self) {
        self.time = 0;
        self.remainder = 0;
        self.epoch += 1;
    }

    /// TPM2_Startup: after a shutdown that was not orderly Clock goes on from the last value in NV, and is not safe until
    /// it has passed the next one.
    pub fn resume(&mut self, orderly: bool) {
        if !orderly {
            self.clock = self.saved;
            self.safe = false;
        }
    }

    /// TPM2_Clear: Clock and both counts begin again.
    pub fn clear(&mut self) {
        (self.clock, self.saved) = (0, 0);
        (self.reset_count, self.restart_count) = (0, 0);
        self.safe = true;
    }

    /// Notes that Clock has passed the next point at which it goes to NV.
    pub fn update(&mut self) {
        let saved = self.clock & !(UPDATE_INTERVAL - 1);
        if saved > self.saved {
            self.saved = saved;
            self.safe = true;
        }
    }

    /// Whether its rate and counters are in their bounds.
    pub(super) fn check(&self) -> Checked {
        must(self.rate.abs() <= RATE_MAX && self.remainder < NOMINAL, "the clock's rate is out of bounds")?;
        check_counter(self.epoch)
    }

    /// TPMS_CLOCK_INFO as it stands.
    pub fn info(&self) -> TpmsClockInfo {
        TpmsClockInfo {
            clock: self.clock.into(),
            reset_count: self.reset_count.into(),
            restart_count: self.restart_count.into(),
            safe: self.safe.into(),
        }
    }

    /// TPMS_TIME_INFO as it stands.
    pub fn time_info(&self) -> TpmsTimeInfo {
        TpmsTimeInfo { time: self.time.into(), clock_info: self.info() }
    }
}
