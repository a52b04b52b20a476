//! Response codes (part 2, section 6.6), with the number of the handle, parameter or session that they are about.

use std::fmt;

/// A response code that is not TPM_RC_SUCCESS.
///
/// Codes of format one (TPM_RC_VALUE and so on) can carry the number of what they complain about: [`Rc::handle`],
/// [`Rc::param`], [`Rc::session`]. A code that carries a number already, and a code of format zero or a warning, stays as
/// it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rc(u32);

impl Rc {
    /// TPM_RC_BAD_TAG: the tag of the command is neither TPM_ST_SESSIONS nor TPM_ST_NO_SESSIONS.
    pub const BAD_TAG: Self = Self(0x01e);
    /// TPM_RC_INITIALIZE: TPM2_Startup has not run yet.
    pub const INITIALIZE: Self = Self(0x100);
    /// TPM_RC_FAILURE: the TPM is in failure mode.
    pub const FAILURE: Self = Self(0x101);
    /// TPM_RC_SEQUENCE: improper use of a sequence handle.
    pub const SEQUENCE: Self = Self(0x103);
    /// TPM_RC_DISABLED: the command is disabled.
    pub const DISABLED: Self = Self(0x120);
    /// TPM_RC_EXCLUSIVE: the audit session that must be exclusive is not.
    pub const EXCLUSIVE: Self = Self(0x121);
    /// TPM_RC_AUTH_TYPE: the authorisation handle is not correct for the command.
    pub const AUTH_TYPE: Self = Self(0x124);
    /// TPM_RC_AUTH_MISSING: the command needs an authorisation session for a handle and has none.
    pub const AUTH_MISSING: Self = Self(0x125);
    /// TPM_RC_POLICY: a policy failure in a mathematical operation or an invalid authPolicy value.
    pub const POLICY: Self = Self(0x126);
    /// TPM_RC_PCR: PCR check fail.
    pub const PCR: Self = Self(0x127);
    /// TPM_RC_PCR_CHANGED: PCRs have changed since they were checked.
    pub const PCR_CHANGED: Self = Self(0x128);
    /// TPM_RC_AUTH_UNAVAILABLE: authValue or authPolicy is not available for the selected entity.
    pub const AUTH_UNAVAILABLE: Self = Self(0x12f);
    /// TPM_RC_COMMAND_SIZE: the header's size is not the size of the command.
    pub const COMMAND_SIZE: Self = Self(0x142);
    /// TPM_RC_COMMAND_CODE: command code not supported.
    pub const COMMAND_CODE: Self = Self(0x143);
    /// TPM_RC_AUTHSIZE: the size of the authorisation area is out of range.
    pub const AUTHSIZE: Self = Self(0x144);
    /// TPM_RC_AUTH_CONTEXT: authorisation sessions with a command that may have none.
    pub const AUTH_CONTEXT: Self = Self(0x145);
    /// TPM_RC_NV_RANGE: NV offset and size out of range.
    pub const NV_RANGE: Self = Self(0x146);
    /// TPM_RC_NV_LOCKED: NV access locked.
    pub const NV_LOCKED: Self = Self(0x148);
    /// TPM_RC_NV_AUTHORIZATION: NV access authorisation fails.
    pub const NV_AUTHORIZATION: Self = Self(0x149);
    /// TPM_RC_NV_UNINITIALIZED: an NV index is used before being written.
    pub const NV_UNINITIALIZED: Self = Self(0x14a);
    /// TPM_RC_NV_SPACE: not enough NV space.
    pub const NV_SPACE: Self = Self(0x14b);
    /// TPM_RC_NV_DEFINED: NV index or persistent object already defined.
    pub const NV_DEFINED: Self = Self(0x14c);
    /// TPM_RC_CPHASH: cpHash already set or not correct for use.
    pub const CPHASH: Self = Self(0x151);
    /// TPM_RC_NO_RESULT: an internal function cannot process a request.
    pub const NO_RESULT: Self = Self(0x154);
    /// TPM_RC_ASYMMETRIC: asymmetric algorithm not supported or not correct.
    pub const ASYMMETRIC: Self = Self(0x081);
    /// TPM_RC_ATTRIBUTES: inconsistent attributes.
    pub const ATTRIBUTES: Self = Self(0x082);
    /// TPM_RC_HASH: hash algorithm not supported or not appropriate.
    pub const HASH: Self = Self(0x083);
    /// TPM_RC_VALUE: value out of range or not correct for the context.
    pub const VALUE: Self = Self(0x084);
    /// TPM_RC_HIERARCHY: hierarchy not enabled or not correct for the use.
    pub const HIERARCHY: Self = Self(0x085);
    /// TPM_RC_KEY_SIZE: key size not supported.
    pub const KEY_SIZE: Self = Self(0x087);
    /// TPM_RC_MODE: mode of operation not supported.
    pub const MODE: Self = Self(0x089);
    /// TPM_RC_TYPE: the type of the value is not appropriate.
    pub const TYPE: Self = Self(0x08a);
    /// TPM_RC_HANDLE: the handle is not correct for the use.
    pub const HANDLE: Self = Self(0x08b);
    /// TPM_RC_KDF: unsupported key derivation function.
    pub const KDF: Self = Self(0x08c);
    /// TPM_RC_RANGE: value out of allowed range.
    pub const RANGE: Self = Self(0x08d);
    /// TPM_RC_AUTH_FAIL: authorisation HMAC check failed, and the DA counter was incremented.
    pub const AUTH_FAIL: Self = Self(0x08e);
    /// TPM_RC_NONCE: invalid nonce size or nonce value.
    pub const NONCE: Self = Self(0x08f);
    /// TPM_RC_PP: authorisation requires physical presence.
    pub const PP: Self = Self(0x090);
    /// TPM_RC_SCHEME: unsupported or incompatible scheme.
    pub const SCHEME: Self = Self(0x092);
    /// TPM_RC_SIZE: structure of the wrong size.
    pub const SIZE: Self = Self(0x095);
    /// TPM_RC_SYMMETRIC: unsupported symmetric algorithm or key size.
    pub const SYMMETRIC: Self = Self(0x096);
    /// TPM_RC_TAG: incorrect structure tag.
    pub const TAG: Self = Self(0x097);
    /// TPM_RC_INSUFFICIENT: too few octets for a value.
    pub const INSUFFICIENT: Self = Self(0x09a);
    /// TPM_RC_SIGNATURE: the signature is not valid.
    pub const SIGNATURE: Self = Self(0x09b);
    /// TPM_RC_KEY: key fields are not compatible with the selected use.
    pub const KEY: Self = Self(0x09c);
    /// TPM_RC_POLICY_FAIL: a policy check failed.
    pub const POLICY_FAIL: Self = Self(0x09d);
    /// TPM_RC_INTEGRITY: integrity check failed.
    pub const INTEGRITY: Self = Self(0x09f);
    /// TPM_RC_TICKET: invalid ticket.
    pub const TICKET: Self = Self(0x0a0);
    /// TPM_RC_RESERVED_BITS: reserved bits not zero.
    pub const RESERVED_BITS: Self = Self(0x0a1);
    /// TPM_RC_BAD_AUTH: authorisation failure without DA implications.
    pub const BAD_AUTH: Self = Self(0x0a2);
    /// TPM_RC_EXPIRED: the policy has expired.
    pub const EXPIRED: Self = Self(0x0a3);
    /// TPM_RC_POLICY_CC: the policy's command code is not that of the command, or the command has none.
    pub const POLICY_CC: Self = Self(0x0a4);
    /// TPM_RC_BINDING: public and sensitive parts of an object are not bound together.
    pub const BINDING: Self = Self(0x0a5);
    /// TPM_RC_CURVE: curve not supported.
    pub const CURVE: Self = Self(0x0a6);
    /// TPM_RC_ECC_POINT: point is not on the curve.
    pub const ECC_POINT: Self = Self(0x0a7);
    /// TPM_RC_CONTEXT_GAP: gap for context identifiers is too large.
    pub const CONTEXT_GAP: Self = Self(0x901);
    /// TPM_RC_OBJECT_MEMORY: out of memory for object contexts.
    pub const OBJECT_MEMORY: Self = Self(0x902);
    /// TPM_RC_SESSION_MEMORY: out of memory for session contexts.
    pub const SESSION_MEMORY: Self = Self(0x903);
    /// TPM_RC_SESSION_HANDLES: out of session handles.
    pub const SESSION_HANDLES: Self = Self(0x905);
    /// TPM_RC_LOCALITY: bad locality.
    pub const LOCALITY: Self = Self(0x907);
    /// TPM_RC_REFERENCE_H0: the first handle references an object or session that is not loaded.
    pub const REFERENCE_H0: Self = Self(0x910);
    /// TPM_RC_REFERENCE_S0: the first authorisation session is not loaded.
    pub const REFERENCE_S0: Self = Self(0x918);
    /// TPM_RC_LOCKOUT: authorisations for objects with DA protection are not allowed: the TPM is in lockout.
    pub const LOCKOUT: Self = Self(0x921);
    /// TPM_RC_RETRY: the TPM could not start the command.
    pub const RETRY: Self = Self(0x922);
    /// TPM_RC_NV_UNAVAILABLE: NV is not accessible.
    pub const NV_UNAVAILABLE: Self = Self(0x923);

    const FORMAT_ONE: u32 = 0x080;
    const PARAMETER: u32 = 0x040;
    const NUMBER: u32 = 0xf00;

    /// The code as it goes over the wire.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// About handle `number` (from 1).
    #[must_use]
    pub const fn handle(self, number: u32) -> Self {
        self.numbered((number & 7) << 8)
    }

    /// About parameter `number` (from 1).
    #[must_use]
    pub const fn param(self, number: u32) -> Self {
        self.numbered(Self::PARAMETER | (number & 15) << 8)
    }

    /// About session `number` (from 1).
    #[must_use]
    pub const fn session(self, number: u32) -> Self {
        self.numbered(0x800 | (number & 7) << 8)
    }

    /// The code without the number of a handle, parameter or session.
    #[must_use]
    pub const fn base(self) -> Self {
        if self.0 & Self::FORMAT_ONE == 0 { self } else { Self(self.0 & !(Self::NUMBER | Self::PARAMETER)) }
    }

    /// The next code of a row, such as TPM_RC_REFERENCE_H0 + `by`.
    #[must_use]
    pub const fn plus(self, by: u32) -> Self {
        Self(self.0 + by)
    }

    const fn numbered(self, bits: u32) -> Self {
        let free = self.0 & Self::FORMAT_ONE != 0 && self.0 & (Self::NUMBER | Self::PARAMETER) == 0;
        if free { Self(self.0 | bits) } else { self }
    }
}

impl fmt::Debug for Rc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Rc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match tpm2_protocol::data::TpmRc::try_from(self.0) {
            Ok(known) => write!(f, "{known} ({:#05x})", self.0),
            Err(_) => write!(f, "{:#05x}", self.0),
        }
    }
}

impl std::error::Error for Rc {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_where_part_2_puts_them() {
        assert_eq!(Rc::VALUE.param(2).raw(), 0x2c4);
        assert_eq!(Rc::VALUE.handle(1).raw(), 0x184);
        assert_eq!(Rc::AUTH_FAIL.session(1).raw(), 0x98e);
        assert_eq!(Rc::VALUE.param(2).handle(1), Rc::VALUE.param(2), "the first number stays");
        assert_eq!(Rc::NV_LOCKED.handle(1), Rc::NV_LOCKED, "format zero takes no number");
        assert_eq!(Rc::OBJECT_MEMORY.param(1), Rc::OBJECT_MEMORY, "nor do warnings");
        assert_eq!(Rc::SCHEME.param(3).base(), Rc::SCHEME);
        assert_eq!(Rc::REFERENCE_H0.plus(1).raw(), 0x911);
    }
}
