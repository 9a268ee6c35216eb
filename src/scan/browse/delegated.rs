//! What a listener further up may be waiting for: frameworks listen once, at the document or at the
//! root of what they render, and look at what was clicked on.
//!
//! Which elements those are stands nowhere. An element below such a listener is tried if it carries a
//! mark that scripts look for, or if nothing but its text is in it, where a click passes everything
//! around it on its way up. How many are tried without an effect is bounded by whoever clicks.

use super::snapshot::Document;
use super::snapshot::Node;
use super::snapshot::NodeKind;
use super::target::Kind;

/// Elements that are not worth a click of their own.
const PASSIVE: [&str; 22] = [
    "html", "head", "body", "script", "style", "label", "option", "optgroup", "select", "textarea",
    "input", "form", "iframe", "br", "hr", "canvas", "video", "audio", "table", "tbody", "thead",
    "noscript",
];

/// What stands for itself without text.
const PICTURES: [&str; 3] = ["img", "svg", "i"];

/// What is above each node of a document.
pub(super) struct Above {
    /// Something listens for clicks, or for what bubbles up as one.
    listens: Vec<bool>,
    /// Something is clicked on by itself.
    is_clicked: Vec<bool>,
    /// It has elements of its own.
    has_elements: Vec<bool>,
    /// It has text of its own.
    has_text: Vec<bool>,
}

impl Above {
    /// `kinds`: what is clicked on by itself.
    pub(super) fn of(document: &Document, kinds: &[Option<Kind>]) -> Self {
        let count = document.nodes.len();
        let mut above = Self {
            listens: vec![false; count],
            is_clicked: vec![false; count],
            has_elements: vec![false; count],
            has_text: vec![false; count],
        };
        // A parent stands before its children.
        for (index, node) in document.nodes.iter().enumerate() {
            let Some(parent) = node.parent else { continue };
            let is_button = matches!(kinds[parent], Some(Kind::Button | Kind::Link));
            above.listens[index] = above.listens[parent] || document.nodes[parent].listens;
            above.is_clicked[index] = above.is_clicked[parent] || is_button;
            above.has_elements[parent] |= node.kind == NodeKind::Element;
            above.has_text[parent] |= node.kind == NodeKind::Text && !node.value.trim().is_empty();
        }
        above
    }
}

/// Whether, and how likely, a listener above waits for a click on a node.
pub(super) fn kind(document: &Document, index: usize, above: &Above) -> Option<Kind> {
    let node = &document.nodes[index];
    let may = above.listens[index] && !above.is_clicked[index] && node.is_shown;
    if !may || node.kind != NodeKind::Element || PASSIVE.contains(&node.name.as_str()) {
        return None;
    }
    if is_marked(node) {
        return Some(Kind::Marked);
    }
    let is_innermost = !above.has_elements[index] && above.has_text[index];
    let is_picture = PICTURES.contains(&node.name.as_str());
    (is_innermost || is_picture).then_some(Kind::Below)
}

/// An attribute that is there for scripts.
fn is_marked(node: &Node) -> bool {
    node.attributes.iter().any(|(name, _)| {
        let is_scope = name.starts_with("data-v-") || name.starts_with("data-test");
        let is_data = name.starts_with("data-") && !is_scope;
        is_data
            || name.starts_with("on:")
            || name.starts_with('@')
            || matches!(name.as_str(), "jsaction" | "ng-click" | "x-on:click" | "v-on:click")
    })
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::tests::snapshot;
    use super::super::target::Targets;
    use super::*;

    /// Kinds of the nodes with these places that can be clicked, in the order of their promise.
    fn found(nodes: &[(i64, i64, &str, &str, &[&str])]) -> Vec<(i64, Kind)> {
        let mut all = vec![(-1, 9, "#document", "", [].as_slice()), (0, 1, "BODY", "", &[])];
        all.extend_from_slice(nodes);
        let targets = Targets::of(&snapshot(&all));
        targets.clickable.iter().map(|it| (it.id - 100, it.kind)).collect()
    }

    #[test]
    fn below_a_listener_marks_come_first_and_then_what_is_innermost() {
        let nodes = |listens: &'static [&'static str]| {
            found(&[
                (1, 1, "MAIN", "", listens),
                (2, 1, "SPAN", "", &[]),
                (3, 3, "#text", "Reports", &[]),
                (2, 1, "DIV", "", &["data-go", "x"]),
                (2, 1, "DIV", "", &["data-v-7ba5", ""]),
                (2, 1, "BUTTON", "", &[]),
                (7, 1, "B", "", &[]),
                (8, 3, "#text", "Press", &[]),
            ])
        };
        assert_eq!(nodes(&[]), [(7, Kind::Button)]);
        let below: Vec<_> = nodes(&["LISTENS"]).into_iter().filter(|it| it.0 != 2).collect();
        assert_eq!(below, [(7, Kind::Button), (5, Kind::Marked), (3, Kind::Below)]);
    }

    #[test]
    fn a_click_below_what_deletes_is_none() {
        let nodes = found(&[
            (1, 1, "UL", "", &["LISTENS"]),
            (2, 1, "LI", "", &["data-do", "remove-item"]),
            (3, 1, "SPAN", "", &[]),
            (4, 3, "#text", "x", &[]),
        ]);
        assert!(nodes.iter().all(|it| it.0 == 2), "{nodes:?}");
    }
}
