//! The order in which points are tested: a short run should find the worst first.

use super::run::Selected;
use super::tasks::Task;
use crate::model::InsertionKind;
use crate::model::Severity;
use crate::scan::point::InsertionPoint;
use crate::scan::probe::NativeCheck;

/// Parts of names whose values mostly lead somewhere: into statements, files, addresses, commands,
/// templates. As testers of such services list them.
const PROMISING: [&str; 40] = [
    "id", "user", "name", "search", "query", "q", "filter", "sort", "order", "where", "select",
    "key", "file", "path", "dir", "folder", "doc", "page", "include", "template", "view", "lang",
    "url", "uri", "link", "redirect", "next", "return", "dest", "host", "domain", "cmd", "exec",
    "command", "ping", "ip", "code", "expr", "xml", "data",
];

/// How much a point promises; more is better.
pub(super) fn promise(point: &InsertionPoint) -> u8 {
    if point.is_aside() {
        return 0;
    }
    let name = point.reference.name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let is_promising = words.any(|word| {
        PROMISING.iter().any(|known| {
            word == *known || known.len() > 2 && (word.starts_with(known) || word.ends_with(known))
        })
    });
    let is_of_body = matches!(
        point.reference.kind,
        InsertionKind::Form | InsertionKind::Json | InsertionKind::Xml | InsertionKind::Path
    );
    1 + 2 * u8::from(is_promising) + u8::from(is_of_body)
}

/// Tasks with what promises most first; what promises alike stays in the order of the site.
pub(super) fn by_promise(tasks: &mut [Task]) {
    let best = |task: &Task| task.points.iter().map(|(point, _)| promise(point)).max().unwrap_or(0);
    tasks.sort_by_key(|task| std::cmp::Reverse(best(task)));
}

/// Which checks are run in a pass over all points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Those that say whether others may ask at all.
    First,
    /// Those whose findings fail a release by default.
    Grave,
    /// The others.
    Mild,
}

impl Pass {
    /// All, in order.
    pub(super) const ALL: [Self; 3] = [Self::First, Self::Grave, Self::Mild];

    pub(super) fn has(self, selected: &Selected) -> bool {
        let goes_first = matches!(&selected.check, NativeCheck::Point(check) if check.goes_first());
        let own = if goes_first {
            Self::First
        } else if selected.meta.severity >= Severity::High {
            Self::Grave
        } else {
            Self::Mild
        };
        self == own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Request;
    use crate::model::Target;
    use crate::scan::point::insertion_points;

    #[test]
    fn what_leads_somewhere_comes_first() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let request = Request::get(origin, "/x?color=red&user_id=5&returnUrl=%2F&width=3");
        let mut points = insertion_points(&request);
        points.sort_by_key(|point| std::cmp::Reverse(promise(point)));
        let names: Vec<_> = points.iter().map(|point| point.reference.name.as_str()).collect();
        assert_eq!(names, ["user_id", "returnUrl", "color", "width"]);
    }
}
