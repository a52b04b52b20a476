//! Small pieces of Rust text.

/// A string literal.
pub(crate) fn str(text: &str) -> String {
    format!("{text:?}")
}

/// An optional string literal.
pub(crate) fn opt(text: Option<&String>) -> String {
    text.map_or_else(|| "None".into(), |t| format!("Some({t:?})"))
}

/// A slice of string literals.
pub(crate) fn strs(list: &[String]) -> String {
    format!("&{list:?}")
}

/// A slice of numbers.
pub(crate) fn nums<T: std::fmt::Debug>(list: &[T]) -> String {
    format!("&{list:?}")
}

/// A number with separators, as clippy wants it: `0x8007_05B4`.
pub(crate) fn hex(value: u32) -> String {
    format!("0x{:04X}_{:04X}", value >> 16, value & 0xFFFF)
}

/// A number with separators: `700_003`.
pub(crate) fn number(value: u32) -> String {
    let text = value.to_string();
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        if n > 0 && (text.len() - n).is_multiple_of(3) {
            out.push('_');
        }
        out.push(c);
    }
    out
}

/// The name of a const: letters and digits, the rest as underscores, upper case.
pub(crate) fn ident(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A doc attribute; what rustdoc would take for a link or a tag is escaped.
pub(crate) fn doc(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        if matches!(c, '[' | ']' | '<' | '>' | '*' | '_' | '`' | '|') {
            safe.push('\\');
        }
        safe.push(c);
    }
    // rustdoc warns of bare addresses
    let safe = safe.replace("https://", "");
    format!("#[doc = {safe:?}]\n")
}

/// A basis: `seed`, `learn@2026-09`, `observed@26100`, `public`, `model`.
pub(crate) fn basis(text: &str) -> String {
    match text.split_once('@') {
        None if text == "seed" => "Basis::Seed".into(),
        None if text == "public" => "Basis::Public".into(),
        None if text == "model" => "Basis::Model".into(),
        Some(("learn", when)) => {
            let (year, month) = when.split_once('-').expect("learn@YYYY-MM");
            format!("Basis::Learn({}, {})", year, month.trim_start_matches('0'))
        }
        Some(("observed", build)) => {
            format!("Basis::Observed({})", number(build.parse().expect("observed@BUILD")))
        }
        _ => panic!("unknown basis {text}"),
    }
}

/// A table: `static TABLE: [T; n]` and a const for each row.
pub(crate) fn table(of: &str, rows: &[Row]) -> String {
    let values: String = rows.iter().map(|row| row.value.clone() + ",\n").collect();
    let consts = rows
        .iter()
        .enumerate()
        .map(|(n, row)| format!("{}pub const {}: &{of} = &TABLE[{n}];\n", doc(&row.doc), row.name));
    format!("static TABLE: [{of}; {}] = [\n{values}];\n{}", rows.len(), consts.collect::<String>())
}

/// A slice of structs with a name of its own.
pub(crate) fn list(name: &str, of: &str, values: impl Iterator<Item = String>) -> String {
    let values: String = values.map(|value| value + ",\n").collect();
    format!("static {name}: &[{of}] = &[\n{values}];\n")
}

/// One row of a table.
pub(crate) struct Row {
    /// Name of the const.
    pub(crate) name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// The struct expression.
    pub(crate) value: String,
}
