//! Whether what was observed fits a pattern. Triggers and expectations ask the same questions.

use oobe_agent::eventlog::EventRecord;
use oobe_agent::screen::Screen;

use crate::scenario::spec::{EventPattern, Glob, RequestPattern};

/// Whether the screen carries that text somewhere: caption, lines, error, fields, entries, buttons, keys or rows.
pub fn screen_shows(screen: &Screen, text: &Glob) -> bool {
    texts(screen).any(|line| text.matches(line))
}

/// All texts that stand on a screen.
pub(crate) fn texts(screen: &Screen) -> impl Iterator<Item = &str> {
    let esp = screen.esp.iter().flat_map(|page| {
        let rows = page.phases.iter().flat_map(|phase| {
            let rows = phase.rows.iter().flat_map(|row| [&*row.title, &*row.status]);
            [phase.phase.title(), &*phase.status].into_iter().chain(rows)
        });
        page.message.as_deref().into_iter().chain(rows)
    });
    std::iter::once(screen.title.as_str())
        .chain(screen.text.iter().map(String::as_str))
        .chain(screen.error.as_deref())
        .chain(screen.facts.iter().flat_map(|f| [f.label.as_str(), f.value.as_str()]))
        .chain(screen.qr.as_deref())
        .chain(screen.fields.iter().flat_map(|f| [f.label.as_str(), f.value.as_str()]))
        .chain(screen.choices.iter().map(|c| c.label.as_str()))
        .chain(screen.buttons.iter().map(|b| b.label.as_str()))
        .chain(screen.keys.iter().map(String::as_str))
        .chain(esp)
}

/// Whether the event is the one meant.
pub fn event_fits(pattern: &EventPattern, event: &EventRecord) -> bool {
    let channel = |name: &str| {
        name.eq_ignore_ascii_case(&event.channel)
            || name.parse::<oobe_catalog::events::Channel>().is_ok_and(|wanted| {
                event.channel.parse() == Ok(wanted) || event.channel.eq_ignore_ascii_case(&wanted.full())
            })
    };
    pattern.id == event.id
        && pattern.channel.as_deref().is_none_or(channel)
        && pattern.text.as_ref().is_none_or(|text| text.matches(&event.text))
        && pattern.data.iter().all(|(name, value)| event.data.get(name).is_some_and(|v| value.matches(v)))
}

/// Whether a request to that URL is the one meant; what came of it is not looked at.
pub fn request_fits(pattern: &RequestPattern, method: &str, url: &str) -> bool {
    let (host, path) = host_and_path(url);
    pattern.host.as_ref().is_none_or(|h| h.matches(host))
        && pattern.path.as_ref().is_none_or(|p| p.matches(path))
        && pattern.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
}

/// Host (without port) and path (without query) of an absolute URL.
pub(crate) fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//")).unwrap_or(url);
    let first = |text: &str, of: &[u8]| text.bytes().position(|b| of.contains(&b)).unwrap_or(text.len());
    let (authority, rest) = rest.split_at(first(rest, b"/?#"));
    let path = &rest[..first(rest, b"?#")];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or(host) };
    (host, if path.is_empty() { "/" } else { path })
}

#[cfg(test)]
mod tests {
    use super::host_and_path;

    #[test]
    fn urls_are_taken_apart() {
        assert_eq!(host_and_path("https://a.test:8443/b/c?d=1"), ("a.test", "/b/c"));
        assert_eq!(host_and_path("http://a.test?x"), ("a.test", "/"));
        assert_eq!(host_and_path("https://[::1]:8/x"), ("[::1]:8", "/x"));
        assert_eq!(host_and_path("nonsense"), ("nonsense", "/"));
    }
}
