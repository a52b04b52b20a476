//! What the device says of itself when it enrols (reference: protocols, B.5).

use oobe_wire::crypto::sha256;
use oobe_wire::encoding::{hex_lower, hex_upper};
use oobe_wire::soap;

use super::Right;
use crate::cx::Cx;
use crate::io::HttpRequest;

/// `DeviceType`.
pub(super) const DEVICE_TYPE: &str = "CIMClient_Windows";

/// A SOAP request as the enrolment client sends it.
pub(super) fn soap(url: &str, body: String) -> HttpRequest {
    HttpRequest::post(url, soap::CONTENT_TYPE, body).header("user-agent", soap::USER_AGENT)
}

/// The context items, in the order in which Windows writes them.
pub(super) fn context(
    cx: &Cx<'_>,
    right: &Right,
    mdm_device_id: &str,
    device_name: &str,
) -> Vec<(String, String)> {
    let version = format!("10.0.{}", cx.setup.image.build);
    let mut items: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| items.push((name.to_owned(), value));
    add("UXInitiated", "true".into());
    add("HWDevID", hardware_id(cx));
    add("Locale", cx.setup.image.language.clone());
    add("TargetedUserLoggedIn", (!matches!(right, Right::Device { .. })).to_string());
    add("OSEdition", cx.setup.image.edition_sku.to_string());
    add("DeviceName", device_name.to_owned());
    for nic in &cx.setup.hardware.record.nics {
        add(
            "MAC",
            hex_upper(&nic.mac)
                .as_bytes()
                .chunks(2)
                .map(String::from_utf8_lossy)
                .collect::<Vec<_>>()
                .join("-"),
        );
    }
    add("DeviceID", mdm_device_id.to_owned());
    let entra = matches!(right, Right::Entra { .. } | Right::Device { .. });
    add("EnrollmentType", if entra { "Device" } else { "Full" }.into());
    add("DeviceType", DEVICE_TYPE.into());
    add("OSVersion", version.clone());
    add("ApplicationVersion", version);
    add("NotInOobe", "false".into());
    if let Right::Entra { registration: Some(id), .. } | Right::Device { registration: Some(id), .. } = right
    {
        add("ZeroTouchProvisioning", id.to_string());
    }
    if let Right::Device { technician, .. } = right {
        add(if *technician { "WhiteGlove" } else { "PlugandForget" }, "true".into());
    }
    items
}

/// `HWDevID`: 64 hex digits that stay the same for the same board. What Windows hashes is not public; ours is the
/// board's UUID and serial.
fn hardware_id(cx: &Cx<'_>) -> String {
    let record = &cx.setup.hardware.record;
    hex_lower(&sha256(
        &[record.smbios_uuid.to_bytes().as_slice(), record.smbios.system_serial_number.as_bytes()].concat(),
    ))
}
