//! The configuration file of ZAP's baseline scan: a rule on each line, and what its alert is worth.

use super::format::Format;
use super::operation::{Condition, Imported};

const ACTIONS: [&str; 5] = ["IGNORE", "INFO", "WARN", "FAIL", "OUTOFSCOPE"];

/// Whether a line is `id<TAB>ACTION<TAB>…`.
pub(super) fn is_rule(line: &str) -> bool {
    parts(line).is_some()
}

fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let mut parts = line.splitn(3, '\t').map(str::trim);
    let (id, action) = (parts.next()?, parts.next()?);
    let is_id = id == "*" || !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
    (is_id && ACTIONS.contains(&action)).then(|| (id, action, parts.next().unwrap_or_default()))
}

/// Reads it. Rules have other ids here, so that their levels become one gate and a list to look at;
/// what is out of scope becomes the plan's scope.
pub(super) fn import(name: &str, text: &str) -> Imported {
    let mut imported = Imported::new(Format::Zap);
    let (mut fails, mut ignored, mut others) = (Vec::new(), Vec::new(), 0);
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_end();
        if trimmed.trim().is_empty() || trimmed.trim_start().starts_with('#') {
            continue;
        }
        let at = format!("{name}:{number}");
        let Some((id, action, rest)) = parts(trimmed) else {
            imported.warn(at, "is no `id<TAB>ACTION<TAB>…`, left out");
            continue;
        };
        let shown = if rest.is_empty() { id.to_owned() } else { format!("{id} {rest}") };
        match action {
            "OUTOFSCOPE" => exclude(&at, id, rest, &mut imported),
            "FAIL" => fails.push(shown),
            "IGNORE" => ignored.push(shown),
            _ => others += 1,
        }
    }
    let notes = &mut imported.load.notes;
    notes.push(
        "The ids of ZAP's rules are not this scanner's: `rules/README.md` lists what there is."
            .to_owned(),
    );
    if !fails.is_empty() {
        notes.push("ZAP was to fail for these; here every finding from medium on does:".to_owned());
        notes.extend(fails.iter().map(|rule| format!("- {rule}")));
    }
    if !ignored.is_empty() {
        notes.push("ZAP was to ignore these; here nothing is ignored:".to_owned());
        notes.extend(ignored.iter().map(|rule| format!("- {rule}")));
    }
    if others > 0 {
        notes.push(format!("{others} rules were only to be told of."));
    }
    let condition = Condition { text: "count==0".to_owned(), abort: false, delay: None };
    let level = if fails.is_empty() { "high" } else { "medium" };
    imported.load.thresholds.push((format!("findings{{severity:>={level}}}"), vec![condition]));
    imported
}

/// Patterns of whole URLs there, of path and query here.
fn exclude(at: &str, id: &str, pattern: &str, imported: &mut Imported) {
    let pattern = pattern.trim();
    if id != "*" {
        let text = format!(
            "rule {id} alone is out of scope for `{pattern}`; here a path is for all, left out"
        );
        imported.warn(at, text);
        return;
    }
    let path = pattern.trim_start_matches('^');
    let path = match path.split_once("://") {
        Some((_, rest)) => {
            // What stands for any host has a `/` of its own.
            let hosts = ["[^/]+", "[^/]*", ".*", ".+"];
            let rest = hosts.iter().find_map(|any| rest.strip_prefix(any)).unwrap_or(rest);
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        None => path.strip_prefix(".*").unwrap_or(path),
    };
    if path.is_empty() || regex::Regex::new(path).is_err() {
        imported.warn(at, format!("`{pattern}` is no pattern of paths, left out"));
        return;
    }
    imported.load.exclude.push(path.to_owned());
}
