//! Writes a matrix of who may do what, for people to read and for version control to compare: a line
//! for each operation, in one order, and nothing that changes from run to run.

use std::fmt::Write as _;

use crate::model::Access;
use crate::model::AccessCell;
use crate::model::AccessMatrix;
use crate::model::AccessRow;

/// What stands before it.
const HEAD: &str = "\
# Who may do what. Written by `shakedown scan PLAN --write-access FILE`, and compared with by a plan
# that has `scan: { access: { matrix: FILE } }`. Read what has changed before it is committed.
version: 1
";

/// Characters of an operation that leave cells below each other. A longer one sticks out: a width
/// that follows the longest would change every line with it.
const WIDTH: usize = 40;

/// Bytes of a key that stands on the line of its value: less than YAML takes (1.2.2, 7.4.2).
const LONGEST_KEY: usize = 900;

/// Words that YAML, old or new, takes for something else than text.
const TYPED: [&str; 12] =
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];

/// Why a `write!` here cannot fail.
const INFALLIBLE: &str = "writing to a string cannot fail";

/// The file that a plan's `scan.access.matrix` names. What could not be told this time stays as it
/// was expected.
pub fn access_text(matrix: &AccessMatrix) -> String {
    let mut out = HEAD.to_owned();
    let names: Vec<String> = matrix.identities.iter().map(|name| word(name)).collect();
    writeln!(out, "identities: [ {} ]", names.join(", ")).expect(INFALLIBLE);
    if matrix.operations.is_empty() {
        out.push_str("operations: {}\n");
        return out;
    }
    out.push_str("operations:\n");
    let mut rows: Vec<&AccessRow> = matrix.operations.iter().collect();
    rows.sort_by(|a, b| (&a.path_template, &a.method).cmp(&(&b.path_template, &b.method)));
    for row in rows {
        let pairs = names.iter().zip(&row.cells);
        let cells: Vec<String> =
            pairs.map(|(name, cell)| format!("{name}: {}", kept(*cell).as_str())).collect();
        let (key, cells) = (key(&row.name()), cells.join(", "));
        if key.len() > LONGEST_KEY {
            writeln!(out, "  ? {key}\n  : {{ {cells} }}").expect(INFALLIBLE);
        } else {
            let key = key + ":";
            writeln!(out, "  {key:<WIDTH$} {{ {cells} }}").expect(INFALLIBLE);
        }
    }
    out
}

/// What is written of a cell.
fn kept(cell: AccessCell) -> Access {
    match (cell.now, cell.expected) {
        (Access::Error, Some(expected)) => expected,
        (now, _) => now,
    }
}

/// An operation as a key.
fn key(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " /_.{}~-".contains(c);
    let starts_plain = name.starts_with(|c: char| c.is_ascii_uppercase());
    let is_plain = starts_plain && name.chars().all(is_plain) && !name.ends_with(' ');
    if is_plain && !name.contains("  ") { name.to_owned() } else { quoted(name) }
}

/// A name of an identity, in brackets or braces.
fn word(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let starts_plain = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_typed = TYPED.iter().any(|typed| name.eq_ignore_ascii_case(typed));
    let is_plain = starts_plain && name.chars().all(is_plain) && !is_typed;
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// Any text on one line, in double quotes (YAML 1.2.2, 5.7).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => write!(out, "\\U{:08x}", u32::from(c)).expect(INFALLIBLE),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::file::access_matrix;
    use super::*;

    fn row(method: &str, path: &str, cells: &[Access]) -> AccessRow {
        AccessRow {
            method: method.to_owned(),
            path_template: path.to_owned(),
            cells: cells.iter().copied().map(AccessCell::new).collect(),
            is_listed: false,
        }
    }

    fn matrix(identities: &[&str], operations: Vec<AccessRow>) -> AccessMatrix {
        let identities = identities.iter().map(ToString::to_string).collect();
        AccessMatrix { identities, operations, ..AccessMatrix::default() }
    }

    #[test]
    fn a_line_for_each_operation_by_path() {
        let (deny, allow, same) = (Access::Deny, Access::Allow, Access::Same);
        let operations = vec![
            row("GET", "/api/products", &[allow, same]),
            row("POST", "/api/orders", &[deny, allow]),
            row("GET", "/api/orders", &[deny, allow]),
        ];
        let text = access_text(&matrix(&["anonymous", "on"], operations));
        let body = text.strip_prefix(HEAD).expect("it begins with its head");
        assert_eq!(
            body,
            "identities: [ anonymous, \"on\" ]\n\
             operations:\n  \
             GET /api/orders:                         { anonymous: deny, \"on\": allow }\n  \
             POST /api/orders:                        { anonymous: deny, \"on\": allow }\n  \
             GET /api/products:                       { anonymous: allow, \"on\": same }\n"
        );
        assert!(access_text(&matrix(&["anonymous"], Vec::new())).ends_with("operations: {}\n"));
    }

    #[test]
    fn what_could_not_be_told_stays_as_it_was() {
        let mut unclear = row("GET", "/a", &[Access::Error, Access::Error]);
        unclear.cells[1].expected = Some(Access::Deny);
        let text = access_text(&matrix(&["anonymous", "member"], vec![unclear]));
        assert!(text.ends_with("{ anonymous: error, member: deny }\n"), "{text}");
    }

    /// Names of identities as plans have them, and paths that break what is not quoted.
    fn matrices() -> impl Strategy<Value = AccessMatrix> {
        let name = prop_oneof!["[\\p{L}\\p{N}_.-]{1,12}", "null|yes|1e3|0x1f|~|-|\\.inf"];
        let path = prop_oneof![
            4 => "/[a-z/{}*:#'\"\\\\ \\[\\],&!|>%@`-]{0,20}",
            1 => "/\\PC{0,20}",
            1 => "/[a-z]{1000}",
        ];
        let access = prop::sample::select(&Access::ALL[..]);
        let names = prop::collection::btree_set(name, 1..4);
        names.prop_flat_map(move |names| {
            let cells = prop::collection::vec(access.clone(), names.len());
            let rows = prop::collection::btree_map(path.clone(), cells, 0..5);
            let names: Vec<String> = names.into_iter().collect();
            rows.prop_map(move |rows| {
                let operations = rows.iter().map(|(path, cells)| row("GET", path, cells)).collect();
                AccessMatrix { identities: names.clone(), operations, ..AccessMatrix::default() }
            })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(matrix in matrices()) {
            let text = access_text(&matrix);
            let read = access_matrix(&text, &matrix.identities);
            prop_assert_eq!(read.as_ref(), Ok(&matrix), "{}", text);
            prop_assert_eq!(access_text(&matrix), text);
        }
    }
}
