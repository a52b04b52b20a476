//! Keeps secrets out of traces and reports. Those who write records mask what they know to be secret; this is the
//! second line: passwords of the scenario are blotted out wherever they turn up, and so are secrets in URLs.

use std::borrow::Cow;

use oobe_wire::secret::Secret;

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

/// A URL without the secrets in its query.
pub fn url(url: &str) -> Cow<'_, str> {
    let Some((before, query)) = url.split_once('?') else { return Cow::Borrowed(url) };
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
    }
}
