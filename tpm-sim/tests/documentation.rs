//! What the documents say of the TPM is what it does. `OOBE_UPDATE=1 cargo test -p tpm-sim --test documentation` writes the
//! generated part anew.

use std::fmt::Write as _;
use std::path::Path;

use tpm_sim::command::{COMMANDS, Role, find};
use tpm2_protocol::data::TpmCc;

/// Commands that are part of the specification and not of this TPM, and why.
const ABSENT: &[(&str, &str)] = &[
    ("FieldUpgradeStart", "firmware does not change; a vendor profile says which there is"),
    ("FieldUpgradeData", "firmware does not change"),
    ("FirmwareRead", "there is no firmware to read"),
    ("PolicyAcSendSelect", "there are no attached components"),
    ("AcGetCapability", "there are no attached components"),
    ("AcSend", "there are no attached components"),
    ("ActSetTimeout", "there are no authenticated countdown timers"),
    ("EccEncrypt", "no tool that was tried asks for it"),
    ("EccDecrypt", "no tool that was tried asks for it"),
    ("PolicyCapability", "newer than revision 1.59"),
    ("PolicyParameters", "newer than revision 1.59"),
    ("NvDefineSpace2", "newer than revision 1.59"),
    ("NvReadPublic2", "newer than revision 1.59"),
    ("SetCapability", "newer than revision 1.59"),
    ("ReadOnlyControl", "newer than revision 1.59"),
    ("PolicyTransportSpdm", "newer than revision 1.59"),
];

/// Command codes of the specification with their names.
fn specified() -> impl Iterator<Item = (u32, String)> {
    (0x11f..0x1ff).filter_map(|code| Some((code, format!("{:?}", TpmCc::try_from(code).ok()?))))
}

/// A command's name as part 3 has it, from that of tpm2-protocol: abbreviations in capitals, and at the front with a line behind
/// them.
fn official(name: &str) -> String {
    let name = match name {
        "ChangeEps" => "ChangeEPS".to_owned(),
        "ChangePps" => "ChangePPS".to_owned(),
        "Hmac" => "HMAC".to_owned(),
        "PolicyAcSendSelect" => "Policy_AC_SendSelect".to_owned(),
        "PolicyAuthorizeNv" => "PolicyAuthorizeNV".to_owned(),
        "PolicyNv" => "PolicyNV".to_owned(),
        "PolicyOr" => "PolicyOR".to_owned(),
        "PolicyPcr" => "PolicyPCR".to_owned(),
        "PolicyTransportSpdm" => "PolicyTransportSPDM".to_owned(),
        "ZGen2Phase" => "ZGen_2Phase".to_owned(),
        _ => {
            let short = ["Act", "Ac", "Ecc", "Ecdh", "Ec", "Hmac", "Nv", "Pcr", "Pp", "Rsa"];
            let split = short.iter().find_map(|short| {
                let rest = name.strip_prefix(short)?;
                rest.starts_with(char::is_uppercase).then(|| format!("{}_{rest}", short.to_uppercase()))
            });
            split.unwrap_or_else(|| name.to_owned())
        }
    };
    format!("TPM2_{name}")
}

fn table() -> String {
    let mut text = String::from(
        "# Commands\n\n<!-- Generated from the command table: OOBE_UPDATE=1 cargo test -p tpm-sim --test documentation -->\n\n\
         ## What is implemented\n\n| code | command | handles that need authorisation |\n| --- | --- | --- |\n",
    );
    for command in COMMANDS {
        let name = TpmCc::try_from(command.code)
            .map_or_else(|_| by_handler(command.code).to_owned(), |cc| format!("{cc:?}"));
        let roles: Vec<&str> = command
            .handles
            .iter()
            .filter_map(|(_, role)| match role {
                Role::None => None,
                Role::User => Some("USER"),
                Role::Admin => Some("ADMIN"),
                Role::Dup => Some("DUP"),
            })
            .collect();
        let roles = if roles.is_empty() { "-".to_owned() } else { roles.join(", ") };
        writeln!(text, "| 0x{:03X} | {} | {roles} |", command.code, official(&name))
            .expect("a string takes any text");
    }
    text.push_str(
        "\n## What is not\n\nEach answers TPM_RC_COMMAND_CODE, and is not among the listed capabilities.\n\n",
    );
    text.push_str("| code | command | why |\n| --- | --- | --- |\n");
    for (code, name) in specified().filter(|(code, _)| find(*code).is_none()) {
        let why = ABSENT.iter().find(|(absent, _)| *absent == name).map(|(_, why)| *why);
        let why = why.unwrap_or_else(|| panic!("{name} is neither implemented nor is said why not"));
        writeln!(text, "| 0x{code:03X} | {} | {why} |", official(&name)).expect("a string takes any text");
    }
    text
}

/// Names of what tpm2-protocol has no code for.
fn by_handler(code: u32) -> &'static str {
    match code {
        0x197 => "CertifyX509",
        _ => panic!("{code:#x} has no name"),
    }
}

#[test]
fn the_table_of_commands_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    if std::env::var_os("OOBE_UPDATE").is_some() {
        std::fs::write(&path, table()).expect("the documents can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, table(), "run OOBE_UPDATE=1 cargo test -p tpm-sim --test documentation");
}

#[test]
fn names_are_those_of_the_specification() {
    for (name, expected) in [
        ("NvDefineSpace", "TPM2_NV_DefineSpace"),
        ("PcrExtend", "TPM2_PCR_Extend"),
        ("EcdhZGen", "TPM2_ECDH_ZGen"),
        ("EccParameters", "TPM2_ECC_Parameters"),
        ("EcEphemeral", "TPM2_EC_Ephemeral"),
        ("HmacStart", "TPM2_HMAC_Start"),
        ("Hmac", "TPM2_HMAC"),
        ("PpCommands", "TPM2_PP_Commands"),
        ("ActivateCredential", "TPM2_ActivateCredential"),
        ("PolicyNvWritten", "TPM2_PolicyNvWritten"),
    ] {
        assert_eq!(official(name), expected);
    }
}

#[test]
fn what_is_said_to_be_absent_is_absent() {
    for (name, _) in ABSENT {
        let known = specified().find(|(_, known)| known == name);
        assert!(known.is_none_or(|(code, _)| find(code).is_none()), "{name} is implemented");
    }
}
