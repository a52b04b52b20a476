//! Keeps secrets out of traces and reports. Those who write records mask what they know to be secret; this is the
//! second line: passwords of the scenario are blotted out wherever they turn up, and so are secrets in URLs.

use std::borrow::Cow;

use oobe_wire::secret::{Personal, Secret};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Record, write};
use crate::scenario::Spec;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter secrets are left to those who know where they stand: blotting out every `a` would leave nothing to read.
const SHORTEST: usize = 6;

/// Fields whose values are words of the trace's own format, whatever they look like.
const FORMAT_WORDS: &[&str] = &["kind", "note", "act", "slot", "place", "part", "command", "level", "method"];

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

/// Secrets, and what personal data is to be blotted out with them.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    /// Longest first.
    needles: Vec<Needle>,
}

/// Something that is not to be read.
#[derive(Debug, Clone)]
struct Needle {
    /// As it is.
    text: Secret<String>,
    /// As it stands in JSON.
    json: Secret<String>,
    /// What stands in its place.
    shown: String,
    /// Only where it is a word of its own: what is short stands in other words too.
    word: bool,
}

impl Needle {
    fn new(text: String, shown: String, word: bool) -> Self {
        let json = serde_json::Value::String(text.clone()).to_string();
        Self { json: Secret::new(json[1..json.len() - 1].to_owned()), text: Secret::new(text), shown, word }
    }

    /// Puts what may be shown in its place.
    fn replace(&self, text: &str, form: &str) -> Option<String> {
        let is_letter = |c: char| c.is_alphanumeric();
        let borders = |at: usize| {
            !self.word
                || !(text[..at].chars().next_back().is_some_and(is_letter)
                    || text[at + form.len()..].chars().next().is_some_and(is_letter))
        };
        let places: Vec<usize> =
            text.match_indices(form).map(|(at, _)| at).filter(|at| borders(*at)).collect();
        if places.is_empty() {
            return None;
        }
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for at in &places {
            masked.push_str(&text[from..*at]);
            masked.push_str(&self.shown);
            from = at + form.len();
        }
        masked.push_str(&text[from..]);
        Some(masked)
    }
}

impl Mask {
    /// Blots out these.
    pub fn of<'s>(secrets: impl IntoIterator<Item = &'s Secret<String>>) -> Self {
        let needle = |secret: &Secret<String>| Needle::new(secret.expose().clone(), MASK.to_owned(), false);
        let long = |secret: &&Secret<String>| secret.expose().len() >= SHORTEST;
        Self::default().with(secrets.into_iter().filter(long).map(needle))
    }

    /// Blots out every password of the scenario.
    pub fn for_scenario(spec: &Spec) -> Self {
        let users = spec.tenant.values().flat_map(|t| t.user.values()).map(|u| &u.password);
        Self::of(users.chain(spec.person.values().flat_map(|p| &p.passwords)))
    }

    /// Of these, besides, no more than [`Personal`] shows: also where they stand in a URL, and in lower case.
    #[must_use]
    pub fn and_personal<'p>(self, data: impl IntoIterator<Item = &'p str>) -> Self {
        let forms = |text: &'p str| {
            let shown = Personal::new(text).to_string();
            let plain = [text.to_owned(), text.to_lowercase()];
            let escaped = plain.clone().map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
            let at = plain.clone().map(|text| text.replace('@', "%40"));
            plain.into_iter().chain(escaped).chain(at).map(move |text| Needle::new(text, shown.clone(), true))
        };
        self.with(data.into_iter().flat_map(forms))
    }

    /// The same for everybody and every device that a scenario knows.
    #[must_use]
    pub fn and_personal_of(self, spec: &Spec) -> Self {
        let users = spec.tenant.values().flat_map(|tenant| tenant.user.values());
        let named = users.flat_map(|user| [user.upn.as_str(), user.name.as_str()]);
        let people = spec.person.values().map(|person| person.user.as_str());
        let devices = spec.device.values().map(|device| device.serial.as_str());
        self.and_personal(named.chain(people).chain(devices))
    }

    fn with(mut self, needles: impl Iterator<Item = Needle>) -> Self {
        self.needles.extend(needles.filter(|needle| !needle.text.expose().is_empty()));
        self.needles.sort_by(|a, b| {
            let (a_text, b_text) = (a.text.expose(), b.text.expose());
            b_text.len().cmp(&a_text.len()).then(a_text.cmp(b_text))
        });
        self.needles.dedup_by(|a, b| a.text.expose() == b.text.expose());
        self
    }

    /// A record without the secrets.
    pub fn record<'r>(&self, record: &'r Record) -> Cow<'r, Record> {
        let json = write::plain(record);
        reread(record, &json, &self.json(&json))
    }

    /// A line of JSON without the secrets: only what stands in strings is touched, so that it stays JSON.
    pub fn json<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if !self.needles.iter().any(|needle| line.contains(needle.json.expose().as_str())) {
            return Cow::Borrowed(line);
        }
        let mut masked = String::with_capacity(line.len());
        let (mut rest, mut key) = (line, "");
        while let Some((between, from)) = rest.split_once('"') {
            let (string, after) = from.split_at(end_of_string(from));
            let after = after.strip_prefix('"').unwrap_or(after);
            let is_key = after.starts_with(':');
            masked.push_str(between);
            masked.push('"');
            if is_key || FORMAT_WORDS.contains(&key) {
                masked.push_str(string);
            } else {
                masked.push_str(&self.without(string, |needle| &needle.json));
            }
            masked.push('"');
            key = if is_key { string } else { "" };
            rest = after;
        }
        masked.push_str(rest);
        Cow::Owned(masked)
    }

    /// Plain text without the secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.without(text, |needle| &needle.text)
    }

    fn without<'t>(&self, text: &'t str, form: impl Fn(&Needle) -> &Secret<String>) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for needle in &self.needles {
            let form = form(needle).expose().as_str();
            if let Some(without) = needle.replace(&masked, form) {
                masked = Cow::Owned(without);
            }
        }
        masked
    }
}

/// Where the string ends whose first quotation mark was read already.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// The record of a line that was masked, for whoever has both.
pub(crate) fn reread<'r>(record: &'r Record, plain: &str, masked: &str) -> Cow<'r, Record> {
    if masked == plain {
        return Cow::Borrowed(record);
    }
    // A secret may be a word of the format itself in a place that FORMAT_WORDS does not have: as such it gives nothing away.
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
        assert!(!format!("{mask:?}").contains("pass"));
        assert_eq!(mask.text("my pass\"word, abc"), "my ***, abc");
    }

    /// A password of digits may stand in a number by chance: the line stays JSON.
    #[test]
    fn what_is_no_string_stays_as_it_is() {
        let mask = Mask::of(&[Secret::new("123456".to_owned())]);
        let line = r#"{"t":1234567,"a":"x\\\"123456","b":["123456",123456]}"#;
        assert_eq!(mask.json(line), r#"{"t":1234567,"a":"x\\\"***","b":["***",123456]}"#);
    }

    #[test]
    fn personal_data_keeps_what_personal_shows_in_every_form_that_it_has_on_the_way() {
        let mask = Mask::default().and_personal(["Alice@contoso.test", "SN-12345", ""]);
        let line = r#"{"who":"Alice@contoso.test","url":"https://a.test/?login=alice%40contoso%2Etest","s":"SN-12345"}"#;
        assert_eq!(
            mask.json(line),
            r#"{"who":"A***@contoso.test","url":"https://a.test/?login=A***@contoso.test","s":"S***"}"#
        );
        assert_eq!(mask.text("alice%40contoso.test"), "A***@contoso.test");
    }

    #[test]
    fn words_of_the_format_stay_and_short_names_are_masked_where_they_are_words() {
        let mask = Mask::default().and_personal(["Screen", "Ann", "AB12"]);
        let line = r#"{"kind":"screen","screen":{"id":"oobe.region","title":"Ann's, not Annex's"},"s":"AB12 AB123"}"#;
        assert_eq!(
            mask.json(line),
            r#"{"kind":"screen","screen":{"id":"oobe.region","title":"A***'s, not Annex's"},"s":"A*** AB123"}"#
        );
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
