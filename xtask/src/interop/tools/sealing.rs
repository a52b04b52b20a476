//! Sealed data, and policies that open it.

use super::Bench;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    bench.write("secret", "kept under seal")?;
    bench.ok("tpm2_createprimary -C o -G ecc -c p.ctx")?;
    password(bench)?;
    pcr(bench)?;
    combined(bench)
}

fn password(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_create -C p.ctx -i secret -p open -u s.pub -r s.priv -c s.ctx")?;
    bench.ok("tpm2_unseal -c s.ctx -p open -o opened")?;
    bench.same_files("opened", "secret")?;
    bench.refused("tpm2_unseal -c s.ctx -p wrong", 0x98e)?;
    bench.ok("tpm2_dictionarylockout -c")?;
    // By HMAC session: the password doesn't cross the bus.
    bench.ok("tpm2_startauthsession --hmac-session -S h.ctx -c p.ctx")?;
    bench.ok("tpm2_unseal -c s.ctx -p session:h.ctx+open -o opened-hmac")?;
    bench.same_files("opened-hmac", "secret")?;
    bench.ok("tpm2_flushcontext h.ctx").map(drop)
}

fn pcr(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_startauthsession -S trial.ctx")?;
    bench.ok("tpm2_policypcr -S trial.ctx -l sha256:10 -L pcr.policy")?;
    bench.ok("tpm2_flushcontext trial.ctx")?;
    // policyDigest = H(zeros, TPM_CC_PolicyPCR, selection, H(values)) (part 3, "TPM2_PolicyPCR").
    let values = bench.sha256_of(&[0; 32])?;
    let selection = [0, 0, 0, 1, 0x00, 0x0b, 3, 0, 4, 0];
    let expected = bench.sha256_of(&[&[0; 32], &[0, 0, 0x01, 0x7f][..], &selection, &values].concat())?;
    let policy = bench.file("pcr.policy")?;
    bench.same("the policy's digest", &policy, &expected)?;

    bench.ok("tpm2_create -C p.ctx -i secret -L pcr.policy -u s.pub -r s.priv -c s.ctx")?;
    let session = |bench: &mut Bench| -> Result<(), String> {
        bench.ok("tpm2_startauthsession --policy-session -S s.session")?;
        bench.ok("tpm2_policypcr -S s.session -l sha256:10").map(drop)
    };
    session(bench)?;
    bench.ok("tpm2_unseal -c s.ctx -p session:s.session -o opened")?;
    bench.same_files("opened", "secret")?;
    bench.ok("tpm2_flushcontext s.session")?;
    // A PCR that changes (one of those that count changes: 16 doesn't) between the policy and the use.
    session(bench)?;
    bench.ok("tpm2_pcrextend 10:sha256=0101010101010101010101010101010101010101010101010101010101010101")?;
    bench.refused("tpm2_unseal -c s.ctx -p session:s.session", 0x128)?;
    bench.ok("tpm2_flushcontext s.session")?;
    // Another value than the one that it was sealed to.
    session(bench)?;
    bench.refused("tpm2_unseal -c s.ctx -p session:s.session", 0x99d)?;
    bench.ok("tpm2_flushcontext s.session")?;
    // Without userWithAuth a password is no way in.
    bench.refused("tpm2_unseal -c s.ctx", 0x12f)
}

fn combined(bench: &mut Bench) -> Result<(), String> {
    // Either the owner's secret, or the object's password for unsealing only.
    bench.ok("tpm2_startauthsession -S trial.ctx")?;
    bench.ok("tpm2_policysecret -S trial.ctx -c o -L secret.policy")?;
    bench.ok("tpm2_flushcontext trial.ctx")?;
    bench.ok("tpm2_startauthsession -S trial.ctx")?;
    bench.ok("tpm2_policycommandcode -S trial.ctx TPM2_CC_Unseal")?;
    bench.ok("tpm2_policyauthvalue -S trial.ctx -L value.policy")?;
    bench.ok("tpm2_policyor -S trial.ctx -L or.policy sha256:secret.policy,value.policy")?;
    bench.ok("tpm2_flushcontext trial.ctx")?;
    bench.ok("tpm2_create -C p.ctx -i secret -L or.policy -p open -u s.pub -r s.priv -c s.ctx")?;

    bench.ok("tpm2_startauthsession --policy-session -S s.session")?;
    bench.ok("tpm2_policysecret -S s.session -c o")?;
    bench.ok("tpm2_policyor -S s.session sha256:secret.policy,value.policy")?;
    bench.ok("tpm2_unseal -c s.ctx -p session:s.session -o opened")?;
    bench.same_files("opened", "secret")?;
    bench.ok("tpm2_policyrestart -S s.session")?;
    bench.ok("tpm2_policycommandcode -S s.session TPM2_CC_Unseal")?;
    bench.ok("tpm2_policyauthvalue -S s.session")?;
    bench.ok("tpm2_policyor -S s.session sha256:secret.policy,value.policy")?;
    bench.ok("tpm2_unseal -c s.ctx -p session:s.session+open -o opened-again")?;
    bench.same_files("opened-again", "secret")?;
    bench.ok("tpm2_flushcontext s.session").map(drop)
}
