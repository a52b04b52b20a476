//! What the management extension downloads: encrypted app content, packed policy lists, sealed content keys
//! (reference: protocols, F).

mod blob;
mod frame;
mod sealed;

pub use blob::{BlobError, Keys, decrypt, encrypt};
pub use frame::{FrameError, MAX_UNPACKED, pack, unpack};
pub use sealed::{SealError, Sealed, seal_for};
