//! Places at which a site takes something that it may keep.

use std::sync::Arc;

use super::super::InsertionPoint;
use super::super::Node;
use super::super::Strength;
use super::super::is_password;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::scan::point::aside;
use crate::scan::point::insertion_points_in;

/// Headers that applications log and show to whoever looks after them.
const LOGGED: [&str; 3] = ["user-agent", "referer", "x-forwarded-for"];

/// Parts of names whose values somebody else has drawn.
const DRAWN: [&str; 6] = ["csrf", "xsrf", "token", "nonce", "captcha", "authenticity"];

/// What a place takes beside the value itself, so that it stays one that the application accepts.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) node: Arc<Node>,
    pub(crate) point: InsertionPoint,
    before: String,
    after: String,
    /// What stands there looks as if nothing but its like is taken.
    pub(crate) is_strict: bool,
}

impl Entry {
    /// The value with something of ours in it.
    pub(crate) fn value(&self, inner: &str) -> String {
        format!("{}{inner}{}", self.before, self.after)
    }

    /// The request with that.
    pub(crate) fn request(&self, inner: &str) -> Request {
        self.point.place(&self.node.examples[0], &self.value(inner))
    }

    fn new(node: &Arc<Node>, point: InsertionPoint) -> Option<Self> {
        let name = point.reference.name.to_ascii_lowercase();
        if is_password(&name) || DRAWN.iter().any(|part| name.contains(part)) {
            return None;
        }
        let (mut before, mut after, mut is_strict) = (String::new(), String::new(), false);
        let value = point.value.as_str();
        if point.reference.kind == InsertionKind::File {
            // Type and content are looked at by who runs what was uploaded.
            name.strip_suffix("/filename")?;
            value.rfind('.').map_or("", |dot| &value[dot..]).clone_into(&mut after);
        } else if let Some(at) = value.find('@').filter(|at| *at > 0 && !value.contains(' ')) {
            value[at..].clone_into(&mut after);
        } else if value.starts_with("http://") || value.starts_with("https://") {
            before = format!("{}/", value.trim_end_matches('/'));
        } else {
            is_strict = is_exact(value);
        }
        Some(Self { node: Arc::clone(node), point, before, after, is_strict })
    }
}

/// A number, a date, a switch, a path: no place for a text.
fn is_exact(value: &str) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || ".,:-+TZ ".contains(c);
    let is_switch = matches!(value, "true" | "false" | "on" | "off" | "yes" | "no" | "null");
    !value.is_empty() && (value.chars().all(is_number) || is_switch || value.starts_with('/'))
}

/// Places of a request that writes: values of its body and address, names of its files.
pub(super) fn of_writing(node: &Arc<Node>) -> Vec<Entry> {
    let request = &node.examples[0];
    let points = insertion_points_in(request, &node.path_template);
    let files = aside(request, Strength::Low);
    let body = points.into_iter().filter(|point| point.reference.kind != InsertionKind::Path);
    body.chain(files).filter_map(|point| Entry::new(node, point)).collect()
}

/// Places of a request that only reads: what was searched for may be kept too.
pub(super) fn of_reading(node: &Arc<Node>) -> Vec<Entry> {
    let points = insertion_points_in(&node.examples[0], &node.path_template);
    let query = points.into_iter().filter(|point| point.reference.kind == InsertionKind::Query);
    query.filter_map(|point| Entry::new(node, point)).collect()
}

/// What is logged of a visit.
pub(super) fn of_visit(node: &Arc<Node>) -> Vec<Entry> {
    let points = aside(&node.examples[0], Strength::Medium).into_iter();
    points
        .filter(|point| LOGGED.contains(&point.reference.name.to_ascii_lowercase().as_str()))
        .filter_map(|point| Entry::new(node, point))
        .map(|entry| Entry { is_strict: false, ..entry })
        .collect()
}
