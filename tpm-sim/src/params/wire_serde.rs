//! Serialises types of tpm2-protocol as their wire bytes: `#[serde(with = "crate::params::wire_serde")]`.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
use tpm2_protocol::{TpmMarshal, TpmSized, TpmUnmarshal};

/// Writes the value's wire bytes.
pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: TpmMarshal + TpmSized,
    S: Serializer,
{
    serializer.serialize_bytes(&super::marshal(value))
}

/// Reads a value back; refuses what the type refuses, and trailing bytes.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TpmUnmarshal,
    D: Deserializer<'de>,
{
    let bytes = Vec::<u8>::deserialize(deserializer)?;
    match T::unmarshal(&bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(D::Error::custom("bytes left over behind a wire value")),
        Err(error) => Err(D::Error::custom(format!("not a wire value: {error:?}"))),
    }
}
