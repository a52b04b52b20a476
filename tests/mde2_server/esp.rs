//! What the server wants in each session: the status page, held and released in the order of D.1.

use super::devices::Device;
use super::plan::{PROVIDER, Plan, Release};
use super::syncml::Command;

/// A node that no device has.
pub(crate) const NOWHERE: &str = "./DevDetail/Ext/Microsoft/NoSuchNode";

/// The policy that is set in every session of the hold.
pub(crate) const POLICY: &str =
    "./Device/Vendor/MSFT/Policy/Config/CredentialProviders/DisableAutomaticReDeploymentCredentials";

/// `FirstSyncStatus` of a scope, `Device` or `User`, with what is below.
pub(crate) fn first_sync(scope: &str, node: &str) -> String {
    format!("{}/FirstSyncStatus/{node}", provider(scope))
}

/// The MDM provider's node of a scope.
pub(crate) fn provider(scope: &str) -> String {
    format!("./{scope}/Vendor/MSFT/DMClient/Provider/{PROVIDER}")
}

/// The policy provider that holds device preparation.
pub(crate) fn preparation() -> String {
    format!("./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/{PROVIDER}")
}

/// The user-scope release.
pub(crate) fn user_release() -> String {
    first_sync("User", "ServerHasFinishedProvisioning")
}

/// The device-scope release.
pub(crate) fn device_release() -> String {
    first_sync("Device", "ServerHasFinishedProvisioning")
}

/// Commands for the first message of a session.
pub(crate) fn commands(plan: &Plan, device: &mut Device) -> Vec<Command> {
    if device.user_released || device.given_up {
        return Vec::new();
    }
    let mut commands = user_nodes();
    if device.session <= plan.hold_sessions {
        commands.extend(hold(plan));
        return commands;
    }
    let now = !device.released;
    if now {
        commands.push(Command::add_node(preparation()));
        commands.push(Command::replace(format!("{}/InstallationState", preparation()), "int", "3"));
        commands.push(Command::replace(device_release(), "bool", "true"));
    }
    let early = match plan.release {
        Release::Behaves => false,
        Release::TooEarly { retries } => {
            device.given_up = !retries;
            true
        }
    };
    if early || device.login == "user" {
        commands.push(Command::replace(user_release(), "bool", "true").fine(&[200, 405]));
    }
    commands
}

/// Questions of the first session, asked in its second message.
pub(crate) fn questions() -> Vec<Command> {
    let nodes = ["SwV", "DevTyp", "Ext/Microsoft/DeviceName", "Ext/Microsoft/SMBIOSSerialNumber"];
    let mut commands: Vec<Command> =
        nodes.iter().map(|node| Command::get(format!("./DevDetail/{node}"))).collect();
    commands.push(Command::get("./DevDetail/Ext"));
    commands.push(Command::get(NOWHERE).fine(&[404]));
    commands
}

/// The user's provider node has to be there before anything below it can be written (WIR-002); before a user context
/// exists the Adds fail.
fn user_nodes() -> Vec<Command> {
    let nodes = [provider("User"), format!("{}/FirstSyncStatus", provider("User"))];
    nodes.map(|uri| Command::add_node(uri).fine(&[200, 418, 405, 500])).into()
}

fn hold(plan: &Plan) -> Vec<Command> {
    let values = [
        ("SkipDeviceStatusPage", "bool", "false".to_owned()),
        ("SkipUserStatusPage", "bool", "false".to_owned()),
        ("BlockInStatusPage", "int", plan.mask.to_string()),
        ("AllowCollectLogsButton", "bool", "true".to_owned()),
        ("CustomErrorText", "chr", plan.error_text.clone()),
        ("TimeOutUntilSyncFailure", "int", plan.limit_minutes.to_string()),
    ];
    let mut commands: Vec<Command> = values
        .into_iter()
        .map(|(node, format, data)| Command::replace(first_sync("Device", node), format, data))
        .collect();
    commands.push(Command::add_node(preparation()));
    commands.push(Command::replace(format!("{}/InstallationState", preparation()), "int", "1"));
    commands.push(Command::replace(POLICY, "int", "0"));
    commands
}
