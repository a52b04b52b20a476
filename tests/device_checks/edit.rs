//! One thing changed in one answer. Every edit tells whether it found what it was to change.

use oobe_agent::io::{HttpReply, HttpRequest};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::soap::TokenResponse;
use oobe_wire::syncml::{Body, Command, Message};
use oobe_wire::wap::{Characteristic, ProvisioningDoc};
use serde_json::Value;

/// Requests whose URL holds that.
pub(crate) fn url(part: &'static str) -> impl Fn(&HttpRequest) -> bool + Send + Sync {
    move |request| request.url.contains(part)
}

/// Requests of the side-car with that content type.
pub(crate) fn sidecar(kind: &'static str) -> impl Fn(&HttpRequest) -> bool + Send + Sync {
    move |request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        body["RequestContentType"] == kind
    }
}

/// Messages of management sessions.
pub(crate) fn session(request: &HttpRequest) -> bool {
    request.url.contains("/devicegatewayproxy/")
}

/// Replaces a text.
pub(crate) fn replace(reply: &mut HttpReply, from: &str, to: &str) -> bool {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    reply.body = body.replacen(from, to, 1).into_bytes();
    reply.body != body.into_bytes()
}

/// Replaces the text between two others.
pub(crate) fn replace_between(reply: &mut HttpReply, before: &str, after: &str, to: &str) -> bool {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    let Some(start) = body.find(before).map(|at| at + before.len()) else { return false };
    let Some(end) = body[start..].find(after).map(|at| at + start) else { return false };
    reply.body = [&body[..start], to, &body[end..]].concat().into_bytes();
    true
}

/// Puts something else in place of a SOAP answer; what looks whether the server is alive is none.
pub(crate) fn soap(reply: &mut HttpReply, change: impl Fn(&mut HttpReply)) -> bool {
    let is_soap = reply.header("content-type") == Some(oobe_wire::soap::CONTENT_TYPE);
    if is_soap {
        change(reply);
    }
    is_soap
}

/// Gives an element of an XML body another name: what has to be there is missing.
pub(crate) fn rename(reply: &mut HttpReply, element: &str) -> bool {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    reply.body = body.replace(element, "SomethingElse").into_bytes();
    reply.body != body.into_bytes()
}

/// Changes JSON.
pub(crate) fn json(reply: &mut HttpReply, change: impl Fn(&mut Value)) -> bool {
    let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) else { return false };
    let before = value.clone();
    change(&mut value);
    reply.body = value.to_string().into_bytes();
    value != before
}

/// Changes the JSON that a side-car answer carries as text.
pub(crate) fn payload(reply: &mut HttpReply, change: impl Fn(&mut Value)) -> bool {
    json(reply, |outer| {
        let text = outer["ResponsePayload"].as_str().unwrap_or_default();
        if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
            change(&mut inner);
            outer["ResponsePayload"] = Value::String(inner.to_string());
        }
    })
}

/// Turns one bit of the last byte over.
pub(crate) fn flip(reply: &mut HttpReply) -> bool {
    reply.body.last_mut().map(|last| *last ^= 1).is_some()
}

/// Changes a SyncML message.
pub(crate) fn syncml(reply: &mut HttpReply, change: impl Fn(&mut Message) -> bool) -> bool {
    let Ok(mut message) = Message::parse(&reply.body) else { return false };
    let changed = change(&mut message);
    if changed {
        reply.body = message.write().into_bytes();
    }
    changed
}

/// Changes the data that a message writes to the node whose URI holds `part`, inside an Atomic or not.
pub(crate) fn written(commands: &mut [Command], part: &str, data: &str) -> bool {
    commands.iter_mut().any(|command| match &mut command.body {
        Body::Atomic(inner) | Body::Sequence(inner) => written(inner, part, data),
        Body::Add { items } | Body::Replace { items } => {
            let wanted = items.iter_mut().find(|i| i.target.as_deref().is_some_and(|uri| uri.contains(part)));
            wanted.map(|item| item.data = Some(data.to_owned())).is_some()
        }
        _ => false,
    })
}

/// Changes the provisioning document in the answer that ends an enrolment.
pub(crate) fn provisioning(reply: &mut HttpReply, change: impl Fn(&mut ProvisioningDoc)) -> bool {
    let Ok(response) = TokenResponse::parse(&reply.body) else { return false };
    let mut doc = ProvisioningDoc::parse(&response.provisioning_doc).expect("the cloud writes a document");
    let before = doc.clone();
    change(&mut doc);
    doc != before && replace(reply, &base64_encode(&response.provisioning_doc), &doc.to_base64())
}

/// Puts something else in place of the provisioning document.
pub(crate) fn no_provisioning(reply: &mut HttpReply, document: &str) -> bool {
    let Ok(response) = TokenResponse::parse(&reply.body) else { return false };
    replace(reply, &base64_encode(&response.provisioning_doc), &base64_encode(document.as_bytes()))
}

/// The characteristic at the end of `kinds`, to be changed.
pub(crate) fn characteristic<'d>(doc: &'d mut ProvisioningDoc, kinds: &[&str]) -> &'d mut Characteristic {
    let (first, rest) = kinds.split_first().expect("a path has a beginning");
    let top = doc.characteristics.iter_mut().find(|c| c.kind == *first);
    rest.iter()
        .try_fold(top.expect("the document has it"), |node, kind| {
            node.children.iter_mut().find(|c| c.kind == *kind)
        })
        .expect("the document has it")
}

/// Sets a parameter that is there.
pub(crate) fn set(node: &mut Characteristic, name: &str, value: &str) {
    let parm = node.parms.iter_mut().find(|p| p.name == name).expect("the document has this parameter");
    parm.value = Some(value.to_owned());
}

/// The DER behind a member of a JSON body.
pub(crate) fn der_at(body: &[u8], pointer: &str) -> Vec<u8> {
    let value: Value = serde_json::from_slice(body).expect("a JSON body");
    base64_decode(value.pointer(pointer).and_then(Value::as_str).expect("it has this member"))
        .expect("base64")
}
