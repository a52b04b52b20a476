//! Dictionary attack protection (part 1, "Dictionary Attack Protection"). Times in milliseconds of the TPM's Time.

use serde::{Deserialize, Serialize};

/// Counters, parameters and timers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DictionaryAttack {
    /// failedTries: authorisation failures that count.
    pub failed_tries: u32,
    /// maxTries: lockout begins when `failed_tries` reaches it.
    pub max_tries: u32,
    /// recoveryTime in seconds: `failed_tries` goes down by one each time it passes; 0 stands for never.
    pub recovery_time: u32,
    /// lockoutRecovery in seconds: time until lockoutAuth may be tried again after a failure; 0: after the next reset.
    pub lockout_recovery: u32,
    /// lockoutAuth may be used.
    pub lockout_auth_enabled: bool,
    /// Time at which `failed_tries` last changed, in milliseconds.
    pub healed_at: u64,
    /// Time at which lockoutAuth failed, in milliseconds.
    pub lockout_at: u64,
    /// An authorisation with DA protection was tried since start-up (daUsed): an unorderly shutdown then counts as a failure.
    pub used: bool,
}

impl Default for DictionaryAttack {
    fn default() -> Self {
        Self {
            failed_tries: 0,
            max_tries: 3,
            recovery_time: 1000,
            lockout_recovery: 1000,
            lockout_auth_enabled: true,
            healed_at: 0,
            lockout_at: 0,
            used: false,
        }
    }
}

impl DictionaryAttack {
    /// Whether objects with DA protection may not be authorised.
    pub fn in_lockout(&self) -> bool {
        self.failed_tries >= self.max_tries
    }

    /// An authorisation failed: of lockoutAuth, or of anything else with DA protection.
    pub fn fail(&mut self, lockout_auth: bool, time: u64) {
        if lockout_auth {
            self.lockout_auth_enabled = false;
            self.lockout_at = time;
        } else if self.recovery_time != 0 {
            self.failed_tries = self.failed_tries.saturating_add(1).min(self.max_tries.max(1));
            self.healed_at = time;
        }
    }

    /// Heals what Time has healed (part 1, "Dictionary Attack Recovery").
    pub fn heal(&mut self, time: u64) {
        if self.recovery_time != 0 && self.failed_tries > 0 {
            let step = u64::from(self.recovery_time) * 1000;
            let healed = time.saturating_sub(self.healed_at) / step;
            self.failed_tries = self.failed_tries.saturating_sub(u32::try_from(healed).unwrap_or(u32::MAX));
            self.healed_at += healed * step;
        }
        if !self.lockout_auth_enabled && self.lockout_recovery != 0 {
            let waited = time.saturating_sub(self.lockout_at);
            self.lockout_auth_enabled = waited >= u64::from(self.lockout_recovery) * 1000;
        }
    }
}
