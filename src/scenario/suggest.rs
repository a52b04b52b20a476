//! "Did you mean": the closest of the names that would have been right.

/// At most three names close to `wrong`, the closest first.
pub fn close<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_lowercase();
    let mut scored: Vec<(f64, &str)> = right
        .into_iter()
        .map(|name| {
            let folded = name.to_lowercase();
            let part = folded.contains(&wrong) || wrong.contains(&folded);
            let score = strsim::jaro_winkler(&wrong, &folded);
            (if part && wrong.len() > 2 { score.max(0.85) } else { score }, name)
        })
        .filter(|(score, _)| *score > 0.84)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// ``did you mean `x`, or `y`?``; empty when nothing comes close.
pub fn question<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let close: Vec<String> = close(wrong, right).iter().map(|name| format!("`{name}`")).collect();
    (!close.is_empty()).then(|| format!("did you mean {}?", close.join(", or ")))
}

/// ``did you mean `x`? `` when something is close, and everything that is allowed.
pub fn help(wrong: &str, allowed: &[&str]) -> String {
    let list = || allowed.iter().map(|a| format!("`{a}`")).collect::<Vec<_>>().join(", ");
    match (close(wrong, allowed.iter().copied()).first(), allowed.len()) {
        (_, 0) => "nothing can stand here".to_owned(),
        (Some(best), 1) => format!("did you mean `{best}`?"),
        (Some(best), _) => format!("did you mean `{best}`? Allowed: {}", list()),
        (None, _) => format!("allowed: {}", list()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_come_first() {
        let names = ["device", "devices", "tenant", "person"];
        assert_eq!(close("devcie", names)[0], "device");
        assert!(close("zzz", names).is_empty());
        assert_eq!(help("tennant", &["tenant"]), "did you mean `tenant`?");
    }
}
