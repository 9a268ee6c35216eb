//! A list of accepted findings with one more, or one renewed: text in, text out, so that comments
//! and the order of all others stay as somebody wrote them.

use std::ops::Range;

use jiff::civil::Date;

use super::accepted::Accepted;
use super::accepted::accepted;
use super::document::{self, Node, Value};
use super::error::{PlanErrors, Problem};

/// A finding that is accepted now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepting {
    /// What is accepted, and why, by whom, until when.
    pub accepted: Accepted,
    /// What it is, for whoever reads the list: becomes a comment.
    pub about: String,
}

/// The list with these findings in it. An entry for one of them that is there already is replaced.
///
/// # Errors
/// What is wrong with the list as it is, or that it is not written entry by entry.
pub fn with_accepted(
    name: &str,
    text: &str,
    new: &[Accepting],
    today: Date,
) -> Result<String, PlanErrors> {
    with(text, new, today).map_err(|problems| PlanErrors::new(name, text, problems))
}

fn with(text: &str, new: &[Accepting], today: Date) -> Result<String, Vec<Problem>> {
    let (known, places) = if is_empty(text) { Entries::default() } else { read(text, today)? };
    let mut out: String = if known.is_empty() { without_brackets(text) } else { text.to_owned() };
    let mut replaced = Vec::new();
    let mut added = Vec::new();
    for accepting in new {
        let own = &accepting.accepted;
        let is_same = |entry: &Accepted| entry.names(&own.fingerprint);
        match known.iter().position(is_same) {
            Some(at) => replaced.push((at, own)),
            None => added.push(accepting),
        }
    }
    // From the end, so that what stands before keeps its place.
    replaced.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    for (at, own) in &replaced {
        let range = places[*at].clone();
        let indent = indent_of(&out[range.clone()]);
        out.replace_range(range, &entry(own, &indent));
    }
    let indent = places.first().map(|range| indent_of(&text[range.clone()])).unwrap_or_default();
    for accepting in added {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let about: String = accepting.about.chars().filter(|c| !c.is_control()).collect();
        let entry = entry(&accepting.accepted, &indent);
        out.extend([indent.as_str(), "# ", &about, "\n", &entry]);
    }
    check(&out, &known, &replaced, new, today)?;
    Ok(out)
}

/// Whether nothing is listed.
fn is_empty(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| {
        line.is_empty() || line.starts_with('#') || matches!(line, "[]" | "[ ]" | "---")
    })
}

/// An empty list in brackets makes room for one that is written entry by entry.
fn without_brackets(text: &str) -> String {
    let kept = text.lines().filter(|line| !matches!(line.trim(), "[]" | "[ ]"));
    kept.flat_map(|line| [line, "\n"]).collect()
}

/// The entries, and the lines of each.
type Entries = (Vec<Accepted>, Vec<Range<usize>>);

fn read(text: &str, today: Date) -> Result<Entries, Vec<Problem>> {
    let known = accepted(text, today)?;
    let tree = document::parse(text).map_err(|problem| vec![problem])?;
    let Value::List(items) = &tree.value else { return Ok((known, Vec::new())) };
    let starts = items.iter().map(|item| line_of(text, item)).collect::<Result<Vec<_>, _>>();
    let starts = starts.map_err(|problem| vec![problem])?;
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let places = starts.iter().zip(ends).map(|(start, end)| *start..end_of(text, *start, end));
    Ok((known, places.collect()))
}

/// Where the line of an entry's dash begins.
fn line_of(text: &str, item: &Node) -> Result<usize, Problem> {
    let before = text[..item.at.start].trim_end();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    if before[line..].trim() == "-" {
        return Ok(line);
    }
    Err(Problem::new(item.at.clone(), "this list is not written entry by entry")
        .help("give each entry a line of its own that begins with `- `"))
}

/// Without comments and blank lines at the end, which belong to what comes next.
fn end_of(text: &str, start: usize, end: usize) -> usize {
    let mut last = start;
    let mut at = start;
    for line in text[start..end].split_inclusive('\n') {
        at += line.len();
        let shown = line.trim();
        if !shown.is_empty() && !shown.starts_with('#') {
            last = at;
        }
    }
    last
}

fn indent_of(entry: &str) -> String {
    entry.chars().take_while(|c| *c == ' ').collect()
}

fn entry(accepted: &Accepted, indent: &str) -> String {
    // A string of JSON is one of YAML.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "{indent}- fingerprint: {}\n{indent}  reason: {}\n{indent}  owner: {}\n{indent}  expires: {}\n",
        accepted.fingerprint,
        quoted(&accepted.reason),
        quoted(&accepted.owner),
        accepted.expires
    )
}

/// What was written says what was meant, and of all others what it said before.
fn check(
    out: &str,
    known: &[Accepted],
    replaced: &[(usize, &Accepted)],
    new: &[Accepting],
    today: Date,
) -> Result<(), Vec<Problem>> {
    let now = accepted(out, today)?;
    let is_kept = |at: usize| replaced.iter().all(|(other, _)| *other != at);
    let others = known.iter().enumerate().filter(|(at, _)| is_kept(*at)).map(|(_, entry)| entry);
    let has_all = others.chain(new.iter().map(|one| &one.accepted)).all(|one| now.contains(one));
    if has_all && now.len() == known.len() + new.len() - replaced.len() {
        return Ok(());
    }
    Err(vec![Problem::of_file("cannot be changed without changing other entries: edit it by hand")])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2031, 5, 4);

    fn accepting(fingerprint: &str, reason: &str) -> Accepting {
        let accepted = Accepted {
            fingerprint: fingerprint.to_owned(),
            reason: reason.to_owned(),
            owner: "team: \"a\"".to_owned(),
            expires: Date::constant(2031, 12, 31),
            expired: false,
        };
        Accepting { accepted, about: "what it is\n- not: an entry".to_owned() }
    }

    fn changed(text: &str, fingerprint: &str) -> Result<String, String> {
        let new = [accepting(fingerprint, "because: #1 'x'")];
        with_accepted("accepted.yml", text, &new, TODAY).map_err(|errors| errors.render(false))
    }

    const A: &str = "0123456789abcdef0123456789abcdef";
    const B: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn an_empty_list_in_any_form_takes_its_first_entry() {
        for text in ["", "[]\n", "# ours\n", "# ours\n[ ]", "---\n[]\n"] {
            let out = changed(text, A).expect("changed");
            let list = accepted(&out, TODAY).expect("a list");
            assert_eq!(list, [accepting(A, "because: #1 'x'").accepted], "{out}");
            assert_eq!(out.contains("# ours"), text.contains("# ours"), "{out}");
        }
    }

    #[test]
    fn others_keep_their_comments_order_and_form() {
        let text = format!(
            "# Reviewed each quarter.\n\
             - {{ fingerprint: SD-fedcba9876, reason: r, owner: o, expires: 2032-01-01 }} # VPN\n\
             \n\
             # the second\n\
             -\n  fingerprint: {A}\n  reason: >\n    folded\n    text\n  owner: o\n  expires: 2030-01-01\n\
             # the end\n"
        );
        let out = changed(&text, A).expect("changed");
        assert_eq!(out.matches(A).count(), 1, "{out}");
        let (before, after) = out.split_once("# the second\n").expect("the comment is there");
        assert!(text.starts_with(before));
        assert!(after.ends_with("# the end\n") && !after.contains("folded"), "{after}");
        // A short name is the same finding.
        let out = changed(&text, B).expect("changed");
        assert!(!out.contains("SD-fedcba9876") && out.contains("folded"), "{out}");
        assert!(out.starts_with("# Reviewed each quarter.\n- fingerprint: fedcba"), "{out}");
        // And one that is not there yet comes last.
        let out = changed(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").expect("changed");
        assert!(out.starts_with(&text), "{out}");
    }

    #[test]
    fn an_indented_list_stays_one() {
        let text =
            format!("  - fingerprint: {A}\n    reason: r\n    owner: o\n    expires: 2032-01-01\n");
        for fingerprint in [A, B] {
            let out = changed(&text, fingerprint).expect("changed");
            assert!(accepted(&out, TODAY).is_ok(), "{out}");
        }
    }

    #[test]
    fn what_is_not_written_entry_by_entry_is_left_alone() {
        let text =
            format!("[ {{ fingerprint: {A}, reason: r, owner: o, expires: 2032-01-01 }} ]\n");
        let said = changed(&text, B).expect_err("refused");
        assert!(said.contains("not written entry by entry") && said.contains("`- `"), "{said}");
        assert!(changed("- nonsense\n", A).is_err());
    }
}
