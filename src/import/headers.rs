//! Headers of recorded requests that are not the request's own.

use super::operation::Operation;
use super::text::Text;
use crate::model::Header;

/// Said by whoever sends, or true for the one recording only.
const DROPPED: [&str; 22] = [
    "accept-encoding",
    "alt-used",
    "connection",
    "content-length",
    "dnt",
    "expect",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "priority",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
];

/// Adds a header if it is one, and says something about the request itself. `false` for a name or a
/// value that cannot be sent.
pub(super) fn add(operation: &mut Operation, name: &str, value: Text) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with(':') || lower.starts_with("sec-") || DROPPED.contains(&lower.as_str()) {
        return true;
    }
    if !can_be_sent(name, &value) {
        return false;
    }
    operation.headers.push((name.to_owned(), value));
    true
}

/// Whether name and value have a form on the wire.
pub(super) fn can_be_sent(name: &str, value: &Text) -> bool {
    is_name(name) && Header::is_value(&value.written())
}

/// Whether a header can have that name, and the plan has room for it.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 200 && Header::is_name(name)
}
