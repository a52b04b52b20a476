//! Owners, their passwords, clearing, and the protection against guessing.

use super::Bench;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    passwords(bench)?;
    dictionary_attack(bench)?;
    clear(bench)
}

fn passwords(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_changeauth -c o owner")?;
    let variable = bench.ok("tpm2_getcap properties-variable")?;
    bench.check("ownerAuthSet", variable.contains("ownerAuthSet:              1"))?;
    bench.refused("tpm2_createprimary -C o -G ecc -c never.ctx", 0x9a2)?;
    bench.ok("tpm2_createprimary -C o -P owner -G ecc -c p.ctx")?;
    bench.refused("tpm2_changeauth -c o -p wrong new", 0x9a2)?;
    bench.ok("tpm2_changeauth -c o -p owner")?;
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;

    bench.write("message", "signed with a new password")?;
    bench.ok("tpm2_create -C p.ctx -G ecc -p old -u k.pub -r k.priv -c k.ctx")?;
    bench.ok("tpm2_changeauth -C p.ctx -c k.ctx -p old -r new.priv new")?;
    bench.ok("tpm2_load -C p.ctx -u k.pub -r new.priv -c new.ctx")?;
    bench.refused("tpm2_sign -c new.ctx -p old -g sha256 -o never.sig message", 0x98e)?;
    bench.ok("tpm2_sign -c new.ctx -p new -g sha256 -f plain -o sig message")?;
    bench.ok("tpm2_readpublic -c new.ctx -f pem -o k.pem")?;
    bench.verified("k.pem", "message", "sig")?;
    // The old private part still has the old one.
    bench.ok("tpm2_sign -c k.ctx -p old -g sha256 -o sig message")?;
    bench.ok("tpm2_dictionarylockout -c").map(drop)
}

fn dictionary_attack(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_dictionarylockout -s -n 3 -t 1000 -l 1000")?;
    let variable = bench.ok("tpm2_getcap properties-variable")?;
    bench.check("three tries", variable.contains("TPM2_PT_MAX_AUTH_FAIL: 0x3"))?;
    for _ in 0..3 {
        bench.refused("tpm2_sign -c k.ctx -p wrong -g sha256 -o never.sig message", 0x98e)?;
    }
    let variable = bench.ok("tpm2_getcap properties-variable")?;
    bench.check("in lockout", variable.contains("inLockout:                 1"))?;
    // The right password doesn't help; a hierarchy is not protected.
    bench.refused("tpm2_sign -c k.ctx -p old -g sha256 -o never.sig message", 0x921)?;
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;
    bench.ok("tpm2_dictionarylockout -c")?;
    bench.ok("tpm2_sign -c k.ctx -p old -g sha256 -o sig message").map(drop)
}

fn clear(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_readpublic -c p.ctx -o before.tss")?;
    bench.ok("tpm2_createprimary -C p -G ecc -c platform.ctx")?;
    bench.ok("tpm2_readpublic -c platform.ctx -o platform-before.tss")?;
    bench.ok("tpm2_evictcontrol -C o -c p.ctx 0x81010001")?;
    bench.ok("tpm2_nvdefine 0x1500009 -C o -s 8 -a ownerread|ownerwrite")?;
    bench.ok("tpm2_clearcontrol -C p s")?;
    bench.refused("tpm2_clear -c p", 0x120)?;
    bench.ok("tpm2_clearcontrol -C p c")?;
    bench.ok("tpm2_clear -c p")?;
    let handles = bench.ok("tpm2_getcap handles-persistent")?;
    bench.check("no persistent keys", !handles.contains("0x81010001"))?;
    let indexes = bench.ok("tpm2_getcap handles-nv-index")?;
    bench.check("no indexes of the owner", !indexes.contains("0x1500009"))?;
    bench.refused("tpm2_load -C p.ctx -u k.pub -r k.priv -c never.ctx", 0x1df)?;
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;
    bench.ok("tpm2_readpublic -c p.ctx -o after.tss")?;
    let (before, after) = (bench.file("before.tss")?, bench.file("after.tss")?);
    bench.check("the owner's keys are others", before != after)?;
    bench.ok("tpm2_createprimary -C p -G ecc -c platform.ctx")?;
    bench.ok("tpm2_readpublic -c platform.ctx -o platform-after.tss")?;
    bench.same_files("platform-after.tss", "platform-before.tss")
}
