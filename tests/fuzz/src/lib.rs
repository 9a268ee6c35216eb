//! What is fuzzed: for each target a function that holds a law over any bytes.
//!
//! `targets/` hands them to libFuzzer; `tests/it` includes this file and feeds them the seeds and
//! mutations of them, so that they are held by an ordinary compiler too.

pub mod auth;
pub mod cdp;
pub mod content;
pub mod document;
pub mod expression;
pub mod h2;
pub mod import;
pub mod include;
pub mod json;
pub mod oob;
pub mod response;
pub mod saved;
pub mod set_cookie;
pub mod sse;
pub mod template;
pub mod text;
pub mod threshold;
pub mod ws;
pub mod xpath;

/// Panics where its law does not hold for these bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which its seeds and its binary have too.
pub const TARGETS: [(&str, Target); 22] = [
    ("auth", auth::any),
    ("cdp", cdp::any),
    ("chunked", response::chunked),
    ("content", content::any),
    ("document", document::any),
    ("dsl", expression::parsed),
    ("h2", h2::any),
    ("import", import::any),
    ("include", include::any),
    ("json", json::any),
    ("oob", oob::any),
    ("plan", text::plan),
    ("render", expression::rendered),
    ("response", response::any),
    ("rule", text::rule),
    ("saved", saved::any),
    ("set_cookie", set_cookie::any),
    ("sse", sse::any),
    ("template", template::any),
    ("threshold", threshold::any),
    ("ws", ws::any),
    ("xpath", xpath::any),
];

/// The same bytes as a network may bring them: byte by byte, in pieces of `piece`, cut once after
/// so many, and whole.
fn splits(bytes: &[u8], piece: u8) -> [Vec<&[u8]>; 4] {
    let piece = usize::from(piece).max(1);
    let (before, behind) = bytes.split_at(piece.min(bytes.len()));
    [bytes.chunks(1).collect(), bytes.chunks(piece).collect(), vec![before, behind], vec![bytes]]
}
