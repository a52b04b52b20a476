//! Keys that come from elsewhere, and keys that go elsewhere.

use super::Bench;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    bench.write("message", "signed by a key that has moved")?;
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;
    import(bench)?;
    duplicate(bench)
}

fn import(bench: &mut Bench) -> Result<(), String> {
    bench.ok("openssl ecparam -name prime256v1 -genkey -noout -out ecc.pem")?;
    bench.ok("openssl genrsa -out rsa.pem 2048")?;
    for kind in ["ecc", "rsa"] {
        bench.ok(&format!("openssl pkey -in {kind}.pem -pubout -out {kind}.pub"))?;
        bench.ok(&format!("tpm2_import -C p.ctx -G {kind} -i {kind}.pem -u k.pub -r k.priv"))?;
        bench.ok("tpm2_load -C p.ctx -u k.pub -r k.priv -c k.ctx")?;
        bench.ok("tpm2_sign -c k.ctx -g sha256 -f plain -o sig message")?;
        bench.verified(&format!("{kind}.pub"), "message", "sig")?;
        // Private part and all, for as long as the TPM is on.
        bench.ok(&format!("tpm2_loadexternal -G {kind} -r {kind}.pem -c external.ctx"))?;
        bench.ok("tpm2_sign -c external.ctx -g sha256 -f plain -o external.sig message")?;
        bench.verified(&format!("{kind}.pub"), "message", "external.sig")?;
    }
    Ok(())
}

fn duplicate(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_createprimary -C e -G ecc -c target.ctx")?;
    bench.ok("tpm2_startauthsession -S trial.ctx")?;
    bench.ok("tpm2_policycommandcode -S trial.ctx -L dup.policy TPM2_CC_Duplicate")?;
    bench.ok("tpm2_flushcontext trial.ctx")?;
    bench.ok("tpm2_create -C p.ctx -G ecc -L dup.policy -a sensitivedataorigin|userwithauth|sign -u k.pub -r k.priv")?;
    bench.ok("tpm2_load -C p.ctx -u k.pub -r k.priv -c k.ctx")?;
    bench.ok("tpm2_readpublic -c k.ctx -f pem -o k.pem")?;
    for wrapping in ["null", "aes"] {
        bench.ok("tpm2_startauthsession --policy-session -S s.session")?;
        bench.ok("tpm2_policycommandcode -S s.session TPM2_CC_Duplicate")?;
        let inner = if wrapping == "null" { "" } else { "-o inner.key" };
        bench.ok(&format!(
            "tpm2_duplicate -C target.ctx -c k.ctx -G {wrapping} {inner} -p session:s.session -r dup.priv -s dup.seed"
        ))?;
        bench.ok("tpm2_flushcontext s.session")?;
        let inner = if wrapping == "null" { "" } else { "-k inner.key" };
        bench.ok(&format!(
            "tpm2_import -C target.ctx -u k.pub -i dup.priv -r moved.priv -s dup.seed {inner}"
        ))?;
        bench.ok("tpm2_load -C target.ctx -u k.pub -r moved.priv -c moved.ctx")?;
        bench.ok("tpm2_sign -c moved.ctx -g sha256 -f plain -o sig message")?;
        bench.verified("k.pem", "message", "sig")?;
        bench.tamper("dup.priv", "bad.priv")?;
        bench.refused(
            &format!("tpm2_import -C target.ctx -u k.pub -i bad.priv -r never.priv -s dup.seed {inner}"),
            0x3df,
        )?;
    }
    // A key that is not made to move.
    bench.ok("tpm2_create -C p.ctx -G ecc -u fixed.pub -r fixed.priv -c fixed.ctx -L dup.policy")?;
    bench.ok("tpm2_startauthsession --policy-session -S s.session")?;
    bench.ok("tpm2_policycommandcode -S s.session TPM2_CC_Duplicate")?;
    bench.refused(
        "tpm2_duplicate -C target.ctx -c fixed.ctx -G null -p session:s.session -r never.priv -s never.seed",
        0x182,
    )?;
    bench.ok("tpm2_flushcontext s.session").map(drop)
}
