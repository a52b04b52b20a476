//! Command audit (part 1, "Command Audit").

use crate::crypto::HashAlg;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which commands are audited, and the digest over them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandAudit {
    /// Hash of the audit digest.
    pub alg: HashAlg,
    /// Codes of the audited commands.
    pub commands: BTreeSet<u32>,
    /// Digest over the audited commands since it was last read; empty when there were none.
    pub digest: Vec<u8>,
    /// Counts the digests that were begun.
    pub counter: u64,
}

impl Default for CommandAudit {
    fn default() -> Self {
        let commands = BTreeSet::from([tpm2_protocol::data::TpmCc::SetCommandCodeAuditStatus.value()]);
        Self { alg: HashAlg::Sha256, commands, digest: Vec::new(), counter: 0 }
    }
}

impl CommandAudit {
    /// Takes an audited command in: `cp_hash` and `rp_hash` are of [`CommandAudit::alg`].
    pub fn extend(&mut self, cp_hash: &[u8], rp_hash: &[u8]) {
        if self.digest.is_empty() {
            self.counter += 1;
            self.digest = vec![0; self.alg.size()];
        }
        self.digest = self.alg.digest(&[&self.digest, cp_hash, rp_hash]);
    }

    /// Another hash: the digest begins anew.
    pub fn change_hash(&mut self, alg: HashAlg) {
        self.alg = alg;
        self.digest.clear();
    }
}
