//! Keeps passwords out of what is shown of a scenario file when something is wrong in it.

use std::ops::Range;

/// Passwords blotted out: a line that is wrong is shown with its neighbours, and may be wrong at its password. As long as
/// before, so that places stay right. Files that are no TOML come here too, and keys that are misspelled, so it goes by lines
/// and, where it is not plain what belongs to a value, hides the rest of the line, and what is still open behind it.
pub(super) fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = Open::default();
    let mut in_table = false;
    for line in text.split_inclusive('\n') {
        if is_header(line) && !open.string {
            (open, in_table) = (Open::default(), is_of_passwords(line));
            out.push_str(line);
            continue;
        }
        let key = key_length(line).filter(|_| !open.string);
        let hidden = match key {
            Some(length) if in_table => std::iter::once(length..line.len()).collect(),
            None if in_table || open.is_open() => std::iter::once(0..line.len()).collect(),
            _ => secret_parts(line),
        };
        if key.is_some() {
            open = Open::default();
        }
        let mut from = 0;
        for part in hidden {
            out.push_str(&line[from..part.start]);
            blot(&line[part.clone()], &mut out);
            if part.end == line.len() {
                open.read(&line[part.clone()]);
            }
            from = part.end;
        }
        out.push_str(&line[from..]);
    }
    out
}

/// Stars in place of all but white space and the marks of TOML.
fn blot(value: &str, out: &mut String) {
    for c in value.chars() {
        if c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '[' | ']' | '{' | '}' | ',') {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('*', c.len_utf8()));
        }
    }
}

/// What of a hidden value is not closed yet.
#[derive(Default)]
struct Open {
    /// A string of several lines.
    string: bool,
    /// So many brackets.
    brackets: i32,
    /// The value is on the next line.
    value: bool,
}

impl Open {
    const fn is_open(&self) -> bool {
        self.string || self.brackets > 0 || self.value
    }

    fn read(&mut self, hidden: &str) {
        let balance = |text: &str| -> i32 {
            text.chars()
                .map(|c| match c {
                    '[' | '{' => 1,
                    ']' | '}' => -1,
                    _ => 0,
                })
                .sum()
        };
        // A comment may hold brackets, and a password may look like a comment.
        let before_comment = hidden.split('#').next().unwrap_or(hidden);
        self.brackets = (self.brackets + balance(hidden).max(balance(before_comment))).max(0);
        let longs = hidden.matches("\"\"\"").count() + hidden.matches("'''").count();
        self.string ^= longs % 2 == 1;
        self.value = hidden.trim().is_empty() && !self.string && self.brackets == 0;
    }
}

/// Whether the line is the head of a table.
fn is_header(line: &str) -> bool {
    let line = line.trim_start();
    let name = line.trim_start_matches('[');
    name.len() < line.len()
        && name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && !name.contains('=')
        && name.contains(']')
}

/// Whether the head of a table names passwords, and not something else that has the word in it.
fn is_of_passwords(header: &str) -> bool {
    let name = header.split(']').next().unwrap_or(header);
    let last = name.rsplit(['.', '[']).next().unwrap_or(name).trim();
    password_word(last)
        .is_some_and(|word| word.start == 0 && last[word.end..].chars().all(char::is_alphanumeric))
}

/// How long the key is that the line sets, with the sign behind it.
fn key_length(line: &str) -> Option<usize> {
    let (key, value) = line.split_once('=')?;
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ' | '\t');
    let closed = ['"', '\''].iter().all(|quote| key.matches(*quote).count() % 2 == 0);
    let sound = closed && !key.trim().is_empty() && key.chars().all(fits) && !value.starts_with('=');
    sound.then_some(key.len() + 1)
}

/// Where something that looks like the word begins and ends: with any number of `s`, in any case, and as it is often
/// misspelled.
fn password_word(line: &str) -> Option<Range<usize>> {
    let bytes = line.as_bytes();
    let is =
        |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|b| wanted.contains(&b.to_ascii_lowercase()));
    (0..bytes.len()).find_map(|at| {
        if !(is(at, b"p") && is(at + 1, b"a") && is(at + 2, b"s")) {
            return None;
        }
        let mut end = at + 3;
        for (optional, wanted) in [(usize::MAX, b"s".as_slice()), (1, b"-_"), (1, b"o")] {
            let begun = end;
            while end - begun < optional && is(end, wanted) {
                end += 1;
            }
        }
        is(end, b"w").then_some(at..end + 1)
    })
}

/// The parts of the line that may be passwords, in order.
fn secret_parts(line: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let Some(first) = password_word(line) else { return parts };
    // What is typed into a field of that name stands in `text`, before or behind it.
    let typed = line.contains("fill").then(|| line.find("text").map(|at| at + "text".len())).flatten();
    let mut words = vec![first.end];
    while let Some(next) = words.last().and_then(|from| password_word(&line[*from..])) {
        words.push(words.last().copied().unwrap_or_default() + next.end);
    }
    words.extend(typed);
    words.sort_unstable();
    for from in words {
        if parts.last().is_none_or(|part: &Range<usize>| part.end <= from) {
            parts.extend(value_behind(line, from));
        }
    }
    parts
}

/// The value of the key that goes on there.
fn value_behind(line: &str, from: usize) -> Option<Range<usize>> {
    let blank = [' ', '\t'];
    let in_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'');
    let behind = line[from..].trim_start_matches(in_key);
    let begins_line =
        line[..from].trim_start().len() <= "set-password".len() && !line.trim_start().starts_with('#');
    let key = line[..line.len() - behind.len()].trim_end();
    let behind = behind.trim_start_matches(blank);
    let value = behind.trim_start_matches(['=', ':']);
    let signed = value.len() < behind.len();
    let value = value.trim_start_matches(blank);
    // A page's name ends so too and has the acts on it behind it; an act has a table, and the password in it.
    let opens = value.trim_start_matches(['[', ' ', '\t']);
    let page = key.rsplit(['"', '\'']).nth(1).is_some_and(|name| name.contains('.'));
    let holds_tables = opens.starts_with('{') || opens.trim_end().is_empty() && value.starts_with('[');
    if holds_tables && page || opens.starts_with('{') && key.ends_with("set-password") {
        return None;
    }
    let is_value = signed || value.starts_with(['"', '\'', '[']) || begins_line && !value.trim().is_empty();
    if !is_value {
        return None;
    }
    let begin = line.len() - value.len();
    Some(begin..begin + string_length(value).unwrap_or(value.len()))
}

/// How long the string is that begins there, when it is plain to see where it ends.
fn string_length(value: &str) -> Option<usize> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    let length = value[1..].char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && quote == '"' && !escaped;
        closes.then_some(at + 2)
    })?;
    value[length..].trim_start_matches([' ', '\t']).starts_with([',', '}', ']']).then_some(length)
}

/// What is said of a mistake that is, or may be, a password's: what was found is not told, nor how to write it.
pub(super) fn unquoted(words: &str) -> String {
    let words = words.split_once(", found ").map_or(words, |(wanted, _)| wanted);
    words.split_once(": \"").map_or(words, |(what, _)| what).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_blotted_out_and_nothing_moves() {
        let shown = |text: &str| {
            let shown = without_passwords(text);
            assert_eq!(shown.len(), text.len());
            shown
        };
        // Whatever is wrong there, and whatever is not.
        for secret in [
            "\"SECRET\"",
            "SECRET",
            "\"SECRET",
            "'SECRET'",
            "12345SECRET",
            "P#SECRET",
            "a SECRET b",
            "\"ab\"SECRET\"",
            "\"\"\"SECRET\"\"\"",
            "\"\"\"\nSECRET\"\"\"",
            "\"\"\"\n[SECRET]\na = SECRET\"\"\"",
            "[\"SECRET\"]",
            "[\"one\",\n \"SECRET\", # it's\n]",
            "[\"one\", # [x]\n\"SECRET\"]",
            "[ # ]\n\"SECRET\"]",
            "\n[\"SECRET\"]",
            "\"x\" # was SECRET",
            "[[\"a\"], \"SECRET\"]",
            "[\"a=SECRET\",\n\"b=SECRET\"]",
            "[\n SECRET==\",\n]",
            "{ first = \"SECRET\" }",
        ] {
            for key in [
                "password",
                "passwords",
                "Password",
                "pAssword",
                "pasword",
                "passowrd",
                "pass-word",
                "passwort",
                "\"password\"",
                "person.a.passwords",
            ] {
                for between in [" = ", "=", ": ", " == ", "\t=\t"] {
                    let told = shown(&format!("b = 1\n{key}{between}{secret}\nc = 2\n"));
                    assert!(!told.contains("SECRET"), "{told}");
                    assert!(told.starts_with("b = 1\n") && told.ends_with("\nc = 2\n"), "{told}");
                }
            }
        }
        for text in [
            "password \"SECRET\"",
            "password SECRET",
            "[person.a.passwords]\nfirst = \"SECRET\"\n",
            "fill = { text = \"SECRET\", field = \"password\" }",
            "fill = { field = 'password', text = \"SECRET\" }",
        ] {
            assert!(!shown(text).contains("SECRET"), "{}", shown(text));
        }
        // And nothing else.
        for text in [
            "{ set-password = { user = \"a\", password = \"SECRET\" } }",
            "user={password=\"SECRET\", nmae = \"A\"}",
            "{ upn = \"a\", password = 'SECRET', c = 1 }",
            "[{ fill = { field = \"password\", text = \"SECRET\" } }, { press = \"Next\" }]",
        ] {
            assert_eq!(shown(text), text.replace("SECRET", "******"));
        }
        for harmless in [
            "# the password is told\n",
            "password",
            "\"entra.password\" = [{ press = \"Next\" }]\n",
            "at = \"entra.password\"\nb = 1\n",
            "\"entra.password\" = [\n  { press = \"Next\" },\n]\n",
            "[tenant.a.policy.password-length]\npreset = \"password-lenght\"\n",
            "[tenant.x.user.a] # password of a\nname = \"A\"\n",
            "screen = \"entra.password\" # the password's page\n",
        ] {
            assert_eq!(shown(harmless), harmless);
        }
        assert_eq!(shown("password = \"x\"\n[a]\nb = 1\n"), "password = \"*\"\n[a]\nb = 1\n");
    }

    #[test]
    fn what_is_said_of_a_password_does_not_quote_it() {
        assert_eq!(unquoted("expected a list, found the text \"SEKRIT12\""), "expected a list");
        assert_eq!(unquoted("put it in quotes: \"12345\""), "put it in quotes");
        assert_eq!(unquoted("this password is empty"), "this password is empty");
    }

    proptest::proptest! {
        #[test]
        fn any_text_keeps_its_length(text in "(password|passwords|[ =\\[\\]\"',\\\\ a\\n#ä]){0,20}") {
            proptest::prop_assert_eq!(without_passwords(&text).len(), text.len());
        }
    }
}
