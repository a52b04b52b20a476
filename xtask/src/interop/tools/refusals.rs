//! What a TPM must not do, tool by tool, with the response code that says why (part 3, the commands' own tables).

use super::Bench;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    bench.write("message", "a message")?;
    bench.write("long", [0x5a; 300])?;
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;
    bench.ok("tpm2_create -C p.ctx -G ecc -u k.pub -r k.priv -c k.ctx")?;
    bench.ok("tpm2_create -C p.ctx -G rsa2048 -u r.pub -r r.priv -c r.ctx")?;
    keys_of_another_kind(bench)?;
    handles(bench)?;
    authorisation(bench)?;
    bench.ok("tpm2_dictionarylockout -c")?;
    unwritten_index(bench)?;
    // TPM_RC_HASH, parameter 2. No TPM here has that algorithm.
    bench.refused("tpm2_hash -C o -g sm3_256 message", 0x2c3)?;
    // TPM_RC_INTEGRITY, parameter 1: the public part of one key, the private part of another.
    bench.refused("tpm2_load -C p.ctx -u r.pub -r k.priv -c never.ctx", 0x1df)?;
    // TPM_RC_VALUE: more than OAEP leaves room for; without a number, since the encryption says so and not a check of the
    // parameter. swtpm 0.7.1 goes into failure mode, so that it comes last.
    let line = "tpm2_rsaencrypt -c r.ctx -s oaep -o never long";
    if bench.ours { bench.refused(line, 0x084) } else { bench.fails(line) }
}

fn keys_of_another_kind(bench: &mut Bench) -> Result<(), String> {
    // TPM_RC_KEY: a storage key signs nothing, neither a quote nor a message nor a certification.
    bench.refused("tpm2_quote -c p.ctx -l sha256:0 -g sha256 -m never -s never.sig", 0x19c)?;
    bench.refused("tpm2_sign -c p.ctx -g sha256 -o never.sig message", 0x19c)?;
    bench.refused("tpm2_certify -c k.ctx -C p.ctx -g sha256 -o never -s never.sig", 0x29c)?;
    // TPM_RC_TYPE: an RSA key makes no HMAC, a signing key has nothing sealed, and protects no credential.
    bench.refused("tpm2_hmac -c r.ctx -g sha256 -o never message", 0x18a)?;
    bench.refused("tpm2_unseal -c k.ctx", 0x18a)?;
    let name = format!("000b{}", "00".repeat(32));
    bench.refused(&format!("tpm2_makecredential -u k.pub -s message -n {name} -o never"), 0x18a)
}

fn handles(bench: &mut Bench) -> Result<(), String> {
    // TPM_RC_HANDLE: no such session; the handle is a parameter of FlushContext.
    bench.refused("tpm2_flushcontext 0x03000000", 0x1cb)?;
    // TPM_RC_RANGE: the platform's part of the persistent handles. TPM_RC_HIERARCHY: the platform does not keep keys of
    // the owner.
    bench.refused("tpm2_evictcontrol -C o -c k.ctx 0x81800000", 0x1cd)?;
    bench.refused("tpm2_evictcontrol -C p -c k.ctx 0x81010001", 0x285)
}

fn authorisation(bench: &mut Bench) -> Result<(), String> {
    // TPM_RC_BAD_AUTH: the owner's, the platform's and the PCRs' authorisation is not guarded against guessing.
    bench.ok("tpm2_startauthsession --policy-session -S s.session")?;
    bench.refused("tpm2_policysecret -S s.session -c o wrong", 0x9a2)?;
    bench.ok("tpm2_flushcontext s.session")?;
    bench.refused("tpm2_changeauth -c p -p wrong new", 0x9a2)?;
    bench.refused("tpm2_pcrevent 0 -P wrong message", 0x9a2)?;
    // TPM_RC_AUTH_UNAVAILABLE: an endorsement key asks for its policy, never for an authorisation value.
    bench.ok("tpm2_createek -G ecc -c ek.ctx -u ek.tss")?;
    bench.refused("tpm2_create -C ek.ctx -G ecc -u never.pub -r never.priv", 0x12f)
}

fn unwritten_index(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_nvdefine 0x1500021 -C o -s 8 -a ownerread|ownerwrite|authread|authwrite")?;
    // TPM_RC_NV_UNINITIALIZED: nothing to certify yet.
    let line =
        "tpm2_nvcertify -C k.ctx -c o -g sha256 -f plain -o never.sig --attestation never --size 8 0x1500021";
    bench.refused(line, 0x14a)?;
    bench.ok("tpm2_nvundefine 0x1500021 -C o").map(drop)
}
