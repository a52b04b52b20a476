//! The management endpoint (C): whoever gets here has shown a certificate that this server's CA signed.

use super::devices::Device;
use super::esp;
use super::http::{Request, Response};
use super::plan::Trouble;
use super::route::{Answer, Desk};
use super::seen::What;
use super::syncml;

const SYNCML: &str = "application/vnd.syncml.dm+xml";

/// Answers a SyncML message of an enrolled device.
pub(crate) fn answer(desk: &Desk, request: &Request, device: &mut Device) -> Result<Answer, String> {
    let url = desk.management_url(&device.id);
    if !request.body.contains("</Target><Source><LocURI>") {
        return Err("no </Target><Source><LocURI> in the text".into());
    }
    let message = syncml::read(&request.body)?;
    if message.source != device.id {
        return Err(format!("the Source is {:?}, the certificate is of {:?}", message.source, device.id));
    }
    let mut remarks = remarks(request, &url, &message.target);
    let (manage, more) = device.take(&message);
    remarks.extend(more);
    let commands = match message.number {
        1 => esp::commands(&desk.plan, device),
        2 if device.session == 1 => esp::questions(),
        _ => Vec::new(),
    };
    let (own, commands) = device.want(&message, commands);
    let mut body = syncml::write(&message, own, &url, &commands);
    let mut announced_too_much = 0;
    match desk.plan.trouble {
        Some(Trouble::ShortBody) => announced_too_much = 64,
        Some(Trouble::CutBody) => {
            body.truncate(body.len() / 2);
            announced_too_much = 64;
        }
        _ => {}
    }
    let response = Response { announced_too_much, ..Response::new(200, SYNCML, body) };
    Ok(Answer { what: What::Manage(Box::new(manage)), response, remarks })
}

fn remarks(request: &Request, url: &str, target: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    let path = url.split_once("127.0.0.1").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    let expected = format!("{}&mode=Maintenance&Platform=WoA", path.unwrap_or_default());
    must(request.target == expected, format!("asked for {:?}, not {expected:?}", request.target));
    must(target.starts_with(url), format!("the Target is {target:?}, ADDR is {url:?}"));
    let kind = request.header("Content-Type").unwrap_or_default();
    must(kind.starts_with(SYNCML), format!("Content-Type is {kind:?}"));
    let accept = request.header("Accept").unwrap_or_default();
    must(accept.contains(SYNCML), format!("Accept is {accept:?}"));
    let agent = request.header("User-Agent").unwrap_or_default();
    must(agent.contains("OMA DM Client"), format!("User-Agent is {agent:?}"));
    for name in ["MS-CV", "client-request-id"] {
        must(request.header(name).is_some(), format!("no header {name}"));
    }
    found
}
