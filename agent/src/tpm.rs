//! The TPM as the device sees it: typed commands and typed replies, no bytes on a bus. Each command is one thing that a
//! component of Windows asks for; an adapter of the program turns it into the TPM 2.0 commands it takes, for the software
//! TPM, a TCP simulator or a real chip, and tells which those were ([`TpmExecuted::ran`]).
//!
//! Structures that go on to the cloud (public areas, attestation data, signatures) stay as the TPM marshalled them
//! ([`Blob`]): whoever verifies them must see the bytes that were signed. Private keys never show: a key is its container's
//! name ([`KeyName`]), as with the platform crypto provider.

mod blob;

use oobe_wire::attestation::PcrHash;
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::secret::Secret;
use serde::{Deserialize, Serialize};

pub use blob::Blob;

use crate::keys::{KeyName, SignatureForm};
use crate::time::Span;

/// One thing asked of the TPM. All hashing is SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum TpmCommand {
    /// Who are you and how are you (TPM2_GetCapability).
    GetProperties,
    /// The endorsement key and its certificate, from NV at the index that the TCG EK credential profile gives to the kind.
    ReadEkCertificate {
        /// Which of the endorsement keys.
        endorsement: KeyKind,
    },
    /// Make an attestation key: restricted, signing. One of that name is replaced.
    CreateAik {
        /// Container.
        aik: KeyName,
        /// Kind.
        kind: KeyKind,
    },
    /// Open what MakeCredential closed for this endorsement key and this attestation key (TPM2_ActivateCredential, the
    /// endorsement key under its policy).
    ActivateCredential {
        /// The attestation key that the credential names.
        aik: KeyName,
        /// The endorsement key it was made for.
        endorsement: KeyKind,
        /// TPM2B_ID_OBJECT.
        credential_blob: Blob,
        /// TPM2B_ENCRYPTED_SECRET.
        encrypted_secret: Blob,
    },
    /// Sign the platform's state (TPM2_Quote).
    Quote {
        /// With this attestation key.
        aik: KeyName,
        /// The qualifying data.
        nonce: Blob,
        /// Bank.
        bank: PcrHash,
        /// Registers, ascending.
        pcrs: Vec<u8>,
    },
    /// The measured-boot log of this boot, as the firmware wrote it (TCG PC Client, crypto agile).
    ReadEventLog,
    /// Make a key that never leaves this TPM, not restricted. One of that name is replaced.
    CreateKey {
        /// Container.
        key: KeyName,
        /// Kind.
        kind: KeyKind,
        /// What for.
        purpose: KeyPurpose,
    },
    /// Attest that a key is in this TPM (TPM2_Certify).
    Certify {
        /// The key.
        key: KeyName,
        /// Signs the statement.
        aik: KeyName,
        /// The qualifying data.
        nonce: Blob,
    },
    /// Tell the public part of a key.
    Public {
        /// The key.
        key: KeyName,
    },
    /// Sign a message with a key (hash, then TPM2_Sign: RSASSA or ECDSA).
    Sign {
        /// The key.
        key: KeyName,
        /// The message itself, not its hash.
        #[serde(skip)]
        message: Vec<u8>,
        /// How an ECDSA signature is written.
        form: SignatureForm,
    },
    /// Decrypt one block (TPM2_RSA_Decrypt, OAEP with SHA-1: what the transport key is wrapped with; reference:
    /// protocols, A.4).
    Decrypt {
        /// The key.
        key: KeyName,
        /// The block.
        ciphertext: Blob,
    },
    /// Agree on a secret (TPM2_ECDH_ZGen): the transport key of the P-256 dialect (MOD-002).
    Ecdh {
        /// The key.
        key: KeyName,
        /// The sender's one-time public key.
        #[serde(with = "crate::keys::public_key_der")]
        ephemeral: PublicKey,
    },
    /// Forget a key.
    Delete {
        /// The key.
        key: KeyName,
    },
}

/// What a key is made for: one of the two, or both when it is not restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPurpose {
    /// Signing: device key.
    Sign,
    /// Decrypting or agreeing: transport key.
    Unwrap,
    /// Both: the management key signs, and unwraps the keys of apps that are sent to the holder of its certificate.
    SignAndUnwrap,
}

/// The value of one register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcrValue {
    /// Number.
    pub index: u8,
    /// Value.
    pub digest: Blob,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum TpmReply {
    /// Answer to [`TpmCommand::GetProperties`].
    Properties(TpmProperties),
    /// Answer to [`TpmCommand::ReadEkCertificate`].
    EkCertificate {
        /// DER; `None` when NV holds none (most firmware TPMs): the vendor has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Blob>,
        /// Certificates between it and the vendor's root, where NV holds some (from 0x01C00100), DER.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<Blob>,
        /// The endorsement key, as certificates carry it: its vendor's endpoint is asked by it.
        #[serde(with = "crate::keys::public_key_der")]
        key: PublicKey,
        /// TPMT_PUBLIC of the endorsement key.
        public_area: Blob,
    },
    /// Answer to [`TpmCommand::CreateAik`].
    Aik {
        /// The attestation key, as certificates carry it.
        #[serde(with = "crate::keys::public_key_der")]
        key: PublicKey,
        /// TPMT_PUBLIC.
        public_area: Blob,
    },
    /// Answer to [`TpmCommand::ActivateCredential`].
    Activated {
        /// What the credential held: kept out of every log.
        #[serde(skip)]
        secret: Secret<Vec<u8>>,
    },
    /// Answer to [`TpmCommand::Quote`].
    Quote {
        /// TPMS_ATTEST.
        attested: Blob,
        /// TPMT_SIGNATURE.
        signature: Blob,
        /// The values that were quoted.
        pcrs: Vec<PcrValue>,
    },
    /// Answer to [`TpmCommand::ReadEventLog`].
    EventLog {
        /// The log.
        log: Blob,
    },
    /// Answer to [`TpmCommand::CreateKey`] and [`TpmCommand::Public`].
    Key {
        /// The public key, as certificates carry it.
        #[serde(with = "crate::keys::public_key_der")]
        key: PublicKey,
        /// TPMT_PUBLIC.
        public_area: Blob,
    },
    /// Answer to [`TpmCommand::Certify`].
    Certified {
        /// TPMS_ATTEST.
        attested: Blob,
        /// TPMT_SIGNATURE.
        signature: Blob,
    },
    /// Answer to [`TpmCommand::Sign`]: in the form that was asked for.
    Signature {
        /// Bytes.
        bytes: Blob,
    },
    /// Answer to [`TpmCommand::Decrypt`] and [`TpmCommand::Ecdh`] (there the X coordinate): kept out of every log.
    Plain {
        /// Bytes.
        #[serde(skip)]
        bytes: Secret<Vec<u8>>,
    },
    /// Answer to [`TpmCommand::Delete`].
    Done,
}

/// What provisioning looks at of a TPM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TpmProperties {
    /// Specification family, `2.0` or `1.2`.
    pub family: String,
    /// Four-letter vendor id, e.g. `INTC`.
    pub manufacturer: String,
    /// Firmware version as the vendor prints it.
    pub firmware: String,
    /// Whether it is a hypervisor's (Hyper-V: vendor `MSFT`): its endorsement key is certified by nobody that the service
    /// trusts (SDM-004).
    #[serde(default, skip_serializing_if = "is_false", rename = "virtual")]
    pub is_virtual: bool,
    /// Whether dictionary-attack protection has locked it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub locked_out: bool,
    /// Whether Windows can use it only in part (`tpm.msc`: ready for use, with reduced functionality): no keys are made
    /// in it and it does not attest (SDM-025).
    #[serde(default, skip_serializing_if = "is_false")]
    pub reduced: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape that serde asks for
const fn is_false(value: &bool) -> bool {
    !*value
}

impl TpmProperties {
    /// Whether Windows makes its keys in it.
    pub fn holds_keys(&self) -> bool {
        self.family == "2.0" && !self.reduced
    }
}

/// Why the TPM gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", content = "detail", rename_all = "kebab-case")]
pub enum TpmError {
    /// There is no TPM, or it is switched off.
    #[error("this device has no TPM")]
    Absent,
    /// It is one of the older family, which knows no such command.
    #[error("the TPM is a TPM 1.2")]
    Tpm12,
    /// It is at work (self test, making primary keys: SDM-026) and will be for about that long.
    #[error("the TPM is busy for {0}")]
    Busy(Span),
    /// It refused: a TPM_RC.
    #[error("the TPM answered with response code 0x{0:08X}")]
    Code(u32),
    /// Nothing, or nothing sensible, came back over its bus or socket.
    #[error("the TPM does not answer")]
    Transport,
}

/// One TPM 2.0 command that an adapter sent, for the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TpmExchange {
    /// Name, e.g. `TPM2_Quote`.
    pub command: String,
    /// Response code; 0 is success.
    pub code: u32,
}

/// What an adapter gives back for one [`TpmCommand`]. Of this the device sees the result alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TpmExecuted {
    /// Answer or refusal.
    pub result: Result<TpmReply, TpmError>,
    /// What was sent to the TPM for it, in order.
    pub ran: Vec<TpmExchange>,
    /// How long it took, in virtual time.
    pub took: Span,
}

impl From<Result<TpmReply, TpmError>> for TpmExecuted {
    /// An answer at once that took no command.
    fn from(result: Result<TpmReply, TpmError>) -> Self {
        Self { result, ran: Vec::new(), took: Span::ZERO }
    }
}
