//! Statements of a TPM about itself, and credentials that only it can open.

use super::Bench;
use super::bench::hex;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    for kind in ["ecc", "rsa"] {
        let scheme = if kind == "rsa" { "rsassa" } else { "ecdsa" };
        bench.ok(&format!("tpm2_createek -G {kind} -c ek.ctx -u ek.tss"))?;
        bench.ok(&format!(
            "tpm2_createak -C ek.ctx -c ak.ctx -G {kind} -g sha256 -s {scheme} -u ak.pem -f pem -n ak.name"
        ))?;
        credential(bench, kind)?;
        quote(bench)?;
        certify(bench)?;
        certify_creation(bench)?;
        nv_certify(bench)?;
        time(bench)?;
    }
    Ok(())
}

fn activate(bench: &mut Bench, key: &str, credential: &str) -> String {
    let _ = bench;
    format!("tpm2_activatecredential -c {key} -C ek.ctx -i {credential} -o opened -P session:ek.session")
}

fn endorsement_session(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_startauthsession --policy-session -S ek.session")?;
    bench.ok("tpm2_policysecret -S ek.session -c e").map(drop)
}

fn credential(bench: &mut Bench, kind: &str) -> Result<(), String> {
    bench.write("secret", "twenty bytes at most")?;
    let name = hex(&bench.file("ak.name")?);
    let offline = format!("tpm2_makecredential -T none -u ek.tss -s secret -n {name} -o offline.cred");
    let by_tpm = format!("tpm2_makecredential -u ek.tss -s secret -n {name} -o tpm.cred");
    for (line, file) in [(offline, "offline.cred"), (by_tpm, "tpm.cred")] {
        bench.ok(&line)?;
        endorsement_session(bench)?;
        let line = activate(bench, "ak.ctx", file);
        bench.ok(&line)?;
        bench.same_files("opened", "secret")?;
        bench.ok("tpm2_flushcontext ek.session")?;
    }
    // Made for another key.
    let scheme = if kind == "rsa" { "rsassa" } else { "ecdsa" };
    bench.ok(&format!(
        "tpm2_createak -C ek.ctx -c other.ctx -G {kind} -g sha256 -s {scheme} -u other.pem -f pem"
    ))?;
    endorsement_session(bench)?;
    let line = activate(bench, "other.ctx", "tpm.cred");
    bench.refused(&line, 0x1df)?;
    bench.ok("tpm2_flushcontext ek.session")?;
    // Without the policy's secret.
    bench.ok("tpm2_startauthsession --policy-session -S ek.session")?;
    let line = activate(bench, "ak.ctx", "tpm.cred");
    bench.refused(&line, 0xa9d)?;
    bench.ok("tpm2_flushcontext ek.session").map(drop)
}

fn quote(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_pcrextend 7:sha256=0707070707070707070707070707070707070707070707070707070707070707")?;
    let quote = "tpm2_quote -c ak.ctx -l sha256:0,1,7 -q 00c0ffee -g sha256 -m quote.msg";
    bench.ok(&format!("{quote} -s quote.sig -o quote.pcrs"))?;
    let check = "tpm2_checkquote -u ak.pem -m quote.msg -s quote.sig -f quote.pcrs -g sha256 -q";
    bench.ok(&format!("{check} 00c0ffee"))?;
    bench.fails(&format!("{check} 00c0ffef"))?;
    bench.fails(
        "tpm2_checkquote -u other.pem -m quote.msg -s quote.sig -f quote.pcrs -g sha256 -q 00c0ffee",
    )?;

    bench.ok(&format!("{quote} -s plain.sig -f plain"))?;
    bench.verified("ak.pem", "quote.msg", "plain.sig")?;
    let message = bench.file("quote.msg")?;
    bench.check("a quote says that it is one", message.starts_with(b"\xffTCG\x80\x18"))?;
    bench.ok("tpm2_pcrread sha256:0,1,7 -o pcrs.bin")?;
    let digest = bench.sha256("pcrs.bin")?;
    bench.check("it ends with the digest of the PCRs", message.ends_with(&digest))?;
    bench.tamper("quote.msg", "bad.msg")?;
    bench.fails("openssl dgst -sha256 -verify ak.pem -signature plain.sig bad.msg")
}

fn certify(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;
    bench.ok(
        "tpm2_create -C p.ctx -G ecc -u k.pub -r k.priv -p key --creation-data k.data -d k.hash -t k.ticket",
    )?;
    bench.ok("tpm2_load -C p.ctx -u k.pub -r k.priv -c k.ctx -n k.name")?;
    bench.ok("tpm2_certify -c k.ctx -C ak.ctx -P key -g sha256 -o k.att -s k.sig -f plain")?;
    bench.verified("ak.pem", "k.att", "k.sig")?;
    let (name, statement) = (bench.file("k.name")?, bench.file("k.att")?);
    bench.check("it names the key", statement.windows(name.len()).any(|window| window == name))?;
    bench.check("a statement about a key", statement.starts_with(b"\xffTCG\x80\x17"))?;
    bench.refused("tpm2_certify -c k.ctx -C ak.ctx -P wrong -g sha256 -o never.att -s never.sig", 0x98e)?;
    bench.ok("tpm2_dictionarylockout -c").map(drop)
}

fn certify_creation(bench: &mut Bench) -> Result<(), String> {
    // The file has the size before the structure.
    let data = bench.file("k.data")?;
    let digest = bench.sha256_of(data.get(2..).ok_or("empty creation data")?)?;
    let hash = bench.file("k.hash")?;
    bench.same("the digest of the creation data", &hash[hash.len() - 32..], &digest)?;
    let line = "tpm2_certifycreation -C ak.ctx -c k.ctx -g sha256 -f plain -t k.ticket";
    bench.ok(&format!("{line} -d k.hash -o creation.sig --attestation creation.att"))?;
    bench.verified("ak.pem", "creation.att", "creation.sig")?;
    let statement = bench.file("creation.att")?;
    bench.check("a statement about a creation", statement.starts_with(b"\xffTCG\x80\x1a"))?;
    bench.tamper("k.hash", "bad.hash")?;
    bench.refused(&format!("{line} -d bad.hash -o never.sig --attestation never.att"), 0x4e0)
}

fn nv_certify(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_nvdefine 0x1500020 -C o -s 8 -a ownerread|ownerwrite|authread|authwrite")?;
    bench.write("eight", "12345678")?;
    bench.ok("tpm2_nvwrite 0x1500020 -C o -i eight")?;
    bench.ok(
        "tpm2_nvcertify -C ak.ctx -c o -g sha256 -f plain -o nv.sig --attestation nv.att --size 8 0x1500020",
    )?;
    bench.verified("ak.pem", "nv.att", "nv.sig")?;
    let statement = bench.file("nv.att")?;
    bench.check("it ends with the data", statement.ends_with(b"\x00\x0812345678"))?;
    bench.ok("tpm2_nvundefine 0x1500020 -C o").map(drop)
}

fn time(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_gettime -c ak.ctx -q cafe -g sha256 -f plain -o time.sig --attestation time.att")?;
    bench.verified("ak.pem", "time.att", "time.sig")?;
    let statement = bench.file("time.att")?;
    bench.check("a statement about the time", statement.starts_with(b"\xffTCG\x80\x19"))
}
