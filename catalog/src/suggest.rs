//! Near misses: what a mistyped word may have meant.

/// The nearest of the candidates, nearest first, at most `limit`: prefixes and small edit distances, case and separators
/// aside.
pub(crate) fn nearest<'a>(
    query: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    limit: usize,
) -> Vec<String> {
    let query = plain(query);
    if query.is_empty() {
        return Vec::new();
    }
    // one slip in four characters
    let allowed = (query.len() / 4).clamp(1, 4);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = plain(candidate);
            let prefix = query.len() >= 3 && other.starts_with(&query);
            let far = if prefix { 1 } else { distance(&query, &other, allowed) };
            (far <= allowed).then_some((far, candidate))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(limit).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Lower case, separators as one space.
pub(crate) fn plain(text: &str) -> Vec<u8> {
    let spaced = text.trim().bytes().map(|b| match b {
        b'_' | b'-' | b'.' | b'/' => b' ',
        other => other.to_ascii_lowercase(),
    });
    let mut out: Vec<u8> = Vec::new();
    for byte in spaced {
        if byte != b' ' || out.last() != Some(&b' ') {
            out.push(byte);
        }
    }
    out
}

/// Insertions, deletions, substitutions and swaps of neighbours; more than `most` if there are more.
fn distance(a: &[u8], b: &[u8], most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let d = |a: &str, b: &str| distance(a.as_bytes(), b.as_bytes(), 9);
        assert_eq!(d("kitten", "sitting"), 3);
        assert_eq!(d("ab", "ba"), 1);
        assert_eq!(d("", "abc"), 3);
        assert_eq!(distance(b"a", b"abcdef", 2), 3);
    }

    #[test]
    fn nearest_first() {
        let words = ["entra.signin", "entra.security-key", "esp.error", "hello.error"];
        assert_eq!(nearest("entra.sigin", words, 5), ["entra.signin"]);
        assert_eq!(nearest("ESP_eror", words, 5), ["esp.error"]);
        assert_eq!(nearest("entra", words, 5), ["entra.security-key", "entra.signin"]);
        assert!(nearest("zzzz", words, 5).is_empty());
    }
}
