//! Keys: endorsement, attestation, primary, ordinary; their names, certificates and places.

use super::Bench;
use super::bench::hex;

/// authPolicy of the EK templates L-1 and L-2: PolicySecret(TPM_RH_ENDORSEMENT) (EK Credential Profile 2.5, annex B).
const EK_POLICY: &str = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    for kind in ["ecc", "rsa"] {
        endorsement(bench, kind)?;
        attestation(bench, kind)?;
    }
    ordinary(bench)?;
    persistent(bench)?;
    contexts(bench)
}

fn endorsement(bench: &mut Bench, kind: &str) -> Result<(), String> {
    let text = bench.ok(&format!("tpm2_createek -G {kind} -c ek-{kind}.ctx -u ek-{kind}.tss"))?;
    drop(text);
    let public = bench.ok(&format!("tpm2_readpublic -c ek-{kind}.ctx -f pem -o ek-{kind}.pem"))?;
    bench.check("the template's policy", public.contains(EK_POLICY))?;
    bench.check("the template's attributes", public.contains("raw: 0x300b2"))?;
    bench.ok(&format!("tpm2_createek -G {kind} -c again.ctx -u again.tss"))?;
    bench.same_files("again.tss", &format!("ek-{kind}.tss"))?;
    if bench.ours {
        let index = if kind == "rsa" { "0x1c00002" } else { "0x1c0000a" };
        bench.ok(&format!("tpm2_nvread {index} -o ek-{kind}.der"))?;
        let certified = bench.ok(&format!("openssl x509 -inform DER -in ek-{kind}.der -noout -pubkey"))?;
        let key = bench.file(&format!("ek-{kind}.pem"))?;
        bench.same("the certificate's key and the EK", certified.as_bytes(), &key)?;
        let text = bench.ok(&format!("openssl x509 -inform DER -in ek-{kind}.der -noout -text"))?;
        bench.check("extended key usage of an EK", text.contains("2.23.133.8.1"))?;
        bench
            .check("subject alternative name", text.contains("2.23.133.2.1") || text.contains("DirName:"))?;
        bench.check("no CA", text.contains("CA:FALSE"))?;
    }
    Ok(())
}

fn attestation(bench: &mut Bench, kind: &str) -> Result<(), String> {
    let scheme = if kind == "rsa" { "rsassa" } else { "ecdsa" };
    bench.ok(&format!(
        "tpm2_createak -C ek-{kind}.ctx -c ak.ctx -G {kind} -g sha256 -s {scheme} -u ak.tss -n ak.name"
    ))?;
    bench.ok("tpm2_readpublic -c ak.ctx -o ak-read.tss -n ak-read.name")?;
    bench.same_files("ak-read.name", "ak.name")?;
    name_is_right(bench, "ak-read.tss", "ak.name")?;
    let public = bench.ok("tpm2_readpublic -c ak.ctx")?;
    bench.check("an AK is restricted and signs", public.contains("raw: 0x50072"))
}

/// Name = nameAlg, then the digest of the public area (part 1, "Names").
fn name_is_right(bench: &mut Bench, public: &str, name: &str) -> Result<(), String> {
    let public = bench.file(public)?;
    let digest = bench.sha256_of(public.get(2..).ok_or("an empty public area")?)?;
    let name = bench.file(name)?;
    bench.same("the name of a key", &name, &[&[0x00, 0x0b], &digest[..]].concat())
}

fn ordinary(bench: &mut Bench) -> Result<(), String> {
    for hierarchy in ["o", "e", "p", "n"] {
        bench.ok(&format!("tpm2_createprimary -C {hierarchy} -G ecc -c p-{hierarchy}.ctx"))?;
        bench.ok(&format!("tpm2_readpublic -c p-{hierarchy}.ctx -o p-{hierarchy}.tss"))?;
    }
    let (owner, platform) = (bench.file("p-o.tss")?, bench.file("p-p.tss")?);
    bench.check("hierarchies have keys of their own", owner != platform)?;
    bench.ok("tpm2_createprimary -C o -G ecc -c again.ctx")?;
    bench.ok("tpm2_readpublic -c again.ctx -o again.tss")?;
    bench.same_files("again.tss", "p-o.tss")?;
    bench.ok("tpm2_createprimary -C o -G rsa3072 -c p-rsa.ctx")?;
    let public = bench.ok("tpm2_readpublic -c p-rsa.ctx -f pem -o p-rsa.pem")?;
    bench.check("3072 bits", public.contains("bits: 3072"))?;
    let text = bench.ok("openssl pkey -pubin -in p-rsa.pem -noout -text")?;
    bench.check("OpenSSL finds 3072 bits", text.contains("3072 bit"))?;
    bench.refused("tpm2_createprimary -C o -P wrong -G ecc -c never.ctx", 0x9a2)?;

    for template in ["ecc", "ecc384", "rsa2048", "aes128cfb", "hmac"] {
        bench.ok(&format!("tpm2_create -C p-o.ctx -G {template} -u k.pub -r k.priv"))?;
        bench.ok("tpm2_load -C p-o.ctx -u k.pub -r k.priv -c k.ctx -n k.name")?;
        name_is_right(bench, "k.pub", "k.name")?;
        bench.ok("tpm2_readpublic -c k.ctx -o k-read.pub")?;
        bench.same_files("k-read.pub", "k.pub")?;
    }
    bench.tamper("k.priv", "bad.priv")?;
    bench.refused("tpm2_load -C p-o.ctx -u k.pub -r bad.priv -c never.ctx", 0x1df)?;
    bench.refused("tpm2_load -C p-e.ctx -u k.pub -r k.priv -c never.ctx", 0x1df)?;
    bench.refused("tpm2_create -C k.ctx -G ecc -u never.pub -r never.priv", 0x18a)?;
    bench.refused("tpm2_create -C p-o.ctx -G ecc -a fixedtpm|sign -u never.pub -r never.priv", 0x2c2)
}

fn persistent(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_evictcontrol -C o -c p-o.ctx 0x81010005")?;
    let handles = bench.ok("tpm2_getcap handles-persistent")?;
    bench.check("the persistent handle", handles.contains("0x81010005"))?;
    bench.ok("tpm2_readpublic -c 0x81010005 -o kept.tss")?;
    bench.same_files("kept.tss", "p-o.tss")?;
    bench.refused("tpm2_evictcontrol -C o -c p-e.ctx 0x81010005", 0x14c)?;
    bench.ok("tpm2_evictcontrol -C o -c 0x81010005")?;
    bench.refused("tpm2_readpublic -c 0x81010005", 0x18b)
}

fn contexts(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_flushcontext --transient-object")?;
    let handles = bench.ok("tpm2_getcap handles-transient")?;
    bench.check("no transient objects", handles.trim().is_empty())?;
    let name = bench.file("k.name")?;
    let public = bench.ok("tpm2_readpublic -c k.ctx")?;
    bench.check("a context comes back", public.contains(&hex(&name)))?;
    bench.ok("tpm2_startauthsession -S s.ctx")?;
    let sessions = bench.ok("tpm2_getcap handles-saved-session")?;
    let loaded = bench.ok("tpm2_getcap handles-loaded-session")?;
    bench.check("a session", !(sessions.trim().is_empty() && loaded.trim().is_empty()))?;
    bench.ok("tpm2_flushcontext s.ctx")?;
    let sessions = bench.ok("tpm2_getcap handles-saved-session")?;
    bench.check("no session", sessions.trim().is_empty())
}
