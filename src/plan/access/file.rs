//! Reads a matrix of who may do what. Every mistake in it is told, at its place.

use super::super::document;
use super::super::document::Entry;
use super::super::document::Node;
use super::super::error::Problem;
use super::super::reader::Keys;
use super::super::reader::Reader;
use super::settings::is_method;
use crate::model::Access;
use crate::model::AccessCell;
use crate::model::AccessMatrix;
use crate::model::AccessRow;

/// The matrix in `text`; `everybody` are the names that the plan has.
pub(super) fn access_matrix(
    text: &str,
    everybody: &[String],
) -> Result<AccessMatrix, Vec<Problem>> {
    let tree = document::parse(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader::default();
    let matrix = whole(&tree, everybody, &mut reader);
    if reader.problems.is_empty() { Ok(matrix) } else { Err(reader.problems) }
}

fn whole(tree: &Node, everybody: &[String], reader: &mut Reader) -> AccessMatrix {
    // A table of its own would belong to the schema of plans, and this is another file.
    let keys = Keys {
        of: "a matrix of access",
        known: &["version", "identities", "operations"],
        later: &[],
    };
    let Some(fields) = reader.fields(tree, &(0..0), &keys) else { return AccessMatrix::default() };
    if let Some(node) = reader.require(&fields, "version") {
        reader.number(node, "1, the only version there is", |version: u64| version == 1);
    }
    let named = reader.require(&fields, "identities");
    let identities = named.map(|node| identities(node, everybody, reader)).unwrap_or_default();
    let entries = reader.require(&fields, "operations");
    let entries = entries.and_then(|node| reader.entries(node, "operations")).unwrap_or_default();
    // Where nobody is named, every cell would be a mistake of its own.
    let entries = entries.iter().filter(|_| !identities.is_empty());
    let operations = entries.filter_map(|entry| row(entry, &identities, reader)).collect();
    AccessMatrix { identities, operations, ..AccessMatrix::default() }
}

/// Those that the plan does not have are told, and taken: what is said of them is read too.
fn identities(node: &Node, everybody: &[String], reader: &mut Reader) -> Vec<String> {
    let mut identities: Vec<String> = Vec::new();
    for (name, at) in reader.texts(node, "identities") {
        if identities.iter().any(|earlier| earlier == name) {
            reader.problem(at, format!("`{name}` is named twice"));
            continue;
        }
        if !everybody.iter().any(|known| known == name) {
            reader.unknown(at, "identity", name, everybody.iter().map(String::as_str));
        }
        identities.push(name.to_owned());
    }
    identities
}

fn row(entry: &Entry, identities: &[String], reader: &mut Reader) -> Option<AccessRow> {
    let name = entry.key.split_once(' ');
    let name = name.filter(|(method, path)| is_method(method) && path.starts_with('/'));
    if name.is_none() {
        let text = format!("`{}` is no operation", entry.key);
        let help = "write a method and a path, like `GET /api/orders/{id}`";
        reader.problem_with_help(&entry.key_at, text, help);
    }
    let cells = reader.entries(&entry.node, "who may do it")?;
    for cell in cells {
        if !identities.contains(&cell.key) {
            let known = identities.iter().map(String::as_str);
            reader.unknown(&cell.key_at, "identity", &cell.key, known);
        }
    }
    let cells: Vec<Option<Access>> = identities
        .iter()
        .map(|identity| {
            if let Some(cell) = cells.iter().find(|cell| cell.key == *identity) {
                return access(&cell.node, reader);
            }
            let text = format!("`{}` says nothing of `{identity}`", entry.key);
            let help = "each operation has a word for each of `identities`";
            reader.problem_with_help(&entry.key_at, text, help);
            None
        })
        .collect();
    let (method, path_template) = name?;
    let cells: Option<Vec<Access>> = cells.into_iter().collect();
    Some(AccessRow {
        method: method.to_owned(),
        path_template: path_template.to_owned(),
        cells: cells?.into_iter().map(AccessCell::new).collect(),
        is_listed: false,
    })
}

fn access(node: &Node, reader: &mut Reader) -> Option<Access> {
    let known = (&Access::ALL[..], Access::as_str as fn(Access) -> _);
    reader.named(node, "deny, allow, same or error", "access", known)
}

#[cfg(test)]
mod tests {
    use super::super::super::error::PlanErrors;
    use super::*;

    fn read(text: &str) -> Result<AccessMatrix, String> {
        let everybody = ["anonymous", "member", "admin"].map(str::to_owned);
        access_matrix(text, &everybody)
            .map_err(|problems| PlanErrors::new("access.yml", text, problems).render(false))
    }

    #[test]
    fn what_is_expected_is_read_in_the_order_of_the_identities() {
        let matrix = read(
            "version: 1\nidentities: [ anonymous, admin ]\noperations:\n  \
             GET /api/orders/{id}: { admin: allow, anonymous: deny }\n  \"HEAD /a: b\":\n    \
             anonymous: error\n    admin: same\n",
        )
        .expect("valid");
        assert_eq!(matrix.identities, ["anonymous", "admin"]);
        let row = matrix.row("GET", "/api/orders/{id}").expect("it is there");
        let cells: Vec<Access> = row.cells.iter().map(|cell| cell.now).collect();
        assert_eq!(cells, [Access::Deny, Access::Allow]);
        assert!(matrix.row("HEAD", "/a: b").is_some());
        let empty = read("version: 1\nidentities: [ member ]\noperations: {}\n").expect("valid");
        assert_eq!(empty.operations.len(), 0);
    }

    #[test]
    fn every_mistake_is_told_where_it_stands() {
        let said = read(
            "version: 2\nidentities: [ anonymous, membr, admin, admin ]\nowner: me\noperations:\n  \
             GET /a: { anonymous: denied, membr: allow, admin: allow }\n  \
             GET /b: { anonymous: deny, membr: allow }\n  \
             get /c: { anonymous: deny, membr: allow, admin: allow }\n  \
             GET /d: { anonymous: deny, membr: allow, admin: allow, guest: deny }\n  \
             GET /e: deny\n  \
             GET /b: { anonymous: deny, membr: allow, admin: deny }\n",
        )
        .expect_err("refused");
        for part in [
            "1, the only version there is",
            "unknown identity `membr`, did you mean `member`?",
            "`admin` is named twice",
            "unknown key `owner`",
            "unknown access `denied`, did you mean `deny`?",
            "`GET /b` says nothing of `admin`",
            "`get /c` is no operation",
            "unknown identity `guest`",
            "expected who may do it: a mapping",
            "`GET /b` is given twice",
            "access.yml:5:24",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let missing = read("{}").expect_err("refused");
        for key in ["version", "identities", "operations"] {
            assert!(missing.contains(&format!("needs `{key}`")), "{missing}");
        }
        assert!(read("").is_err() && read("- a\n").is_err() && read("version: [\n").is_err());
    }
}
