//! Bytes as base64 in JSON.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::encoding::{base64_decode, base64_encode};

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&base64_encode(bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    base64_decode(&text).map_err(D::Error::custom)
}

/// Bytes that may be absent.
pub(super) mod optional {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::encoding::{base64_decode, base64_encode};

    // The shape that serde asks for.
    #[allow(clippy::ref_option)]
    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&base64_encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| base64_decode(&text).map_err(D::Error::custom)).transpose()
    }
}

/// A list of them.
pub(super) mod list {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::encoding::{base64_decode, base64_encode};

    pub(in super::super) fn serialize<S: Serializer>(
        list: &[Vec<u8>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|bytes| base64_encode(bytes)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| base64_decode(text).map_err(D::Error::custom)).collect()
    }
}
