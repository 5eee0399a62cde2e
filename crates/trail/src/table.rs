//! Acts as CSV (RFC 4180) and as cells of a table.

use crate::act::Acted;

/// The columns.
pub const COLUMNS: [&str; 7] = ["time", "entry", "who", "action", "class", "about", "note"];

/// The cells of one act.
pub fn cells(acted: &Acted, note: Option<&str>) -> [String; 7] {
    [
        acted.at.to_rfc3339(),
        acted.entry.to_string(),
        acted.who(),
        acted.action.clone(),
        acted.class().name().to_owned(),
        acted.about(),
        note.unwrap_or_default().to_owned(),
    ]
}

/// One line of CSV, with its end.
pub fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it: a note is what somebody typed.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if is_formula { "'" } else { "" };
    if is_formula || cell.contains([',', '"', '\n', '\r']) {
        format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_cell_and_is_never_a_formula() {
        assert_eq!(line(&["a", "b,c", "say \"x\"", "=1+1", ""]), "a,\"b,c\",\"say \"\"x\"\"\",\"'=1+1\",\r\n");
    }
}
