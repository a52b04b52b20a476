//! Platform configuration registers.

use super::Bench;
use super::bench::hex;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_pcrread sha256:0,17,23 -o start.bin")?;
    let start = bench.file("start.bin")?;
    bench.same("PCR 0, 17 and 23 at the start", &start, &[[0; 32], [0xff; 32], [0; 32]].concat())?;

    // extend: digest of the old value and the new.
    let mut expected = vec![0; 32];
    for value in [1u8, 2, 3] {
        let digest = [value; 32];
        bench.ok(&format!("tpm2_pcrextend 16:sha256={}", hex(&digest)))?;
        expected = bench.sha256_of(&[&expected, &digest[..]].concat())?;
        is(bench, "sha256", 16, &expected)?;
    }
    // Two banks in one command, others untouched.
    let (short, long) = ([4u8; 20], [5u8; 48]);
    bench.ok(&format!("tpm2_pcrextend 16:sha1={},sha384={}", hex(&short), hex(&long)))?;
    is(bench, "sha256", 16, &expected)?;
    let sha1 = bench.digest("sha1", &[&[0; 20], &short[..]].concat())?;
    is(bench, "sha1", 16, &sha1)?;
    let sha384 = bench.digest("sha384", &[&[0; 48], &long[..]].concat())?;
    is(bench, "sha384", 16, &sha384)?;

    // An event is hashed by the TPM, in every bank.
    bench.write("event", "something happened")?;
    let printed = bench.ok("tpm2_pcrevent 16 event")?;
    for (bank, before) in [("sha1", sha1), ("sha256", expected), ("sha384", sha384)] {
        let digest = bench.digest(bank, b"something happened")?;
        bench.check("the event's digest", printed.contains(&hex(&digest)))?;
        let after = bench.digest(bank, &[before, digest].concat())?;
        is(bench, bank, 16, &after)?;
    }
    // More than one command holds: an event sequence.
    bench.write("long-event", vec![b'x'; 5000])?;
    let printed = bench.ok("tpm2_pcrevent long-event")?;
    let digest = bench.digest("sha256", &[b'x'; 5000])?;
    bench.check("a long event's digest", printed.contains(&hex(&digest)))?;

    bench.ok("tpm2_pcrreset 16")?;
    is(bench, "sha256", 16, &[0; 32])?;
    is(bench, "sha384", 16, &[0; 48])?;
    bench.refused("tpm2_pcrreset 0", 0x907)?;
    bench.refused(
        "tpm2_pcrextend 18:sha256=0101010101010101010101010101010101010101010101010101010101010101",
        0x907,
    )
}

fn is(bench: &mut Bench, bank: &str, pcr: u32, expected: &[u8]) -> Result<(), String> {
    bench.ok(&format!("tpm2_pcrread {bank}:{pcr} -o value.bin"))?;
    let value = bench.file("value.bin")?;
    bench.same(&format!("PCR {pcr} of {bank}"), &value, expected)
}
