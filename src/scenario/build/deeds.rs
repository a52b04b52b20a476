//! What goes wrong and what is done in the middle of a run, as the cloud takes it and as the trace tells it.

use oobe_mock_cloud::{FaultKind, Matcher, ServiceFault, TokenTweak};

use crate::scenario::spec::{
    Action, AdminAction, FaultSpec, Members, NetworkFailure, NetworkFault, ServiceFailure, Step, TokenFlaw,
};

/// The fault of a service, when it is one.
pub fn service_fault(fault: &FaultSpec) -> Option<ServiceFault> {
    let service = fault.service.as_ref()?;
    let matcher = Matcher {
        host: service.host.clone(),
        path: service.path.clone(),
        operation: service.operation.clone(),
        nth: fault.nth.unwrap_or(1),
        // 0 stands for all.
        times: fault.times.unwrap_or(u32::from(fault.nth.is_some())),
    };
    let what = match &service.does {
        ServiceFailure::Status(status) => FaultKind::Status { status: *status },
        ServiceFailure::Body { text, content_type } => {
            FaultKind::Body { bytes: text.clone().into_bytes(), content_type: content_type.clone() }
        }
        ServiceFailure::Truncate => FaultKind::Truncate,
        ServiceFailure::Oversize => FaultKind::Oversize,
        ServiceFailure::WrongContentType => FaultKind::WrongContentType,
        ServiceFailure::SoapFault { error, reason, status } => {
            FaultKind::SoapFault { error: error.clone(), reason: reason.clone(), status: *status }
        }
        ServiceFailure::Silence => FaultKind::Silence,
        ServiceFailure::AnswerLost => FaultKind::AnswerLost,
        ServiceFailure::Token(flaw) => FaultKind::Token { tweak: tweak(*flaw) },
        ServiceFailure::CertificateForAnotherKey => FaultKind::CertificateForAnotherKey,
        ServiceFailure::ForeignChain => FaultKind::ForeignChain,
        ServiceFailure::Clock(skew) => FaultKind::ClockOff { ms: skew.ms },
    };
    Some(ServiceFault { matcher, what })
}

const fn tweak(flaw: TokenFlaw) -> TokenTweak {
    match flaw {
        TokenFlaw::WrongAudience => TokenTweak::WrongAudience,
        TokenFlaw::WrongIssuer => TokenTweak::WrongIssuer,
        TokenFlaw::WrongTenant => TokenTweak::WrongTenant,
        TokenFlaw::Expired => TokenTweak::Expired,
        TokenFlaw::NotYetValid => TokenTweak::NotYetValid,
        TokenFlaw::BadSignature => TokenTweak::BadSignature,
        TokenFlaw::OtherKey => TokenTweak::OtherKey,
    }
}

/// An action in words, for the trace. Passwords are not told.
pub fn describe(action: &Action) -> String {
    match action {
        Action::PowerCut { back: Some(back), .. } => format!("power goes and comes back after {back}"),
        Action::PowerCut { back: None, .. } => "power goes".to_owned(),
        Action::PowerOn { .. } => "someone presses the power button".to_owned(),
        Action::Restart { .. } => "someone restarts the device".to_owned(),
        Action::Wipe { .. } => "someone wipes the device".to_owned(),
        Action::Firmware { tpm, .. } => format!("someone updates the TPM's firmware to that of {}", tpm.0),
        Action::Clock { skew, .. } => format!("the device's clock is off by {skew} from now on"),
        Action::Link { to, .. } => format!("the network link is {} now", to.words()),
        Action::Person { who, does } => {
            let who = who.as_deref().unwrap_or("the person at the device");
            let steps: Vec<String> = does.iter().map(step).collect();
            format!("{who} {}", steps.join(", "))
        }
        Action::Network { fault, lasts } => {
            let lasts = lasts.map_or_else(String::new, |lasts| format!(" for {lasts}"));
            format!("{}{lasts}", network_fault(fault))
        }
        Action::Admin { does } => format!("the administrator {}", admin(does)),
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Press(button) => format!("presses {button}"),
        Step::Fill { field, .. } => format!("fills in {field}"),
        Step::Key(key) => format!("presses {key}"),
        Step::Command(line) => format!("types {line} at a command prompt"),
        Step::WindowsKey(1) => "presses the Windows key".to_owned(),
        Step::WindowsKey(n) => format!("presses the Windows key {n} times"),
        Step::Wait(time) => format!("waits {time}"),
        Step::Nothing => "does nothing".to_owned(),
    }
}

/// A network fault in words.
pub fn network_fault(fault: &NetworkFault) -> String {
    let host = fault.host.as_ref().map_or("every host", |host| host.0.as_str());
    match fault.fails {
        NetworkFailure::Refused => format!("{host} refuses connections"),
        NetworkFailure::Reset => format!("{host} hangs up"),
        NetworkFailure::Timeout => format!("{host} does not answer"),
        NetworkFailure::Dns => format!("{host} does not resolve"),
        NetworkFailure::TlsDate => format!("the certificate of {host} is outside its validity"),
        NetworkFailure::TlsUntrusted => format!("the certificate of {host} is not trusted"),
        NetworkFailure::TlsName => format!("the certificate of {host} is for another name"),
        NetworkFailure::TlsClientCertificate => format!("{host} refuses the client certificate"),
        NetworkFailure::TlsHandshake => format!("TLS with {host} fails"),
        NetworkFailure::Proxy => format!("a proxy refuses {host}"),
        NetworkFailure::Slow => {
            let delay = fault.delay.unwrap_or_default();
            format!("{host} takes {delay} longer to answer")
        }
        NetworkFailure::Garbage => format!("noise comes from {host}"),
        NetworkFailure::Truncated => format!("answers of {host} break off"),
        NetworkFailure::Oversized => format!("answers of {host} are too large"),
    }
}

fn admin(action: &AdminAction) -> String {
    match action {
        AdminAction::AssignProfile { device, profile } => {
            format!("assigns the profile {profile} to {device}")
        }
        AdminAction::UnassignProfile { device } => format!("takes the profile of {device} away"),
        AdminAction::Deregister { device } => format!("deletes the Autopilot registration of {device}"),
        AdminAction::Register { device } => format!("registers {device} with a new hardware hash"),
        AdminAction::DeleteEntraDevice { device } => format!("deletes the Entra device of {device}"),
        AdminAction::DeleteManagedDevice { device } => format!("deletes the managed device {device}"),
        AdminAction::BlockDevice { device } => format!("blocks {device} from being enrolled again"),
        AdminAction::UnblockDevice { device } => format!("lets {device} be enrolled again"),
        AdminAction::WipeDevice { device } => format!("wipes {device} from the cloud"),
        AdminAction::RestartDevice { device } => format!("restarts {device} from the cloud"),
        AdminAction::SyncDevice { device } => format!("asks {device} to check in"),
        AdminAction::EnableDevice { device, enabled: true } => {
            format!("enables the Entra device of {device}")
        }
        AdminAction::EnableDevice { device, enabled: false } => {
            format!("disables the Entra device of {device}")
        }
        AdminAction::AssignUser { device, user: Some(user) } => format!("assigns {user} to {device}"),
        AdminAction::AssignUser { device, user: None } => format!("takes the assigned user of {device} away"),
        AdminAction::LicenseUser { user, licensed: true } => format!("gives {user} a licence"),
        AdminAction::LicenseUser { user, licensed: false } => format!("takes the licence of {user} away"),
        AdminAction::SetMdmScope { tenant, users } => {
            let whose = match users {
                Members::All => "everybody's devices",
                Members::Selected => "the devices of selected users",
                Members::None => "nobody's devices",
            };
            format!("has {tenant} enrol {whose}")
        }
        AdminAction::AssignApp { tenant, app } => format!("assigns the app {app} in {tenant}"),
        AdminAction::SetPassword { user, .. } => format!("sets a new password for {user}"),
        AdminAction::EnableUser { user, enabled: true } => format!("allows {user} to sign in"),
        AdminAction::EnableUser { user, enabled: false } => format!("blocks the sign-in of {user}"),
    }
}
