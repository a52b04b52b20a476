//! Any envelope is read or refused, as a request and as a reply.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::soap::{
    Discover, DiscoverResult, Envelope, Fault, GetPolicies, PoliciesResult, RequestSecurityToken, ResponseHeader,
    TokenResponse,
};

fuzz_target!(|xml: &[u8]| {
    let header = ResponseHeader::default();
    let _ = Envelope::parse(xml);
    if let Ok(Some(fault)) = Fault::parse(xml) {
        let _ = fault.meaning();
        Fault::parse(fault.write(&header).as_bytes()).expect("what is written is an envelope");
    }
    if let Ok(request) = Discover::parse(xml) {
        Discover::parse(request.write().as_bytes()).expect("what is written is a request");
    }
    if let Ok(request) = GetPolicies::parse(xml) {
        GetPolicies::parse(request.write().as_bytes()).expect("what is written is a request");
    }
    if let Ok(request) = RequestSecurityToken::parse(xml) {
        RequestSecurityToken::parse(request.write().as_bytes()).expect("what is written is a request");
    }
    let _ = DiscoverResult::parse(xml);
    let _ = PoliciesResult::parse(xml);
    let _ = TokenResponse::parse(xml);
});
