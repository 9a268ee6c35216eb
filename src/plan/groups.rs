//! Names of groups: steps that are timed together.

use super::document::Node;
use super::reader::Reader;

/// Groups within each other.
const DEEPEST: usize = 8;

/// Longest name of one group.
const LONGEST: usize = 80;

/// k6's separator between the names of groups within each other; it stands before the first too.
const SEPARATOR: &str = "::";

/// The whole name of the group that is called `node`, within the one of the whole name `around`.
pub(super) fn name(node: &Node, around: &str, reader: &mut Reader) -> Option<String> {
    let name = reader.text(node, "a name")?;
    let cure = if name.is_empty() || name.chars().count() > LONGEST {
        "a name has 1 to 80 characters"
    } else if name.contains(SEPARATOR) {
        "groups within each other are steps within each other; `::` stands between their names in \
         reports"
    } else if name.trim() != name
        || name.contains([',', '{', '}', '|'])
        || name.chars().any(char::is_control)
    {
        "leave out `,`, `{`, `}`, `|` and blanks at the ends: gates select by it"
    } else if around.matches(SEPARATOR).count() == DEEPEST {
        reader.problem(&node.at, format!("more than {DEEPEST} groups within each other"));
        return None;
    } else {
        return Some([around, SEPARATOR, name].concat());
    };
    reader.problem_with_help(&node.at, format!("`{name}` cannot be the name of a group"), cure);
    None
}
