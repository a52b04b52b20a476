//! Implementation limits (part 2, annex "Implementation values"): those of the reference implementation, which resource
//! managers and suites rely on.

/// Transient objects that can be loaded at a time (MAX_LOADED_OBJECTS).
pub const MAX_LOADED_OBJECTS: usize = 3;
/// Sessions that can be loaded at a time (MAX_LOADED_SESSIONS).
pub const MAX_LOADED_SESSIONS: usize = 3;
/// Sessions that can be active, loaded or saved (MAX_ACTIVE_SESSIONS).
pub const MAX_ACTIVE_SESSIONS: usize = 64;
/// Persistent objects that certainly fit (MIN_EVICT_OBJECTS) and that ever fit.
pub const MAX_PERSISTENT_OBJECTS: usize = 64;
/// Sessions of one command (MAX_SESSION_NUM).
pub const MAX_SESSION_NUM: usize = 3;
/// Handles of one command (MAX_HANDLE_NUM).
pub const MAX_HANDLE_NUM: usize = 3;
/// Largest command and response in bytes (MAX_COMMAND_SIZE, MAX_RESPONSE_SIZE).
pub const MAX_COMMAND_SIZE: usize = 4096;
/// Largest gap between the oldest saved session context and the newest (TPM_PT_CONTEXT_GAP_MAX).
pub const CONTEXT_GAP_MAX: u64 = 0xffff;
/// Most bytes of a TPM2B_MAX_BUFFER.
pub const MAX_DIGEST_BUFFER: usize = 1024;
/// Most bytes that one command reads from NV or writes to it (MAX_NV_BUFFER_SIZE, TPM_PT_NV_BUFFER_MAX).
pub const MAX_NV_BUFFER_SIZE: usize = 1024;
/// Size of hierarchy seeds and proofs in bytes.
pub const SEED_SIZE: usize = 64;
/// Hash of tickets, contexts and command audit (TPM_PT_CONTEXT_HASH).
pub const CONTEXT_HASH: crate::crypto::HashAlg = crate::crypto::HashAlg::Sha512;
/// Key size of the AES that encrypts contexts, in bits (TPM_PT_CONTEXT_SYM_SIZE).
pub const CONTEXT_SYM_BITS: u16 = 256;
