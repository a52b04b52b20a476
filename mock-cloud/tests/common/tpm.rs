//! A TPM on paper: software keys and structures put together by hand from part 2 of the specification, so that it can
//! also say what no TPM would. All keys are P-256.

use oobe_mock_cloud::Cloud;
use oobe_wire::attestation::*;
use oobe_wire::crypto::{KeyKind, PrivateKey, PublicKey, aes_256_cbc_encrypt, hmac_sha256, sha256};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use oobe_wire::tpm::TpmIdentity;
use oobe_wire::x509::{Extension, IssueRequest, Name, Profile, Usage, issue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::device::TestDevice;
use super::http::{Answer, post};
use super::steps::{device_ticket, join_with};

pub const HOST: &str = "https://fake-keyid-0123456789abcdef.microsoftaik.azure.net";

const FIXED: u32 = 0x02 | 0x10 | 0x20;
pub const RESTRICTED: u32 = 0x1_0000;
pub const DECRYPT: u32 = 0x2_0000;
pub const SIGN: u32 = 0x4_0000;
pub const FIXED_TPM: u32 = 0x02;
pub const FIXED_PARENT: u32 = 0x10;
pub const ORIGIN: u32 = 0x20;
const EK: u32 = FIXED | 0x80 | RESTRICTED | DECRYPT;
const AIK: u32 = FIXED | 0x40 | RESTRICTED | SIGN;
pub const KEY: u32 = FIXED | 0x40 | SIGN;

fn key(number: u8, name: &str) -> PrivateKey {
    PrivateKey::generate(KeyKind::P256, &mut Stream::new(number.into(), &["paper TPM", name]))
}

/// The endorsement key of a machine's TPM.
pub fn endorsement_key(number: u8) -> PrivateKey {
    key(number, "ek")
}

/// The vendor's CA: key, name, certificate.
pub fn vendor_ca(name: &str) -> (PrivateKey, Name, Vec<u8>) {
    let (key, subject) = (key(0, name), Name::common_name(format!("TEST ONLY {name}")));
    let request = IssueRequest {
        serial: vec![1],
        issuer: subject.clone(),
        subject: subject.clone(),
        public_key: key.public().clone(),
        not_before: Utc::from_unix_seconds(1_420_070_400),
        not_after: Utc::from_unix_seconds(2_493_072_000),
        profile: Profile::ca(None),
    };
    let certificate = issue(&request, &key);
    (key, subject, certificate)
}

/// A certificate about an endorsement key.
pub fn ek_certificate(vendor: &str, key: &PublicKey, (from, until): (Utc, Utc), usage: Usage) -> Vec<u8> {
    let (ca_key, issuer, _) = vendor_ca(vendor);
    let identity =
        TpmIdentity { manufacturer: "FAKE".into(), model: "Paper".into(), version: "id:00010000".into() };
    let usage = Extension::extended_key_usage(&[usage], false);
    let request = IssueRequest {
        serial: vec![2],
        issuer,
        subject: Name::default(),
        public_key: key.clone(),
        not_before: from,
        not_after: until,
        profile: Profile { extensions: vec![usage, identity.subject_alt_name()], ..Profile::default() },
    };
    issue(&request, &ca_key)
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn unsized_prefix(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = bytes.split_first_chunk::<2>().unwrap();
    rest.split_at(u16::from_be_bytes(*length).into())
}

fn coordinates(key: &PublicKey) -> ([u8; 32], [u8; 32]) {
    let PublicKey::P256 { x, y, .. } = key else { panic!("keys are P-256") };
    (*x, *y)
}

/// TPMT_PUBLIC of an ECC key.
pub fn area(key: &PublicKey, attributes: u32) -> Vec<u8> {
    let (x, y) = coordinates(key);
    let mut area = vec![0, 0x23, 0, 0x0b];
    area.extend(attributes.to_be_bytes());
    area.extend([0, 0]);
    let storage = attributes & (RESTRICTED | DECRYPT) == RESTRICTED | DECRYPT;
    area.extend(if storage { [0, 6, 1, 0, 0, 0x43].as_slice() } else { &[0, 0x10] });
    area.extend(if attributes & SIGN == 0 { [0, 0x10].as_slice() } else { &[0, 0x18, 0, 0x0b] });
    area.extend([0, 3, 0, 0x10]);
    [area, sized(&x), sized(&y)].concat()
}

pub fn name(area: &[u8]) -> Vec<u8> {
    [[0, 0x0b].as_slice(), &sha256(area)].concat()
}

/// TPMS_ATTEST.
fn attest(kind: u16, nonce: &[u8], attested: &[u8]) -> Vec<u8> {
    [
        &0xff54_4347_u32.to_be_bytes(),
        kind.to_be_bytes().as_slice(),
        &sized(&[0, 0x0b]),
        &sized(nonce),
        &[0; 8 + 4 + 4],
        &[1],
        &[0; 8],
        attested,
    ]
    .concat()
}

pub fn quote_statement(nonce: &[u8], pcrs: &[u8], digest: &[u8]) -> Vec<u8> {
    let mut map = [0_u8; 3];
    for pcr in pcrs {
        map[usize::from(pcr / 8)] |= 1 << (pcr % 8);
    }
    let selection = [&[0, 0, 0, 1, 0, 0x0b, 3], map.as_slice()].concat();
    attest(0x8018, nonce, &[selection, sized(digest)].concat())
}

pub fn certify_statement(nonce: &[u8], name: &[u8]) -> Vec<u8> {
    attest(0x8017, nonce, &[sized(name), sized(name)].concat())
}

/// TPMT_SIGNATURE.
pub fn sign(key: &PrivateKey, message: &[u8]) -> Vec<u8> {
    let signature = key.sign_jws(message);
    let (r, s) = signature.split_at(32);
    [vec![0, 0x18, 0, 0x0b], sized(r), sized(s)].concat()
}

/// An event log with one event for each given register, and the values that follow from it.
pub fn boot(events: &[(u32, &[u8])]) -> (Vec<u8>, [[u8; 32]; 24]) {
    let spec =
        [b"Spec ID Event03\0".as_slice(), &[0, 0, 0, 0, 0, 2, 0, 2], &[1, 0, 0, 0, 0x0b, 0, 32, 0], &[0]];
    let spec = spec.concat();
    let mut log = [[0, 0, 0, 0, 3, 0, 0, 0].as_slice(), &[0; 20]].concat();
    log.extend(u32::try_from(spec.len()).unwrap().to_le_bytes());
    log.extend(spec);
    let mut values = [[0; 32]; 24];
    for (pcr, data) in events {
        log.extend(pcr.to_le_bytes());
        log.extend([4, 0, 0, 0, 1, 0, 0, 0, 0x0b, 0]);
        log.extend(sha256(data));
        log.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        log.extend(*data);
        let value = &mut values[usize::try_from(*pcr).unwrap()];
        *value = sha256(&[value.as_slice(), &sha256(data)].concat());
    }
    (log, values)
}

/// A machine's TPM.
pub struct PaperTpm {
    pub number: u8,
    pub ek: PrivateKey,
    pub aik: PrivateKey,
}

impl PaperTpm {
    pub fn new(number: u8) -> Self {
        Self { number, ek: endorsement_key(number), aik: key(number, "aik") }
    }

    pub fn aik_area(&self) -> Vec<u8> {
        area(self.aik.public(), AIK)
    }

    pub fn ek_certificate(&self, now: Utc) -> Vec<u8> {
        let validity = (now.plus_days(-100), now.plus_days(1000));
        ek_certificate("vendor", self.ek.public(), validity, Usage::EndorsementKey)
    }

    /// The second half of `TPM2_ActivateCredential`, written once more from part 1.
    pub fn activate(&self, reply: &ChallengeReply, aik_area: &[u8]) -> Vec<u8> {
        let (point, _) = unsized_prefix(&reply.encrypted_secret);
        let (x, rest) = unsized_prefix(point);
        let (y, _) = unsized_prefix(rest);
        let ephemeral = PublicKey::p256(x.try_into().unwrap(), y.try_into().unwrap()).unwrap();
        let z = self.ek.ecdh(&ephemeral).unwrap();
        let (ours, _) = coordinates(self.ek.public());
        let seed = sha256(&[[0, 0, 0, 1].as_slice(), &z, b"IDENTITY\0", x, &ours].concat());
        let derive = |label: &[u8], context: &[u8]| {
            let bits = 256_u32.to_be_bytes();
            hmac_sha256(&seed, &[[0, 0, 0, 1].as_slice(), label, &[0], context, &bits].concat())
        };
        let name = name(aik_area);
        let (blob, _) = unsized_prefix(&reply.credential_blob);
        let (integrity, identity) = unsized_prefix(blob);
        let expected = hmac_sha256(&derive(b"INTEGRITY", &[]), &[identity, &name].concat());
        assert_eq!(integrity, expected, "the credential is for this key");
        let key = derive(b"STORAGE", &name);
        let mut plain = Vec::new();
        let mut feedback = [0; 16];
        for chunk in identity.chunks(16) {
            let mask = aes_256_cbc_encrypt(&key, &[0; 16], &feedback);
            plain.extend(chunk.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
            feedback[..chunk.len()].copy_from_slice(chunk);
        }
        unsized_prefix(&plain).0.to_vec()
    }
}

/// A run with the service, step by step; each can be spoilt.
pub struct Run<'a> {
    pub cloud: &'a Cloud,
    pub tpm: PaperTpm,
    pub ticket: String,
    pub registration: Guid,
}

pub fn send<T: Serialize>(cloud: &Cloud, path: &str, message: &T) -> Answer {
    post(format!("{HOST}{path}"), "application/json", serde_json::to_string(message).unwrap()).send(cloud)
}

#[track_caller]
fn read<T: DeserializeOwned>(answer: &Answer) -> T {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// What this TPM measured at its last boot.
fn measured() -> (Vec<u8>, [[u8; 32]; 24]) {
    boot(&[(0, b"firmware"), (4, b"boot manager"), (7, b"secure boot"), (11, b"windows")])
}

impl<'a> Run<'a> {
    pub fn new(cloud: &'a Cloud, number: u8) -> Self {
        let ticket = device_ticket(cloud, number);
        let profile = super::steps::profile(cloud, &ticket).ok().json();
        let registration = profile["ZtdRegistrationId"].as_str().unwrap().parse().unwrap();
        cloud.drain_journal();
        Self { cloud, tpm: PaperTpm::new(number), ticket, registration }
    }

    pub fn challenge_with(&self, change: impl FnOnce(&mut ChallengeRequest)) -> Answer {
        let mut request = ChallengeRequest {
            version: VERSION,
            ztd_registration_id: self.registration,
            device_ticket: self.ticket.clone(),
            ek_certificate: Some(self.tpm.ek_certificate(self.cloud.now())),
            ek_chain: Vec::new(),
            ek_public: area(self.tpm.ek.public(), EK),
            aik_public: self.tpm.aik_area(),
            tpm: TpmDescription { manufacturer: "FAKE".into(), firmware: "7.2.0.1".into() },
        };
        change(&mut request);
        send(self.cloud, CHALLENGE_PATH, &request)
    }

    #[track_caller]
    pub fn challenge(&self) -> ChallengeReply {
        read(&self.challenge_with(|_| ()))
    }

    /// The proof for a challenge.
    pub fn proof(&self, reply: &ChallengeReply) -> AttestRequest {
        let (log, values) = measured();
        let pcrs = &reply.pcr_selection.pcrs;
        let values: Vec<PcrValue> = pcrs
            .iter()
            .map(|pcr| PcrValue { index: *pcr, digest: values[usize::from(*pcr)].to_vec() })
            .collect();
        let digest = sha256(&values.iter().flat_map(|v| v.digest.clone()).collect::<Vec<u8>>());
        let quote = quote_statement(&reply.nonce, pcrs, &digest);
        AttestRequest {
            version: VERSION,
            request_id: reply.request_id,
            secret: self.tpm.activate(reply, &self.tpm.aik_area()),
            signature: sign(&self.tpm.aik, &quote),
            quote,
            pcrs: values,
            event_log: log,
        }
    }

    /// A proof that is spoilt; the quote is signed again, over what it is then.
    pub fn attest_with(&self, change: impl FnOnce(&mut AttestRequest)) -> Answer {
        let mut proof = self.proof(&self.challenge());
        change(&mut proof);
        proof.signature = sign(&self.tpm.aik, &proof.quote);
        self.attest_as(&proof)
    }

    pub fn attest_as(&self, proof: &AttestRequest) -> Answer {
        send(self.cloud, ATTEST_PATH, proof)
    }

    #[track_caller]
    pub fn attest(&self) -> AttestReply {
        read(&self.attest_as(&self.proof(&self.challenge())))
    }

    /// The request for a device token for a device's key.
    pub fn certified(&self, attested: &AttestReply, key: &PublicKey) -> DeviceTokenRequest {
        let public = area(key, KEY);
        let statement = certify_statement(&attested.nonce, &name(&public));
        DeviceTokenRequest {
            version: VERSION,
            ztd_registration_id: self.registration,
            aik_certificate: attested.aik_certificate.clone(),
            key_public: public,
            signature: sign(&self.tpm.aik, &statement),
            certification: statement,
        }
    }

    pub fn token_as(&self, request: &DeviceTokenRequest) -> Answer {
        send(self.cloud, DEVICE_TOKEN_PATH, request)
    }

    /// The whole run, up to what a join takes.
    #[track_caller]
    pub fn to_join(&self, device: &TestDevice) -> Join {
        let attested = self.attest();
        let request = self.certified(&attested, device.device_key.public());
        let reply: DeviceTokenReply = read(&self.token_as(&request));
        let mut body = device.join_body(|_| ());
        body["AikCertificate"] = json!(base64_encode(&attested.aik_certificate));
        let statement = KeyAttestation {
            public: request.key_public,
            attest: request.certification,
            signature: request.signature,
        };
        body["AttestationData"] = json!(base64_encode(&statement.encode()));
        body["Attributes"]["MSA-DDID"] = json!(base64_encode(self.ticket.as_bytes()));
        Join { token: reply.device_token, body, statement }
    }
}

/// A join without a user, ready to be sent.
pub struct Join {
    pub token: String,
    pub body: Value,
    pub statement: KeyAttestation,
}

impl Join {
    pub fn send(&self, cloud: &Cloud) -> Answer {
        join_with(cloud, &self.token, &self.body)
    }

    /// With another statement.
    pub fn stating(mut self, change: impl FnOnce(&mut KeyAttestation)) -> Self {
        change(&mut self.statement);
        self.body["AttestationData"] = json!(base64_encode(&self.statement.encode()));
        self
    }
}

/// What a device keeps of a join that succeeded.
#[track_caller]
pub fn keep(answer: &Answer, device: &mut TestDevice) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let certificate = answer.json()["Certificate"]["RawBody"].as_str().unwrap().to_owned();
    device.device_certificate = base64_decode(&certificate).unwrap();
    let parsed = oobe_wire::x509::parse_certificate(&device.device_certificate).unwrap();
    device.entra_id = Some(parsed.subject_cn.parse().unwrap());
}
