//! What the browser shows at one moment: the tree of every frame, with what is in its shadow trees
//! (closed ones too), and what can be clicked.
//!
//! Read from `DOMSnapshot.captureSnapshot`: flat lists in document order, so no depth of a tree is a
//! depth of ours; made by the browser and not by a script in the page, so no page can forge it.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Tag;

/// Nodes read of one snapshot.
const MAX_NODES: usize = 200_000;

/// Attributes read of one element.
const MAX_ATTRIBUTES: usize = 200;

/// Elements whose text is no markup.
const RAW: [&str; 8] =
    ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noscript"];

/// Elements without an end.
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// Everything that is shown.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) documents: Vec<Document>,
    /// There was more.
    pub(super) truncated: bool,
}

/// One frame.
#[derive(Debug)]
pub(super) struct Document {
    /// What its references are relative to.
    pub(super) base: Url,
    /// In document order.
    pub(super) nodes: Vec<Node>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Element,
    Text,
    Comment,
    Other,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Its place in the list; always before its own.
    pub(super) parent: Option<usize>,
    /// Of an element, in lower case.
    pub(super) name: String,
    /// Of text and comments.
    pub(super) value: String,
    pub(super) attributes: Vec<(String, String)>,
    /// By which the browser knows it.
    pub(super) id: i64,
    /// It listens for clicks, or a click on it does something by itself.
    pub(super) listens: bool,
    /// The pointer says that it can be clicked.
    pub(super) has_pointer: bool,
    /// It takes up room.
    pub(super) is_shown: bool,
}

#[derive(Deserialize)]
struct Wire {
    documents: Vec<WireDocument>,
    strings: Vec<String>,
}

#[derive(Deserialize)]
struct WireDocument {
    #[serde(rename = "documentURL")]
    url: i64,
    #[serde(rename = "baseURL")]
    base: i64,
    nodes: WireNodes,
    #[serde(default)]
    layout: WireLayout,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct WireNodes {
    parent_index: Vec<i64>,
    node_type: Vec<i64>,
    node_name: Vec<i64>,
    node_value: Vec<i64>,
    backend_node_id: Vec<i64>,
    attributes: Vec<Vec<i64>>,
    is_clickable: Rare,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Rare {
    index: Vec<usize>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireLayout {
    node_index: Vec<usize>,
    styles: Vec<Vec<i64>>,
    bounds: Vec<Vec<f64>>,
}

impl Snapshot {
    /// Reads a snapshot that was taken with the computed style `cursor`; what makes no sense in it
    /// is left out. `window_listens`: the window listens for clicks, which stands in no tree.
    pub(super) fn read(value: Value, window_listens: bool) -> Self {
        let Ok(wire) = serde_json::from_value::<Wire>(value) else {
            return Self { documents: Vec::new(), truncated: true };
        };
        let mut snapshot = Self::default();
        let mut room = MAX_NODES;
        for document in &wire.documents {
            let text = |index: i64| text(&wire.strings, index);
            // A frame without an address of its own (`srcdoc`) has its parent's as base.
            let Ok(base) =
                Url::parse(text(document.base)).or_else(|_| Url::parse(text(document.url)))
            else {
                continue;
            };
            let count = document.nodes.parent_index.len();
            snapshot.truncated |= count > room;
            let mut nodes = nodes(document, &wire.strings, count.min(room));
            // The outermost comes first.
            if let Some(root) = nodes.first_mut().filter(|_| snapshot.documents.is_empty()) {
                root.listens |= window_listens;
            }
            room -= nodes.len();
            snapshot.documents.push(Document { base, nodes });
        }
        snapshot
    }
}

fn text(strings: &[String], index: i64) -> &str {
    usize::try_from(index).ok().and_then(|index| strings.get(index)).map_or("", String::as_str)
}

fn nodes(document: &WireDocument, strings: &[String], count: usize) -> Vec<Node> {
    let wire = &document.nodes;
    let at = |list: &[i64], index: usize| list.get(index).copied().unwrap_or(-1);
    let mut nodes: Vec<Node> = (0..count)
        .map(|index| {
            let name = text(strings, at(&wire.node_name, index));
            let kind = match at(&wire.node_type, index) {
                // `::before` and the like are elements here.
                1 if !name.starts_with(':') => NodeKind::Element,
                3 => NodeKind::Text,
                8 => NodeKind::Comment,
                _ => NodeKind::Other,
            };
            let attributes = wire.attributes.get(index).map(Vec::as_slice).unwrap_or_default();
            let pairs = attributes.chunks_exact(2).take(MAX_ATTRIBUTES);
            let parent = usize::try_from(at(&wire.parent_index, index)).ok();
            Node {
                kind,
                parent: parent.filter(|parent| *parent < index),
                name: name.to_ascii_lowercase(),
                value: text(strings, at(&wire.node_value, index)).to_owned(),
                attributes: pairs
                    .map(|pair| {
                        (text(strings, pair[0]).to_owned(), text(strings, pair[1]).to_owned())
                    })
                    .collect(),
                id: at(&wire.backend_node_id, index),
                listens: false,
                has_pointer: false,
                is_shown: false,
            }
        })
        .collect();
    for index in &wire.is_clickable.index {
        if let Some(node) = nodes.get_mut(*index) {
            node.listens = true;
        }
    }
    let layout = &document.layout;
    for (place, index) in layout.node_index.iter().enumerate() {
        let Some(node) = nodes.get_mut(*index) else { continue };
        let style = layout.styles.get(place).and_then(|styles| styles.first());
        node.has_pointer |= style.is_some_and(|style| text(strings, *style) == "pointer");
        if let Some([_, _, width, height]) = layout.bounds.get(place).map(Vec::as_slice) {
            node.is_shown |= *width > 0.0 && *height > 0.0;
        }
    }
    nodes
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.kind == NodeKind::Element && self.name == name
    }
}

impl Document {
    /// All of it, as a parser would have given it.
    pub(super) fn markup(&self) -> Markup {
        markup(&self.nodes, 0, None)
    }

    /// A node and what is below it.
    pub(super) fn markup_of(&self, index: usize) -> Markup {
        let end = self.end(index);
        markup(&self.nodes[..end], index, self.nodes[index].parent)
    }

    /// Behind the last node below `index`: in document order they follow it.
    pub(super) fn end(&self, index: usize) -> usize {
        let mut end = index + 1;
        while self.nodes.get(end).is_some_and(|node| node.parent.is_some_and(|it| it >= index)) {
            end += 1;
        }
        end
    }

    /// The nodes above, the nearest first.
    pub(super) fn ancestors(&self, index: usize) -> impl Iterator<Item = (usize, &Node)> {
        let mut next = self.nodes[index].parent;
        std::iter::from_fn(move || {
            let index = next?;
            let node = &self.nodes[index];
            next = node.parent;
            Some((index, node))
        })
    }
}

/// Nodes from `start` on, of which those right below `above` are the outermost.
fn markup(nodes: &[Node], start: usize, above: Option<usize>) -> Markup {
    let mut pieces = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, node) in nodes.iter().enumerate().skip(start) {
        while open.last().is_some_and(|last| Some(*last) != node.parent) {
            close(nodes, open.pop(), &mut pieces);
        }
        debug_assert!(
            open.last().copied() == node.parent || node.parent == above || open.is_empty()
        );
        match node.kind {
            NodeKind::Element => {
                pieces.push(Piece::Open(Tag {
                    name: node.name.clone(),
                    attributes: node.attributes.clone(),
                }));
            }
            NodeKind::Text => {
                let parent = node.parent.map(|parent| nodes[parent].name.as_str());
                let raw = parent.filter(|name| RAW.contains(name)).map(str::to_owned);
                pieces.push(Piece::Text { text: node.value.clone(), raw });
            }
            NodeKind::Comment => pieces.push(Piece::Comment(node.value.clone())),
            NodeKind::Other => {}
        }
        open.push(index);
    }
    while let Some(last) = open.pop() {
        close(nodes, Some(last), &mut pieces);
    }
    Markup { pieces, truncated: false }
}

fn close(nodes: &[Node], index: Option<usize>, pieces: &mut Vec<Piece>) {
    let Some(node) = index.map(|index| &nodes[index]) else { return };
    if node.kind == NodeKind::Element && !VOID.contains(&node.name.as_str()) {
        pieces.push(Piece::Close(node.name.clone()));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A snapshot of one document: parent, type, name, value, attributes.
    pub(crate) fn snapshot(nodes: &[(i64, i64, &str, &str, &[&str])]) -> Snapshot {
        let mut strings = vec!["http://h/dir/".to_owned(), "pointer".to_owned()];
        let mut put = |text: &str| {
            strings.push(text.to_owned());
            strings.len() - 1
        };
        let names: Vec<_> = nodes.iter().map(|node| put(node.2)).collect();
        let values: Vec<_> = nodes.iter().map(|node| put(node.3)).collect();
        let attributes: Vec<Vec<_>> = nodes
            .iter()
            .map(|node| node.4.iter().filter(|it| **it != "LISTENS").map(|it| put(it)).collect())
            .collect();
        let listens =
            |node: &&(usize, &(i64, i64, &str, &str, &[&str]))| node.1.4.contains(&"LISTENS");
        let index: Vec<usize> = (0..nodes.len()).collect();
        let value = json!({ "strings": strings, "documents": [{
            "documentURL": 0, "baseURL": 0,
            "nodes": {
                "parentIndex": nodes.iter().map(|node| node.0).collect::<Vec<_>>(),
                "nodeType": nodes.iter().map(|node| node.1).collect::<Vec<_>>(),
                "nodeName": names, "nodeValue": values, "attributes": attributes,
                "backendNodeId": index.iter().map(|it| it + 100).collect::<Vec<_>>(),
                "isClickable": { "index":
                    nodes.iter().enumerate().filter(|it| listens(&it)).map(|it| it.0).collect::<Vec<_>>() },
            },
            "layout": {
                "nodeIndex": index, "styles": index.iter().map(|_| [0]).collect::<Vec<_>>(),
                "bounds": index.iter().map(|_| [0.0, 0.0, 9.0, 9.0]).collect::<Vec<_>>(),
            },
        }] });
        Snapshot::read(value, false)
    }

    #[test]
    fn a_tree_becomes_the_markup_that_it_could_have_come_from() {
        let snapshot = snapshot(&[
            (-1, 9, "#document", "", &[]),
            (0, 1, "HTML", "", &[]),
            (1, 1, "A", "", &["href", "/x"]),
            (2, 3, "#text", "go", &[]),
            (1, 1, "IMG", "", &["src", "i"]),
            (1, 1, "SCRIPT", "", &[]),
            (5, 3, "#text", "f()", &[]),
            (1, 8, "#comment", "c", &[]),
        ]);
        let document = &snapshot.documents[0];
        let open = |name: &str, attributes: &[(&str, &str)]| {
            Piece::Open(Tag {
                name: name.to_owned(),
                attributes: attributes
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            })
        };
        let text = |text: &str, raw: Option<&str>| Piece::Text {
            text: text.to_owned(),
            raw: raw.map(str::to_owned),
        };
        let close = |name: &str| Piece::Close(name.to_owned());
        assert_eq!(
            document.markup().pieces,
            [
                open("html", &[]),
                open("a", &[("href", "/x")]),
                text("go", None),
                close("a"),
                open("img", &[("src", "i")]),
                open("script", &[]),
                text("f()", Some("script")),
                close("script"),
                Piece::Comment("c".to_owned()),
                close("html"),
            ]
        );
        assert_eq!(document.markup_of(2).pieces.len(), 3);
        let above: Vec<_> = document.ancestors(3).map(|(index, _)| index).collect();
        assert_eq!(above, [2, 1, 0]);
    }

    proptest! {
        #[test]
        fn no_snapshot_makes_the_reader_panic(
            parents in proptest::collection::vec(-3_i64..20, 0..20),
            kinds in proptest::collection::vec(-1_i64..12, 0..20),
            strings in proptest::collection::vec(".{0,6}", 0..6),
            other in proptest::collection::vec(-2_i64..30, 0..20),
        ) {
            let places: Vec<u64> = other.iter().map(|it| it.unsigned_abs()).collect();
            let strings = [strings, vec!["http://h/".to_owned()]].concat();
            let value = json!({ "strings": strings,
                "documents": [{ "documentURL": 0, "baseURL": other.first().copied().unwrap_or(0),
                    "nodes": { "parentIndex": parents, "nodeType": kinds, "nodeName": other,
                        "attributes": [other, other], "isClickable": { "index": places } },
                    "layout": { "nodeIndex": places, "styles": [other], "bounds": [[1.0], []] } }],
            });
            let snapshot = Snapshot::read(value, true);
            let _ = crate::scan::browse::target::Targets::of(&snapshot);
            for document in &snapshot.documents {
                let pieces = document.markup().pieces.len();
                prop_assert!(pieces <= 2 * document.nodes.len());
                for index in 0..document.nodes.len() {
                    let _ = document.markup_of(index);
                    prop_assert!(document.ancestors(index).count() <= document.nodes.len());
                }
            }
        }
    }
}
