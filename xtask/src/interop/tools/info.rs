//! What a TPM says of itself, and its random numbers.

use super::Bench;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    let fixed = bench.ok("tpm2_getcap properties-fixed")?;
    bench.check("family 2.0", fixed.contains("value: \"2.0\""))?;
    bench.check("24 PCRs", fixed.contains("TPM2_PT_PCR_COUNT:\n  raw: 0x18"))?;
    if bench.ours {
        bench.check("revision 1.59", fixed.contains("TPM2_PT_REVISION:\n  raw: 0x9F"))?;
    }
    let variable = bench.ok("tpm2_getcap properties-variable")?;
    for word in
        ["ownerAuthSet:              0", "inLockout:                 0", "phEnable:                  1"]
    {
        bench.check(word, variable.contains(word))?;
    }
    let algorithms = bench.ok("tpm2_getcap algorithms")?;
    for name in ["rsa:", "sha1:", "sha256:", "sha384:", "hmac:", "aes:", "ecdsa:", "oaep:", "rsapss:", "cfb:"]
    {
        bench.check(name, algorithms.contains(name))?;
    }
    let commands = bench.ok("tpm2_getcap commands")?;
    for name in ["TPM2_CC_CreatePrimary:", "TPM2_CC_ActivateCredential:", "TPM2_CC_PolicyAuthorizeNV:"] {
        bench.check(name, commands.contains(name))?;
    }
    let curves = bench.ok("tpm2_getcap ecc-curves")?;
    bench.check("P-256", curves.contains("TPM2_ECC_NIST_P256: 0x3"))?;
    bench.check("P-384", curves.contains("TPM2_ECC_NIST_P384: 0x4"))?;
    let banks = bench.ok("tpm2_getcap pcrs")?;
    for bank in ["sha1: [ 0,", "sha256: [ 0,", "sha384: [ 0,"] {
        bench.check(bank, banks.contains(bank))?;
    }

    bench.ok("tpm2_getrandom -o one.bin 32")?;
    bench.ok("tpm2_getrandom -o two.bin 32")?;
    let (one, two) = (bench.file("one.bin")?, bench.file("two.bin")?);
    bench.check("32 random bytes", one.len() == 32 && two.len() == 32)?;
    bench.check("twice others", one != two && one != [0; 32])?;
    bench.write("entropy", "stirred")?;
    bench.ok("tpm2_stirrandom entropy")?;

    bench.ok("tpm2_selftest --fulltest")?;
    let result = bench.ok("tpm2_gettestresult")?;
    bench.check("self-test passed", result.contains("status:   success"))?;
    let clock = bench.ok("tpm2_readclock")?;
    bench.check("clock", clock.contains("reset_count:"))?;
    bench.ok("tpm2_testparms ecc256:ecdsa-sha256")?;
    bench.ok("tpm2_testparms rsa2048:rsapss-sha256:null")?;
    bench.fails("tpm2_testparms rsa1025")?;
    Ok(())
}
