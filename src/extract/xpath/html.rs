//! HTML as a browser without scripts builds it, as a table of nodes.

use scraper::Node as HtmlNode;

use super::super::tree::Tree;
use super::document::{Builder, Document, Names};

/// `None` for a document that is too large or too deep to be parsed; see [`Tree::parse`].
pub(super) fn html_document(html: &[u8]) -> Option<Document> {
    let tree = Tree::parse(html)?;
    let mut builder = Builder::new(Names::AnyCase);
    let mut node = tree.html.tree.root();
    loop {
        add(node.value(), &mut builder);
        if builder.is_full() {
            break;
        }
        if let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            if node.value().is_element() {
                builder.close();
            }
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            let Some(parent) = node.parent() else { return Some(builder.finish()) };
            node = parent;
        }
    }
    Some(builder.finish())
}

fn add(node: &HtmlNode, builder: &mut Builder) {
    match node {
        HtmlNode::Element(element) => {
            builder.open(element.name.local.to_string());
            for (name, value) in &element.attrs {
                let name = match &name.prefix {
                    Some(prefix) if !prefix.is_empty() => format!("{prefix}:{}", name.local),
                    _ => name.local.to_string(),
                };
                builder.attribute(name, value.to_string());
            }
        }
        HtmlNode::Text(text) => builder.text(text),
        HtmlNode::Comment(comment) => builder.comment(comment.to_string()),
        HtmlNode::ProcessingInstruction(instruction) => {
            builder.instruction(instruction.target.to_string(), instruction.data.to_string());
        }
        HtmlNode::Document | HtmlNode::Fragment | HtmlNode::Doctype(_) => {}
    }
}
