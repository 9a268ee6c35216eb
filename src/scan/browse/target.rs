//! What can be done on a page: things to click, and fields to fill in.

use std::collections::BTreeMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use super::delegated;
use super::delegated::Above;
use super::snapshot::Document;
use super::snapshot::Node;
use super::snapshot::NodeKind;
use super::snapshot::Snapshot;
use crate::extract::Forms;
use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Tag;
use crate::scan::careful;
use crate::scan::fill;

/// Things to click taken of one snapshot.
const MAX_CLICKABLE: usize = 500;

/// Groups of fields, and fields of one group.
const MAX_FORMS: usize = 50;
const MAX_CONTROLS: usize = 60;

/// Characters of a label that count.
const MAX_LABEL: usize = 80;

/// Elements above one that tell it from its like.
const ANCESTORS: usize = 5;

/// Roles of things that are there to be clicked.
const ROLES: [&str; 10] = [
    "button",
    "tab",
    "menuitem",
    "menuitemcheckbox",
    "menuitemradio",
    "option",
    "link",
    "switch",
    "treeitem",
    "checkbox",
];

/// How likely a click is to do something that no address says, the likeliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A button, or what says that it is one.
    Button,
    /// A script listens for clicks.
    Listener,
    /// It looks as if it could be clicked.
    Pointer,
    /// Something above it listens, and it has what such a listener looks for.
    Marked,
    /// Something above it listens.
    Below,
    /// A link: where it leads is known already, unless a script makes something else of it.
    Link,
}

/// Something to click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clickable {
    /// By which the browser knows it.
    pub(super) id: i64,
    pub(super) kind: Kind,
    /// The same for things that are alike.
    pub(super) print: u64,
    /// The same for things of one shape, whatever is written on them; `None` where it is listened to
    /// itself.
    pub(super) family: Option<u64>,
}

/// Fields that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    /// The form; `None` for fields that stand alone.
    pub(super) form: Option<i64>,
    /// Field and value.
    pub(super) values: Vec<(i64, String)>,
    /// What sends them.
    pub(super) button: Option<i64>,
    /// One of them is for a password.
    pub(super) asks_password: bool,
    /// The same for forms that are alike.
    pub(super) print: u64,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Targets {
    /// The likeliest first.
    pub(super) clickable: Vec<Clickable>,
    /// In document order.
    pub(super) forms: Vec<Fields>,
    /// Left alone because they look as if they did harm.
    pub(super) harmful: u64,
    /// There was more.
    pub(super) truncated: bool,
}

impl Targets {
    /// Looks for them.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut targets = Self { truncated: snapshot.truncated, ..Self::default() };
        for document in &snapshot.documents {
            targets.find_forms(document);
            targets.find_clickable(document);
        }
        // Stable: within a kind the page's order stays.
        targets.clickable.sort_by_key(|it| it.kind);
        targets
    }

    /// The same for states of pages in which the same can be done.
    pub(super) fn state(&self) -> u64 {
        let mut prints: Vec<u64> = self.clickable.iter().map(|it| it.print).collect();
        prints.extend(self.forms.iter().map(|it| it.print));
        prints.sort_unstable();
        prints.dedup();
        hashed(&prints)
    }

    fn find_clickable(&mut self, document: &Document) {
        let kinds: Vec<Option<Kind>> = (document.nodes.iter().enumerate())
            .map(|(index, node)| kind(document, index, node))
            .collect();
        let above = Above::of(document, &kinds);
        for (index, node) in document.nodes.iter().enumerate() {
            let delegated = || delegated::kind(document, index, &above);
            let Some(kind) = kinds[index].or_else(delegated) else { continue };
            if self.clickable.len() >= MAX_CLICKABLE {
                self.truncated = true;
                return;
            }
            let label = label(document, index);
            let is_delegated = matches!(kind, Kind::Marked | Kind::Below);
            let is_harm_above = || {
                let above = document.ancestors(index).take(ANCESTORS);
                is_delegated && above.into_iter().any(|(_, node)| is_harmful(node, ""))
            };
            if is_harmful(node, &label) || is_harm_above() {
                self.harmful += 1;
                continue;
            }
            let print = print(document, index, &label);
            let family = is_delegated.then(|| self::print(document, index, ""));
            self.clickable.push(Clickable { id: node.id, kind, print, family });
        }
    }

    fn find_forms(&mut self, document: &Document) {
        let mut groups: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (index, node) in document.nodes.iter().enumerate() {
            if matches!(node.name.as_str(), "input" | "textarea" | "select" | "button") {
                let mut above = document.ancestors(index);
                let form = above.find(|(_, node)| node.is("form")).map(|(index, _)| index);
                groups.entry(form).or_default().push(index);
            }
        }
        for (form, members) in groups {
            let Some(fields) = fields(document, form, &members) else { continue };
            if self.forms.len() >= MAX_FORMS {
                self.truncated = true;
                return;
            }
            let button = fields
                .button
                .and_then(|id| members.iter().find(|it| document.nodes[**it].id == id));
            let label = button.map(|index| label(document, *index)).unwrap_or_default();
            let harm = form.map(|index| &document.nodes[index]);
            if button.is_some_and(|index| is_harmful(&document.nodes[*index], &label))
                || harm.is_some_and(|node| is_harmful(node, &label))
            {
                self.harmful += 1;
                continue;
            }
            self.forms.push(fields);
        }
    }
}

fn fields(document: &Document, form: Option<usize>, members: &[usize]) -> Option<Fields> {
    let mut found = Fields {
        form: form.map(|index| document.nodes[index].id),
        values: Vec::new(),
        button: None,
        asks_password: false,
        print: 0,
    };
    let mut names = Vec::new();
    for index in members.iter().take(MAX_CONTROLS) {
        let node = &document.nodes[*index];
        let Some(field) = field(document, *index).filter(|field| !field.is_disabled) else {
            continue;
        };
        found.asks_password |= field.kind == "password";
        match field.kind.as_str() {
            "submit" | "image" => {
                if found.button.is_none() && form.is_some() && node.is_shown {
                    found.button = Some(node.id);
                }
            }
            "hidden" | "button" | "reset" | "file" => {}
            _ => {
                names.push((field.kind.clone(), field.name.clone()));
                found.values.push((node.id, fill::filling(&field)));
            }
        }
    }
    if found.values.is_empty() && (form.is_none() || found.button.is_none()) {
        return None;
    }
    let form = form.map(|index| shape(&document.nodes[index]));
    found.print = hashed(&(form, names));
    Some(found)
}

/// A control as the reader of forms sees it.
fn field(document: &Document, index: usize) -> Option<crate::extract::Field> {
    let mut markup: Markup = document.markup_of(index);
    let form = Tag { name: "form".to_owned(), attributes: Vec::new() };
    markup.pieces.insert(0, Piece::Open(form));
    markup.pieces.push(Piece::Close("form".to_owned()));
    Forms::read(&markup).list.pop()?.fields.pop()
}

/// Whether, and how likely, a click on a node does something.
fn kind(document: &Document, index: usize, node: &Node) -> Option<Kind> {
    let says = |name: &str, value: &str| {
        node.attribute(name).is_some_and(|it| it.eq_ignore_ascii_case(value))
    };
    let is_off = node.attribute("disabled").is_some() || says("aria-disabled", "true");
    if node.kind != NodeKind::Element || !node.is_shown || is_off {
        return None;
    }
    match node.name.as_str() {
        "html" | "body" | "label" | "option" | "textarea" | "select" | "iframe" | "form" => None,
        "input" => match node.attribute("type").unwrap_or_default().to_ascii_lowercase().as_str() {
            "button" | "submit" | "image" => Some(Kind::Button),
            "checkbox" | "radio" => Some(Kind::Pointer),
            _ => None,
        },
        "button" if says("type", "reset") => None,
        "button" | "summary" => Some(Kind::Button),
        "a" | "area" if node.attribute("download").is_some() => None,
        "a" | "area" if node.attribute("href").is_some_and(leads_away) => Some(Kind::Link),
        _ if node.attribute("role").is_some_and(|role| ROLES.contains(&role)) => Some(Kind::Button),
        _ if node.attribute("onclick").is_some() => Some(Kind::Button),
        _ if node.listens => Some(Kind::Listener),
        _ if node.has_pointer && !stands_in_clickable(document, index) => Some(Kind::Pointer),
        _ => None,
    }
}

/// Whether a link has an address of its own.
fn leads_away(href: &str) -> bool {
    let href = href.trim();
    let is_script = href.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
    !(href.is_empty() || href.starts_with('#') || is_script)
}

/// The pointer is inherited: only where it begins is there something to click.
fn stands_in_clickable(document: &Document, index: usize) -> bool {
    document.ancestors(index).next().is_some_and(|(_, parent)| {
        parent.has_pointer || matches!(parent.name.as_str(), "a" | "button" | "label" | "summary")
    })
}

/// What a person reads on it.
fn label(document: &Document, index: usize) -> String {
    let node = &document.nodes[index];
    let mut label = String::new();
    for name in ["aria-label", "title", "value", "alt"] {
        if label.is_empty()
            && let Some(value) = node.attribute(name)
        {
            label.push_str(value.trim());
        }
    }
    for below in &document.nodes[index + 1..document.end(index)] {
        if label.len() >= MAX_LABEL {
            break;
        }
        if below.kind == NodeKind::Text && !below.value.trim().is_empty() {
            if !label.is_empty() {
                label.push(' ');
            }
            label.extend(below.value.trim().chars().take(MAX_LABEL));
        }
    }
    label
}

/// Whether what is written on it, or its names, say that it logs out or deletes.
fn is_harmful(node: &Node, label: &str) -> bool {
    let names = ["id", "name", "href", "action", "formaction", "onclick", "aria-label"];
    let marks = node.attributes.iter().filter(|(name, _)| name.starts_with("data-"));
    let named = names.iter().filter_map(|name| node.attribute(name));
    let mut said = named.chain(marks.map(|(_, value)| value.as_str()));
    careful::label_reason(label).is_some() || said.any(|text| careful::words_reason(text).is_some())
}

fn print(document: &Document, index: usize, label: &str) -> u64 {
    let node = &document.nodes[index];
    let above: Vec<String> =
        document.ancestors(index).take(ANCESTORS).map(|(_, node)| shape(node)).collect();
    let href = node.attribute("href").map(without_digits);
    hashed(&(shape(node), above, without_digits(label), href))
}

/// What an element is called, without what tells one of a list from the next.
fn shape(node: &Node) -> String {
    let mut shape = node.name.clone();
    for name in ["id", "class", "name", "type", "role", "action", "onclick"] {
        if let Some(value) = node.attribute(name) {
            shape.push(' ');
            shape.push_str(&without_digits(value));
        }
    }
    shape
}

fn without_digits(text: &str) -> String {
    text.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).take(200).collect()
}

fn hashed(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::tests::snapshot;
    use super::*;

    fn targets(nodes: &[(i64, i64, &str, &str, &[&str])]) -> Targets {
        let mut all = vec![(-1, 9, "#document", "", [].as_slice()), (0, 1, "BODY", "", &[])];
        all.extend_from_slice(nodes);
        Targets::of(&snapshot(&all))
    }

    #[test]
    fn what_can_be_clicked_comes_in_order_of_its_promise() {
        let targets = targets(&[
            (1, 1, "A", "", &["href", "/x", "LISTENS"]),
            (1, 1, "DIV", "", &["LISTENS"]),
            (1, 1, "BUTTON", "", &[]),
            (1, 1, "BUTTON", "", &["disabled", ""]),
            (1, 1, "A", "", &["href", "#tab", "LISTENS"]),
            (1, 1, "SPAN", "", &["role", "tab"]),
            (1, 1, "P", "", &[]),
        ]);
        let found: Vec<_> = targets.clickable.iter().map(|it| (it.id, it.kind)).collect();
        assert_eq!(
            found,
            [
                (104, Kind::Button),
                (107, Kind::Button),
                (103, Kind::Listener),
                (106, Kind::Listener),
                (102, Kind::Link)
            ]
        );
    }

    #[test]
    fn what_logs_out_or_deletes_is_not_clicked() {
        let targets = targets(&[
            (1, 1, "BUTTON", "", &[]),
            (2, 3, "#text", "Log out", &[]),
            (1, 1, "BUTTON", "", &["id", "delete-item"]),
            (1, 1, "BUTTON", "", &["onclick", "removeItem(1)"]),
            (1, 1, "BUTTON", "", &["aria-label", "Details"]),
        ]);
        assert_eq!(targets.clickable.len(), 1);
        assert_eq!(targets.harmful, 3);
    }

    #[test]
    fn things_of_a_list_are_alike_and_others_are_not() {
        let button = |label: &'static str| -> Vec<(i64, i64, &'static str, &'static str, &'static [&'static str])> {
            vec![(1, 1, "BUTTON", "", &["class", "add"]), (2, 3, "#text", label, &[])]
        };
        let print = |label: &'static str| targets(&button(label)).clickable[0].print;
        assert_eq!(print("Add item 1"), print("Add item 2"));
        assert_ne!(print("Add item 1"), print("Show item 1"));
        assert_eq!(targets(&button("a")).state(), targets(&button("a")).state());
        assert_ne!(targets(&button("a")).state(), targets(&button("b")).state());
    }

    #[test]
    fn fields_are_filled_by_form_and_those_without_one_together() {
        let targets = targets(&[
            (1, 1, "FORM", "", &["action", "/find"]),
            (2, 1, "INPUT", "", &["name", "q", "type", "search"]),
            (2, 1, "INPUT", "", &["name", "t", "type", "hidden", "value", "1"]),
            (2, 1, "BUTTON", "", &[]),
            (1, 1, "INPUT", "", &["name", "mail", "type", "email"]),
            (1, 1, "FORM", "", &["action", "/account/delete"]),
            (7, 1, "BUTTON", "", &[]),
        ]);
        assert_eq!(targets.forms.len(), 2);
        let [alone, find] = targets.forms.as_slice() else { panic!("two") };
        assert_eq!(find.values, [(103, "a".to_owned())]);
        assert_eq!((find.form, find.button), (Some(102), Some(105)));
        assert_eq!(alone.values, [(106, "user@example.com".to_owned())]);
        assert_eq!(alone.form, None);
        assert_eq!(targets.harmful, 1);
    }
}
