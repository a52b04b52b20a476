//! Makes a credential for a TPM's endorsement key, in the file format of tpm2-tools, so that `tpm2_activatecredential` can
//! be asked to open it: `cargo run -p oobe-wire --example credential -- EK_TPMT_PUBLIC NAME_IN_HEX SECRET_IN_HEX OUT`.
//! Randomness follows from a fixed seed. TEST ONLY.

use std::fs;

use oobe_wire::encoding::hex_decode;
use oobe_wire::rng::Stream;
use oobe_wire::tpm::{PublicArea, make_credential};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [area, name, secret, out] = arguments.as_slice() else {
        return Err("usage: credential EK_TPMT_PUBLIC NAME_IN_HEX SECRET_IN_HEX OUT".into());
    };
    let key = PublicArea::parse(&fs::read(area)?)?;
    let mut stream = Stream::new(1, &["credential", "TEST ONLY"]);
    let made = make_credential(&key, &hex_decode(name)?, &hex_decode(secret)?, &mut stream)?;
    // Magic number and version of tpm2-tools' files.
    let header = [0xbadc_c0de_u32.to_be_bytes(), 1_u32.to_be_bytes()].concat();
    Ok(fs::write(out, [header, made.blob, made.encrypted_secret].concat())?)
}
