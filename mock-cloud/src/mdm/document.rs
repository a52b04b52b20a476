//! The provisioning document (reference: protocols, B.6).

use oobe_wire::crypto::sha1;
use oobe_wire::encoding::{base64_encode, hex_upper};
use oobe_wire::ids::Guid;
use oobe_wire::wap::{Characteristic, Parm, ProvisioningDoc};
use oobe_wire::x509::Name;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::authority::Authority;
use crate::manage::{MANAGEMENT_URL, PROVIDER};

/// What is escaped in search criteria.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What goes into a document.
pub(super) struct Account<'a> {
    pub(super) certificate: &'a [u8],
    pub(super) subject: &'a Name,
    /// `System` or `User`.
    pub(super) store: &'a str,
    pub(super) upn: Option<&'a str>,
    pub(super) device_name: &'a str,
    pub(super) intune_id: Guid,
    /// Minutes between sessions by schedule.
    pub(super) poll_minutes: u32,
}

/// The document. Two certificates come before the device's own: one client reads the third (reference: protocols, G).
pub(super) fn document(authority: &Authority, account: &Account<'_>) -> ProvisioningDoc {
    let held = |store: &str, location: &str, der: &[u8]| {
        Characteristic::new(store).with_child(Characteristic::new(location).with_child(certificate(der)))
    };
    let renew = Characteristic::new("Renew")
        .with_parm(Parm::typed("ROBOSupport", "true", "boolean"))
        .with_parm(Parm::typed("RenewPeriod", "42", "integer"))
        .with_parm(Parm::typed("RetryInterval", "7", "integer"));
    let mine = Characteristic::new("My")
        .with_child(
            Characteristic::new(account.store)
                .with_child(certificate(account.certificate))
                .with_child(Characteristic::new("PrivateKeyContainer")),
        )
        .with_child(Characteristic::new("WSTEP").with_child(renew));
    let store = Characteristic::new("CertificateStore")
        .with_child(held("Root", "System", &authority.mdm_root.certificate))
        .with_child(held("CA", "System", &authority.mdm.certificate))
        .with_child(mine);
    ProvisioningDoc { characteristics: vec![store, application(account), dm_client(account)] }
}

fn certificate(der: &[u8]) -> Characteristic {
    Characteristic::new(hex_upper(&sha1(der))).with_parm(Parm::new("EncodedCertificate", base64_encode(der)))
}

/// The management account.
fn application(account: &Account<'_>) -> Characteristic {
    let subject = account.subject.to_string();
    let criteria =
        format!("Subject={}&Stores=My%5C{}", utf8_percent_encode(&subject, ESCAPED), account.store);
    Characteristic::new("APPLICATION")
        .with_parm(Parm::new("APPID", "w7"))
        .with_parm(Parm::new("PROVIDER-ID", PROVIDER))
        .with_parm(Parm::new("NAME", "Microsoft Intune"))
        .with_parm(Parm::new("ADDR", MANAGEMENT_URL))
        .with_parm(Parm::new("ROLE", "4294967295"))
        .with_parm(Parm::flag("BACKCOMPATRETRYDISABLED"))
        .with_parm(Parm::new("CONNRETRYFREQ", "6"))
        .with_parm(Parm::new("INITIALBACKOFFTIME", "30000"))
        .with_parm(Parm::new("MAXBACKOFFTIME", "120000"))
        .with_parm(Parm::new("DEFAULTENCODING", "application/vnd.syncml.dm+xml"))
        .with_parm(Parm::new("PROTOVER", "1.2"))
        .with_parm(Parm::new("SSLCLIENTCERTSEARCHCRITERIA", criteria))
}

/// DMClient, with the schedule of Intune (public: every 3 minutes for 15, every 15 for two hours, then every 8 hours).
fn dm_client(account: &Account<'_>) -> Characteristic {
    let number = |name: &str, value: u32| Parm::typed(name, value.to_string(), "integer");
    let flag = |name: &str| Parm::typed(name, "true", "boolean");
    let poll = Characteristic::new("Poll")
        .with_parm(number("NumberOfFirstRetries", 5))
        .with_parm(number("IntervalForFirstSetOfRetries", 3))
        .with_parm(number("NumberOfSecondRetries", 8))
        .with_parm(number("IntervalForSecondSetOfRetries", 15))
        .with_parm(number("NumberOfRemainingScheduledRetries", 0))
        .with_parm(number("IntervalForRemainingScheduledRetries", account.poll_minutes))
        .with_parm(flag("PollOnLogin"))
        .with_parm(flag("AllUsersPollOnFirstLogin"));
    let mut provider = Characteristic::new(PROVIDER);
    if let Some(upn) = account.upn {
        provider = provider.with_parm(Parm::typed("UPN", upn, "string"));
    }
    let provider = provider
        .with_parm(Parm::typed("EntDeviceName", account.device_name, "string"))
        .with_parm(Parm::typed("EntDMID", account.intune_id.to_string(), "string"))
        .with_parm(Parm::typed("RequireMessageSigning", "false", "boolean"))
        .with_child(poll);
    Characteristic::new("DMClient").with_child(Characteristic::new("Provider").with_child(provider))
}
