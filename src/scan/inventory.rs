//! The site model as others are told of it: flat, without secrets.

use super::point::insertion_points;
use super::site::Answer;
use super::site::Node;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::SiteAnswer;
use crate::model::SiteExample;
use crate::model::SiteNode;
use crate::model::SiteParameter;

/// Characters of a header's value that are told.
const VALUE: usize = 1_000;

/// A node, its example and the answer to that.
pub(super) fn site_node(node: &Node, redactor: &Redactor) -> SiteNode {
    let request = node.examples.first().expect("a node has an example");
    SiteNode {
        method: node.method.clone(),
        path_template: node.path_template.clone(),
        parameters: parameters(node, request),
        source: node.source,
        reached: node.reached,
        skipped: node.skipped.clone(),
        found_on: node.found.page.as_deref().map(str::to_owned),
        found_as: node.found.by.as_str().map(str::to_owned),
        links: node.in_links,
        example: SiteExample {
            url: request.url(),
            headers: fields(&request.headers, redactor),
            body: redactor.bytes(&request.body),
        },
        answer: node.answer.as_ref().map(|answer| told(answer, redactor)),
    }
}

/// Those of the example, and those that other examples of it had.
fn parameters(node: &Node, request: &Request) -> Vec<SiteParameter> {
    let mut parameters: Vec<SiteParameter> = Vec::new();
    for point in insertion_points(request) {
        let parameter =
            SiteParameter { kind: point.reference.kind, name: point.reference.name.clone() };
        if !parameters.contains(&parameter) {
            parameters.push(parameter);
        }
    }
    let missing =
        node.parameters.iter().filter(|name| !parameters.iter().any(|known| known.name == **name));
    let kind = if request.body.is_empty() && request.method.is_safe() {
        InsertionKind::Query
    } else {
        InsertionKind::Form
    };
    let missing: Vec<SiteParameter> =
        missing.map(|name| SiteParameter { kind, name: name.clone() }).collect();
    parameters.extend(missing);
    parameters
}

fn told(answer: &Answer, redactor: &Redactor) -> SiteAnswer {
    SiteAnswer {
        status: answer.status,
        headers: fields(&answer.headers, redactor),
        media_type: answer.media_type.clone(),
        body_len: answer.body_len as u64,
        at: answer.at,
        duration: answer.duration,
    }
}

fn fields(headers: &[Header], redactor: &Redactor) -> Vec<(String, String)> {
    let value = |header: &Header| {
        let value = redactor.header_value(header);
        String::from_utf8_lossy(&value).chars().take(VALUE).collect()
    };
    headers.iter().map(|header| (header.name.clone(), value(header))).collect()
}
