//! Keeps secrets out of traces and reports. Those who write records mask what they know to be secret; this is the
//! second line: passwords of the scenario are blotted out wherever they turn up, and so are secrets in URLs.

use std::borrow::Cow;

use oobe_wire::secret::Secret;

use super::{Record, write};
use crate::scenario::Spec;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter ones are left to those who know where they stand: blotting out every `a` would leave nothing to read.
const SHORTEST: usize = 6;

/// Query parameters whose values are secrets.
const SECRET_PARAMETERS: &[&str] = &[
    "access_token",
    "assertion",
    "client_secret",
    "code",
    "id_token",
    "nonce",
    "opaqueblob",
    "password",
    "refresh_token",
    "request",
    "request_nonce",
    "sig",
    "token",
    "wresult",
];

/// Secrets to be blotted out.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    /// As they stand in JSON, longest first.
    secrets: Vec<Secret<String>>,
}

impl Mask {
    /// Blots out these.
    pub fn of<'s>(secrets: impl IntoIterator<Item = &'s Secret<String>>) -> Self {
        let mut escaped: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.expose().len() >= SHORTEST)
            .map(|secret| {
                let json = serde_json::Value::String(secret.expose().clone()).to_string();
                json[1..json.len() - 1].to_owned()
            })
            .collect();
        escaped.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        escaped.dedup();
        Self { secrets: escaped.into_iter().map(Secret::new).collect() }
    }

    /// Blots out every password of the scenario.
    pub fn for_scenario(spec: &Spec) -> Self {
        let users = spec.tenant.values().flat_map(|t| t.user.values()).map(|u| &u.password);
        Self::of(users.chain(spec.person.values().flat_map(|p| &p.passwords)))
    }

    /// A record without the secrets.
    pub fn record<'r>(&self, record: &'r Record) -> Cow<'r, Record> {
        let json = write::plain(record);
        reread(record, &json, &self.json(&json))
    }

    /// A line of JSON without the secrets.
    pub fn json<'l>(&self, line: &'l str) -> Cow<'l, str> {
        let mut masked = Cow::Borrowed(line);
        for secret in &self.secrets {
            if masked.contains(secret.expose().as_str()) {
                masked = Cow::Owned(masked.replace(secret.expose().as_str(), MASK));
            }
        }
        masked
    }
}

/// The record of a line that was masked, for whoever has both.
pub(crate) fn reread<'r>(record: &'r Record, plain: &str, masked: &str) -> Cow<'r, Record> {
    if masked == plain {
        return Cow::Borrowed(record);
    }
    // A secret of digits may also stand in a number, by chance: that is no record any more, and gives nothing away.
    serde_json::from_str(masked).map_or(Cow::Borrowed(record), Cow::Owned)
}

/// A URL without the secrets in its query, and without the name and password before its host.
pub fn url(url: &str) -> Cow<'_, str> {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let before = without_user(before);
    let Some(query) = query else { return before };
    let masked: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => {
                Cow::Owned(format!("{name}={MASK}"))
            }
            _ => Cow::Borrowed(pair),
        })
        .collect();
    Cow::Owned(format!("{before}?{}", masked.join("&")))
}

fn without_user(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Cow::Borrowed(url) };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{scheme}://{MASK}@{host}{path}")),
        None => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blotted_out_as_json_writes_them() {
        let mask = Mask::of(&[Secret::new("pass\"word".to_owned()), Secret::new("abc".to_owned())]);
        assert_eq!(mask.json(r#"{"text":"my pass\"word, abc"}"#), r#"{"text":"my ***, abc"}"#);
        assert_eq!(format!("{mask:?}"), "Mask { secrets: [***] }");
    }

    #[test]
    fn secrets_in_queries_are_blotted_out() {
        assert_eq!(
            url("https://a.test/x?api-version=1.0&Code=s3cret"),
            "https://a.test/x?api-version=1.0&Code=***"
        );
        assert_eq!(url("https://a.test/x"), "https://a.test/x");
        assert_eq!(url("https://me:pw@a.test:8443/x@y?sig=1"), "https://***@a.test:8443/x@y?sig=***");
        assert_eq!(url("https://a.test/x@y"), "https://a.test/x@y");
    }
}
