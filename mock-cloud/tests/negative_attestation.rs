//! What the attestation service refuses. One test for each check; those of them that are attacks are called so.

mod common;

use common::http::{Answer, get, post};
use common::setup::*;
use common::tpm::*;
use common::{nothing_refused, refused, told};
use oobe_mock_cloud::setup::{EkEndpoint, VendorCa, VulnerableFirmware};
use oobe_mock_cloud::{Check, Cloud, FaultKind, Matcher, ServiceFault, checks};
use oobe_wire::attestation::*;
use oobe_wire::crypto::sha256;
use oobe_wire::encoding::base64_encode;
use oobe_wire::time::Utc;
use oobe_wire::tpm::{Attest, Attested, EkCertificate};
use oobe_wire::x509::{Usage, parse_certificate};

/// The refusal of an answer names the check that the journal names.
#[track_caller]
fn says(answer: &Answer, check: Check) -> AttestationRefusal {
    assert!((400..410).contains(&answer.status), "{} {}", answer.status, answer.text());
    let refusal: AttestationRefusal = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(refusal.check, check.name);
    assert!(!refusal.message.is_empty());
    refusal
}

#[test]
fn a_tpm_that_holds_gets_a_certificate_for_its_aik() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let challenge = run.challenge();
    assert_eq!(challenge.server_time, cloud.now().to_rfc3339());
    let attested = run.attest();
    let certificate = parse_certificate(&attested.aik_certificate).unwrap();
    assert_eq!(certificate.public_key, *run.tpm.aik.public());
    assert_eq!(certificate.extended_key_usages, ["2.23.133.8.3"]);
    assert!(EkCertificate::parse(&attested.aik_certificate).is_err(), "it is no endorsement key's");
    let root: &[u8] = &attested.chain[0];
    let chain = oobe_wire::x509::verify_chain(
        &attested.aik_certificate,
        &[],
        &[root],
        cloud.now(),
        Usage::AttestationKey,
    );
    assert_eq!(chain, Ok(()));
    assert!(told(&nothing_refused(&cloud), "aik-certified"));
}

#[test]
fn refuses_attest_request_that_is_no_message() {
    let cloud = cloud();
    let answer = post(format!("{HOST}{CHALLENGE_PATH}"), "application/json", "{}").send(&cloud);
    says(&answer, checks::ATTEST_REQUEST);
    refused(&cloud, checks::ATTEST_REQUEST);
    says(&Run::new(&cloud, 1).challenge_with(|r| r.version = 2), checks::ATTEST_REQUEST);
    refused(&cloud, checks::ATTEST_REQUEST);
}

#[test]
fn refuses_attest_device_ticket_unknown_and_old() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    says(&run.challenge_with(|r| r.device_ticket = "t=forged".into()), checks::ATTEST_DEVICE_TICKET);
    refused(&cloud, checks::ATTEST_DEVICE_TICKET);
    cloud.set_now(EPOCH.plus_days(2));
    says(&run.challenge_with(|_| ()), checks::ATTEST_DEVICE_TICKET);
    refused(&cloud, checks::ATTEST_DEVICE_TICKET);
}

#[test]
fn refuses_attest_registered_as_another() {
    let cloud = two_devices();
    let other = Run::new(&cloud, 2).registration;
    let run = Run::new(&cloud, 1);
    says(&run.challenge_with(|r| r.ztd_registration_id = other), checks::ATTEST_REGISTERED);
    refused(&cloud, checks::ATTEST_REGISTERED);
}

#[test]
fn refuses_attest_ek_public_of_another_kind_of_key() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let aik = run.tpm.aik_area();
    says(&run.challenge_with(|r| r.ek_public = aik), checks::ATTEST_EK_PUBLIC);
    refused(&cloud, checks::ATTEST_EK_PUBLIC);
    says(&run.challenge_with(|r| r.ek_public.truncate(20)), checks::ATTEST_EK_PUBLIC);
    refused(&cloud, checks::ATTEST_EK_PUBLIC);
    // AES-192 is no cipher of an endorsement key.
    says(&run.challenge_with(|r| r.ek_public[13] = 192), checks::ATTEST_EK_PUBLIC);
    refused(&cloud, checks::ATTEST_EK_PUBLIC);
}

#[test]
fn refuses_attest_ek_certificate_missing_and_for_another_use() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    says(&run.challenge_with(|r| r.ek_certificate = None), checks::ATTEST_EK_CERTIFICATE);
    refused(&cloud, checks::ATTEST_EK_CERTIFICATE);
    let validity = (EPOCH.plus_days(-1), EPOCH.plus_days(100));
    let client = ek_certificate("vendor", run.tpm.ek.public(), validity, Usage::ClientAuth);
    says(&run.challenge_with(|r| r.ek_certificate = Some(client)), checks::ATTEST_EK_CERTIFICATE);
    refused(&cloud, checks::ATTEST_EK_CERTIFICATE);
}

/// Attack: forged or untrusted endorsement key certificate.
#[test]
fn refuses_attest_ek_chain_forged_and_untrusted() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let validity = (EPOCH.plus_days(-100), EPOCH.plus_days(1000));
    let own = ek_certificate("own CA", run.tpm.ek.public(), validity, Usage::EndorsementKey);
    let root = vendor_ca("own CA").2;
    let untrusted = run.challenge_with(|r| {
        r.ek_certificate = Some(own);
        // A root that a device brings along is not thereby trusted.
        r.ek_chain = vec![root];
    });
    says(&untrusted, checks::ATTEST_EK_CHAIN);
    refused(&cloud, checks::ATTEST_EK_CHAIN);
    let forged = run.challenge_with(|r| {
        let certificate = r.ek_certificate.as_mut().unwrap();
        *certificate.last_mut().unwrap() ^= 1;
    });
    says(&forged, checks::ATTEST_EK_CHAIN);
    refused(&cloud, checks::ATTEST_EK_CHAIN);
}

#[test]
fn a_vendor_that_the_setup_adds_is_trusted() {
    let mut setup = contoso();
    let certificate = base64_encode(&vendor_ca("own CA").2);
    setup.attestation.vendor_cas.push(VendorCa {
        name: "own CA".into(),
        certificate,
        intermediates: Vec::new(),
    });
    let cloud = Cloud::new(setup.clone()).unwrap();
    let run = Run::new(&cloud, 1);
    let validity = (EPOCH.plus_days(-100), EPOCH.plus_days(1000));
    let own = ek_certificate("own CA", run.tpm.ek.public(), validity, Usage::EndorsementKey);
    assert_eq!(run.challenge_with(|r| r.ek_certificate = Some(own)).status, 200);
    setup.attestation.vendor_cas[0].certificate = "AAAA".into();
    assert!(Cloud::new(setup).is_err());
}

/// Times that are over, and that have not begun.
fn not_now() -> [(Utc, Utc); 2] {
    [(-100, -1), (1, 100)].map(|(from, to)| (EPOCH.plus_days(from), EPOCH.plus_days(to)))
}

/// Attack: expired endorsement key certificate. By the cloud's clock, whatever the device's says.
#[test]
fn refuses_attest_ek_validity_over_and_not_yet_begun() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    for validity in not_now() {
        let certificate = ek_certificate("vendor", run.tpm.ek.public(), validity, Usage::EndorsementKey);
        says(&run.challenge_with(|r| r.ek_certificate = Some(certificate)), checks::ATTEST_EK_VALIDITY);
        refused(&cloud, checks::ATTEST_EK_VALIDITY);
    }
}

/// Expired and forged is forged.
#[test]
fn refuses_attest_ek_chain_forged_before_its_validity_is_looked_at() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    for validity in not_now() {
        let certificate = ek_certificate("own CA", run.tpm.ek.public(), validity, Usage::EndorsementKey);
        says(&run.challenge_with(|r| r.ek_certificate = Some(certificate)), checks::ATTEST_EK_CHAIN);
        refused(&cloud, checks::ATTEST_EK_CHAIN);
    }
}

/// Attack: the endorsement key certificate of another TPM, shown with one's own key.
#[test]
fn refuses_attest_ek_key_with_the_certificate_of_another_tpm() {
    let cloud = two_devices();
    let run = Run::new(&cloud, 1);
    let other = PaperTpm::new(2).ek_certificate(EPOCH);
    says(&run.challenge_with(|r| r.ek_certificate = Some(other)), checks::ATTEST_EK_KEY);
    refused(&cloud, checks::ATTEST_EK_KEY);
}

/// Attack: another TPM's endorsement key with its own certificate, for this registration.
#[test]
fn refuses_attest_ek_registered_for_another_tpm() {
    let cloud = two_devices();
    let mut run = Run::new(&cloud, 1);
    run.tpm = PaperTpm::new(2);
    says(&run.challenge_with(|_| ()), checks::ATTEST_EK_REGISTERED);
    refused(&cloud, checks::ATTEST_EK_REGISTERED);
}

#[test]
fn refuses_attest_firmware_vulnerable() {
    let mut setup = contoso();
    setup.attestation.vulnerable_firmware.push(VulnerableFirmware {
        manufacturer: "FAKE".into(),
        from: "7.0.0.0".into(),
        fixed_in: "7.3.0.0".into(),
    });
    let cloud = Cloud::new(setup).unwrap();
    let run = Run::new(&cloud, 1);
    let refusal = says(&run.challenge_with(|_| ()), checks::ATTEST_FIRMWARE_VULNERABLE);
    assert_eq!(refusal.code, Some(oobe_catalog::codes::AUTOPILOT_TPM_VULNERABLE_FIRMWARE.value()));
    refused(&cloud, checks::ATTEST_FIRMWARE_VULNERABLE);
    // The vendor is the certificate's: a device cannot talk itself out of the list.
    let answer = run.challenge_with(|r| r.tpm.manufacturer = "GOOD".into());
    says(&answer, checks::ATTEST_FIRMWARE_VULNERABLE);
    refused(&cloud, checks::ATTEST_FIRMWARE_VULNERABLE);
    // An update of the firmware helps.
    assert_eq!(run.challenge_with(|r| r.tpm.firmware = "7.3.0.1".into()).status, 200);
}

#[test]
fn refuses_attest_aik_attributes_of_a_key_that_does_not_attest() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let all = FIXED_TPM | FIXED_PARENT | ORIGIN | RESTRICTED | SIGN;
    for missing in [FIXED_TPM, FIXED_PARENT, ORIGIN, RESTRICTED, SIGN] {
        let weak = area(run.tpm.aik.public(), all & !missing);
        says(&run.challenge_with(|r| r.aik_public = weak), checks::ATTEST_AIK_ATTRIBUTES);
        refused(&cloud, checks::ATTEST_AIK_ATTRIBUTES);
    }
    let aik = area(run.tpm.aik.public(), all);
    assert_eq!(run.challenge_with(|r| r.aik_public = aik).status, 200);
}

#[test]
fn refuses_attest_challenge_known_to_nobody() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    says(&run.attest_with(|r| r.request_id = run.registration), checks::ATTEST_CHALLENGE_KNOWN);
    refused(&cloud, checks::ATTEST_CHALLENGE_KNOWN);
}

/// Attack: a proof sent twice.
#[test]
fn refuses_attest_challenge_single_use_a_second_time() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let proof = run.proof(&run.challenge());
    assert_eq!(run.attest_as(&proof).status, 200);
    says(&run.attest_as(&proof), checks::ATTEST_CHALLENGE_SINGLE_USE);
    refused(&cloud, checks::ATTEST_CHALLENGE_SINGLE_USE);
}

/// A proof that failed uses its challenge up as well: the secret cannot be guessed at leisure.
#[test]
fn refuses_attest_challenge_single_use_after_a_wrong_secret() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let proof = run.proof(&run.challenge());
    let wrong = AttestRequest { secret: vec![0; 32], ..proof.clone() };
    says(&run.attest_as(&wrong), checks::ATTEST_SECRET);
    refused(&cloud, checks::ATTEST_SECRET);
    says(&run.attest_as(&proof), checks::ATTEST_CHALLENGE_SINGLE_USE);
    refused(&cloud, checks::ATTEST_CHALLENGE_SINGLE_USE);
}

/// Attack: stale nonce.
#[test]
fn refuses_attest_challenge_fresh_no_more() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let proof = run.proof(&run.challenge());
    cloud.set_now(EPOCH.plus_seconds(11 * 60));
    says(&run.attest_as(&proof), checks::ATTEST_CHALLENGE_FRESH);
    refused(&cloud, checks::ATTEST_CHALLENGE_FRESH);
}

/// Attack: an attestation key that is not in the TPM of that endorsement key, so that the TPM opens nothing for it.
#[test]
fn refuses_attest_secret_for_an_aik_outside_the_tpm() {
    let cloud = cloud();
    let mut run = Run::new(&cloud, 1);
    // The attacker's AIK is software; the TPM of machine 1 would open the credential only for an AIK of its own.
    run.tpm.aik = PaperTpm::new(9).aik;
    let challenge = run.challenge();
    let proof = AttestRequest { secret: vec![7; 32], ..run.proof(&challenge) };
    says(&run.attest_as(&proof), checks::ATTEST_SECRET);
    refused(&cloud, checks::ATTEST_SECRET);
}

#[test]
fn refuses_attest_quote_signature_of_another_signer() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let mut proof = run.proof(&run.challenge());
    proof.signature = sign(&PaperTpm::new(9).aik, &proof.quote);
    says(&run.attest_as(&proof), checks::ATTEST_QUOTE_SIGNATURE);
    refused(&cloud, checks::ATTEST_QUOTE_SIGNATURE);
}

#[test]
fn refuses_attest_quote_that_is_another_statement() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let certification = certify_statement(b"nonce", &name(&run.tpm.aik_area()));
    says(&run.attest_with(|r| r.quote = certification), checks::ATTEST_QUOTE);
    refused(&cloud, checks::ATTEST_QUOTE);
    // What does not begin as a TPM's own statements do was not made by a TPM.
    says(&run.attest_with(|r| r.quote[0] = 0), checks::ATTEST_QUOTE);
    refused(&cloud, checks::ATTEST_QUOTE);
}

/// Attack: replayed quote, of this very TPM and boot, from an earlier run.
#[test]
fn refuses_attest_quote_nonce_of_a_replayed_quote() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let earlier = run.proof(&run.challenge());
    assert_eq!(run.attest_as(&earlier).status, 200);
    let again = AttestRequest {
        quote: earlier.quote.clone(),
        signature: earlier.signature.clone(),
        ..run.proof(&run.challenge())
    };
    says(&run.attest_as(&again), checks::ATTEST_QUOTE_NONCE);
    refused(&cloud, checks::ATTEST_QUOTE_NONCE);
}

/// Attack: a quote over other registers.
#[test]
fn refuses_attest_pcr_selection_of_other_registers() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let challenge = run.challenge();
    for pcrs in [&[16_u8, 23][..], &[0, 1, 2, 3, 4, 5, 6, 7]] {
        let mut proof = run.proof(&run.challenge());
        let nonce = Attest::parse(&proof.quote).unwrap().extra_data;
        proof.pcrs.retain(|pcr| pcrs.contains(&pcr.index));
        let values: Vec<u8> = proof.pcrs.iter().flat_map(|pcr| pcr.digest.clone()).collect();
        proof.quote = quote_statement(&nonce, pcrs, &sha256(&values));
        proof.signature = sign(&run.tpm.aik, &proof.quote);
        says(&run.attest_as(&proof), checks::ATTEST_PCR_SELECTION);
        refused(&cloud, checks::ATTEST_PCR_SELECTION);
    }
    let quote = Attest::parse(&run.proof(&challenge).quote).unwrap();
    let asked = (challenge.pcr_selection.bank.alg(), challenge.pcr_selection.pcrs);
    assert!(matches!(quote.attested, Attested::Quote { selection, .. } if selection == [asked]));
}

#[test]
fn refuses_attest_pcr_digest_of_values_that_were_not_quoted() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let spoilt: [fn(&mut AttestRequest); 3] =
        [|r| r.pcrs[0].digest[0] ^= 1, |r| drop(r.pcrs.pop()), |r| r.pcrs[0].index = 9];
    for spoil in spoilt {
        says(&run.attest_with(spoil), checks::ATTEST_PCR_DIGEST);
        refused(&cloud, checks::ATTEST_PCR_DIGEST);
    }
}

#[test]
fn refuses_attest_event_log_that_breaks_off() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    says(&run.attest_with(|r| r.event_log.truncate(r.event_log.len() - 1)), checks::ATTEST_EVENT_LOG);
    refused(&cloud, checks::ATTEST_EVENT_LOG);
    says(&run.attest_with(|r| r.event_log.clear()), checks::ATTEST_EVENT_LOG);
    refused(&cloud, checks::ATTEST_EVENT_LOG);
}

/// Attack: a log that does not match.
#[test]
fn refuses_attest_event_log_replay_of_another_boot() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let (other, _) = boot(&[(0, b"firmware"), (4, b"another boot manager")]);
    says(&run.attest_with(|r| r.event_log = other), checks::ATTEST_EVENT_LOG_REPLAY);
    refused(&cloud, checks::ATTEST_EVENT_LOG_REPLAY);
}

#[test]
fn refuses_vendor_certificate_known_for_another_key_as_not_found() {
    let mut setup = contoso();
    let certificate = PaperTpm::new(1).ek_certificate(EPOCH);
    setup.attestation.ek_endpoints.push(EkEndpoint {
        host: "ftpm.amd.com".into(),
        path: "/pki/aia/0123ABCD".into(),
        content_type: "application/pkix-cert".into(),
        body: base64_encode(&certificate),
    });
    let cloud = Cloud::new(setup).unwrap();
    let answer = get("https://ftpm.amd.com/pki/aia/0123ABCD").send(&cloud).ok();
    assert_eq!(
        (answer.body, &answer.headers["content-type"]),
        (certificate, &"application/pkix-cert".parse().unwrap())
    );
    nothing_refused(&cloud);
    for url in ["https://ftpm.amd.com/pki/aia/0123abcd", "https://ekop.intel.com/pki/aia/0123ABCD"] {
        assert_eq!(get(url).send(&cloud).status, 404);
        refused(&cloud, checks::VENDOR_CERTIFICATE_KNOWN);
    }
}

#[test]
fn an_outage_of_the_service_is_a_fault_like_any_other() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let matcher = || Matcher { host: Some("microsoftaik.azure.net".into()), ..Matcher::default() };
    for (what, status) in [(FaultKind::Status { status: 503 }, 503), (FaultKind::Silence, 504)] {
        cloud.inject(ServiceFault { matcher: matcher(), what });
        assert_eq!(run.challenge_with(|_| ()).status, status);
    }
    // An answer that is lost leaves a challenge behind that nobody answers, and no more.
    cloud.inject(ServiceFault { matcher: matcher(), what: FaultKind::AnswerLost });
    assert!(run.challenge_with(|_| ()).silent);
    run.attest();
    nothing_refused(&cloud);
}
