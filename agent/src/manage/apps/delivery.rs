//! Where an app's content is and how it is encrypted (reference: protocols, F).

use oobe_wire::content::{Keys, Sealed};
use oobe_wire::encoding::base64_decode;
use oobe_wire::xml;
use serde_json::Value;

use super::sidecar;

/// Where the content is, and the sealed key to it.
pub(super) fn content_info(body: &[u8]) -> Result<(String, Sealed), String> {
    let text = sidecar::payload(body)?;
    let json: Value = serde_json::from_str(&text).map_err(|e| format!("the payload is not JSON: {e}"))?;
    let inner = json.get("ContentInfo").ok_or("no ContentInfo")?;
    let inner: Value = match inner {
        Value::String(text) => {
            serde_json::from_str(text).map_err(|e| format!("ContentInfo is not JSON: {e}"))?
        }
        other => other.clone(),
    };
    let location = inner.get("UploadLocation").and_then(Value::as_str).filter(|l| l.starts_with("http"));
    let location = location.ok_or("no UploadLocation")?.to_owned();
    let decrypt = json.get("DecryptInfo").and_then(Value::as_str).ok_or("no DecryptInfo")?;
    let root = xml::parse(decrypt.as_bytes()).map_err(|e| format!("DecryptInfo is not XML: {e}"))?;
    let encrypted = if root.name == "EncryptedContent" {
        Some(root.trimmed_text())
    } else {
        find(&root, "EncryptedContent").map(xml::Element::trimmed_text)
    };
    let sealed = base64_decode(&encrypted.ok_or("no EncryptedContent")?).map_err(|e| e.to_string())?;
    Ok((location, Sealed::parse(&sealed).map_err(|e| e.to_string())?))
}

fn find<'x, 'd>(element: &'x xml::Element<'d>, name: &str) -> Option<&'x xml::Element<'d>> {
    element.elements().find_map(|child| if child.name == name { Some(child) } else { find(child, name) })
}

/// `{EncryptionKey, MacKey, ...}`, base64 each; also as two keys side by side under `EncryptionKey` and `HmacKey`.
pub(super) fn content_keys(plain: &[u8]) -> Result<Keys, String> {
    let json: Value =
        serde_json::from_slice(plain).map_err(|e| format!("the content key is not JSON: {e}"))?;
    let key = |names: &[&str]| -> Result<[u8; 32], String> {
        let text = names.iter().find_map(|name| json.get(*name)).and_then(Value::as_str);
        let text = text.ok_or_else(|| format!("no {}", names[0]))?;
        let bytes = base64_decode(text).map_err(|e| e.to_string())?;
        bytes.try_into().map_err(|_| format!("{} has not 32 bytes", names[0]))
    };
    Ok(Keys {
        encryption: key(&["EncryptionKey", "encryptionKey"])?,
        mac: key(&["MacKey", "MACKey", "macKey", "HmacKey"])?,
    })
}
