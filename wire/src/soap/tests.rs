//! The enrolment dialogue, message by message.

use super::*;
use proptest::prelude::*;

fn header(security: Security) -> RequestHeader {
    RequestHeader::new(crate::ids::Guid::NIL, "https://mdm.test/EnrollmentServer/Enrollment.svc", security)
}

fn response() -> ResponseHeader {
    ResponseHeader { relates_to: Some("urn:uuid:1".into()), activity_id: Some("a-1".into()) }
}

fn discover() -> Discover {
    Discover {
        header: header(Security::None),
        email: "alice@contoso.test".into(),
        request_version: "4.0".into(),
        device_type: "CIMClient_Windows".into(),
        application_version: "10.0.26100.2033".into(),
        os_edition: 4,
        auth_policies: vec![AuthPolicy::OnPremise, AuthPolicy::Federated],
    }
}

fn token_request(security: Security) -> RequestSecurityToken {
    let context = [("DeviceType", "CIMClient_Windows"), ("DeviceID", "2C45"), ("EnrollmentType", "Device")];
    RequestSecurityToken {
        header: header(security),
        token_type: ns::DEVICE_ENROLLMENT_TOKEN.into(),
        request_type: RequestType::Issue,
        csr_der: vec![0x30, 0x82, 1, 2],
        context: context.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    }
}

#[test]
fn discover_request() {
    insta::assert_snapshot!(discover().write());
    assert_eq!(Discover::parse(discover().write().as_bytes()), Ok(discover()));
}

#[test]
fn get_policies_request() {
    let user = Security::UsernameToken { user: "alice".into(), password: " p<w ".into() };
    let hints = vec![("TPMManufacturer".to_owned(), "MSFT".to_owned())];
    let request = GetPolicies { header: header(user), client_hints: hints };
    insta::assert_snapshot!(request.write());
    assert_eq!(GetPolicies::parse(request.write().as_bytes()), Ok(request));
}

#[test]
fn token_request_with_an_entra_token() {
    let request = token_request(Security::Jwt("e30.e30.".into()));
    let text = request.write();
    insta::assert_snapshot!(text);
    assert_eq!(RequestSecurityToken::parse(text.as_bytes()), Ok(request));
    // What servers search the raw text for (reference: protocols, G item 1).
    for part in [
        "<a:MessageID>urn:uuid:",
        "<wsse:BinarySecurityToken ValueType=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS10\" \
         EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary\">",
        "<ac:ContextItem Name=\"DeviceID\"><ac:Value>2C45</ac:Value></ac:ContextItem>",
        "<ac:ContextItem Name=\"EnrollmentType\"><ac:Value>Device</ac:Value></ac:ContextItem>",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn every_security_round_trips_and_hides() {
    for security in [
        Security::None,
        Security::Jwt("a.b.c".into()),
        Security::DeviceEnrollmentUserToken("<wresult/>".into()),
        Security::UsernameToken { user: "u".into(), password: "p".into() },
        Security::Other { value_type: "urn:x".into(), text: "dA==".into() },
    ] {
        let request = token_request(security.clone());
        let parsed = RequestSecurityToken::parse(request.write().as_bytes()).unwrap();
        assert_eq!(parsed.header.security, security);
        assert!(security == Security::None || format!("{security:?}").ends_with("(***)"));
    }
}

#[test]
fn a_token_that_was_not_encoded_again_is_read() {
    let text =
        token_request(Security::Other { value_type: ns::JWT.into(), text: "e30.e30.AA".into() }).write();
    let parsed = RequestSecurityToken::parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.header.security, Security::Jwt("e30.e30.AA".into()));
}

#[test]
fn discover_response() {
    let result = DiscoverResult {
        auth_policy: AuthPolicy::Federated,
        enrollment_version: "5.0".into(),
        policy_url: Some("https://mdm.test/policy".into()),
        enrollment_url: "https://mdm.test/enroll".into(),
        authentication_url: Some("https://mdm.test/login".into()),
    };
    let text = result.write(&response());
    insta::assert_snapshot!(text);
    assert_eq!(DiscoverResult::parse(text.as_bytes()), Ok(result));
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    assert_eq!(envelope.action, ns::ACTION_DISCOVER_RESPONSE);
    assert_eq!(envelope.relates_to.as_deref(), Some("urn:uuid:1"));
    assert_eq!(envelope.activity_id.as_deref(), Some("a-1"));
}

#[test]
fn policies_response() {
    let azure = AzureAttestation {
        nonce: "n".into(),
        relying_party_id: "r".into(),
        endpoint_uri: "https://attest.test".into(),
    };
    let attestation = AttestationPolicy {
        on_failure: OnAttestationFailure::Retry,
        timeout_seconds: 60,
        azure: Some(azure),
    };
    let result = PoliciesResult {
        key_length: 4096,
        hash_oid: "1.3.14.3.2.29".into(),
        validity_seconds: Some(1_209_600),
        renewal_seconds: Some(172_800),
        attestation: Some(attestation),
    };
    let text = result.write(&response());
    insta::assert_snapshot!(text);
    assert_eq!(PoliciesResult::parse(text.as_bytes()), Ok(result));
}

#[test]
fn a_server_may_say_almost_nothing_about_policy() {
    let text = "<s:Envelope><s:Body><xcep:GetPoliciesResponse/></s:Body></s:Envelope>";
    assert_eq!(PoliciesResult::parse(text.as_bytes()), Ok(PoliciesResult::default()));
    let old = PoliciesResult {
        attestation: Some(AttestationPolicy {
            on_failure: OnAttestationFailure::Ignore,
            timeout_seconds: 100,
            azure: None,
        }),
        ..PoliciesResult::default()
    };
    assert_eq!(PoliciesResult::parse(old.write(&response()).as_bytes()), Ok(old));
}

#[test]
fn token_response() {
    let result = TokenResponse { provisioning_doc: b"<wap-provisioningdoc/>".to_vec() };
    let text = result.write(&response());
    insta::assert_snapshot!(text);
    assert_eq!(TokenResponse::parse(text.as_bytes()), Ok(result.clone()));
    let spaced = text.replace("PHdhc", "\r\n  PHd hc");
    assert_eq!(TokenResponse::parse(spaced.as_bytes()), Ok(result));
}

#[test]
fn fault() {
    let fault = Fault::of(&EnrollmentFault::DeviceCapReached, "Too many devices", "t-1");
    let text = fault.write(&response());
    insta::assert_snapshot!(text);
    assert_eq!(Fault::parse(text.as_bytes()), Ok(Some(fault.clone())));
    let fault = ReplyError::Fault(Box::new(fault));
    assert_eq!(TokenResponse::parse(text.as_bytes()), Err(fault.clone()));
    assert_eq!(DiscoverResult::parse(text.as_bytes()), Err(fault.clone()));
    assert_eq!(PoliciesResult::parse(text.as_bytes()), Err(fault));
    assert_eq!(Fault::parse(discover().write().as_bytes()), Ok(None));
}

#[test]
fn faults_mean_what_they_were_made_from() {
    use EnrollmentFault as F;
    for meaning in [
        F::MessageFormat,
        F::Authentication,
        F::Authorization,
        F::CertificateRequest,
        F::EnrollmentServer,
        F::InternalServiceFault,
        F::InvalidSecurity,
        F::DeviceCapReached,
        F::DeviceNotSupported,
        F::NotSupported,
        F::NotEligibleToRenew,
        F::InMaintenance,
        F::UserLicense,
        F::InvalidEnrollmentData,
        F::CustomServerError("Call us".into()),
        F::Unknown,
    ] {
        assert_eq!(Fault::of(&meaning, "reason", "t").meaning(), meaning);
    }
    let mut fault = Fault::of(&F::UserLicense, "reason", "t");
    fault.detail.as_mut().unwrap().error_type = "New".into();
    assert_eq!(fault.meaning(), F::Authorization);
    assert_eq!(fault.to_string(), "s:Authorization (New): reason");
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert_eq!(TokenResponse::parse(b" \r\n"), Err(ReplyError::Empty));
    let missing = |what| Err(ReplyError::Format(SoapError::Missing(what)));
    assert_eq!(DiscoverResult::parse(b"<html/>"), missing("Envelope"));
    assert_eq!(DiscoverResult::parse(b"<Envelope/>"), missing("Body"));
    let text = "<Envelope><Body><DiscoverResponse><DiscoverResult><AuthPolicy>Magic</AuthPolicy></DiscoverResult>\
                </DiscoverResponse></Body></Envelope>";
    let value = ReplyError::Format(SoapError::Value("AuthPolicy"));
    assert_eq!(DiscoverResult::parse(text.as_bytes()), Err(value));
}

/// Text as elements hold it: without white space at its ends, which reading drops.
const WORD: &str = "[!-~]([ -~]{0,10}[!-~])?";

proptest! {
    #[test]
    fn requests_round_trip(
        email in WORD, csr_der: Vec<u8>, jwt in "[a-zA-Z0-9_.-]{1,20}",
        context in proptest::collection::vec(("[a-zA-Z]{1,8}", WORD), 0..4),
    ) {
        let discover = Discover { email, ..discover() };
        prop_assert_eq!(Discover::parse(discover.write().as_bytes()), Ok(discover));
        let request = RequestSecurityToken { csr_der, context, ..token_request(Security::Jwt(jwt)) };
        prop_assert_eq!(RequestSecurityToken::parse(request.write().as_bytes()), Ok(request));
    }

    #[test]
    fn faults_round_trip(reason in WORD, subcode in proptest::option::of(WORD), trace_id in WORD) {
        let detail = ServiceError { error_type: "X".into(), message: reason.clone(), trace_id };
        let fault = Fault { code: "s:Receiver".into(), subcode, reason, detail: Some(detail) };
        prop_assert_eq!(Fault::parse(fault.write(&response()).as_bytes()), Ok(Some(fault)));
    }

    #[test]
    fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
        let mut text = token_request(Security::Jwt("a.b.c".into())).write().into_bytes();
        let at = at.index(text.len());
        text[at] = value;
        for xml in [&bytes, &text] {
            let _ = (Envelope::parse(xml), Fault::parse(xml));
            let _ = (Discover::parse(xml), GetPolicies::parse(xml), RequestSecurityToken::parse(xml));
            let _ = (DiscoverResult::parse(xml), PoliciesResult::parse(xml), TokenResponse::parse(xml));
        }
    }
}
