//! A page that nothing follows: a target. Built from its path, so that no two look the same.

use std::fmt::Write as _;
use std::path::Path;

use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

const SENTENCES: &[&str] = &[
    "Made to be repaired.",
    "We pack it in paper.",
    "Ask us, we are open on weekdays.",
    "Prices include the tax.",
    "It comes with a letter.",
];

/// The page of a path: JSON where programs ask, else HTML.
pub(super) fn leaf(path: &str) -> Response {
    let name = path.rsplit('/').next().unwrap_or(path);
    if is_data(path) {
        let body = format!("{{\"name\":\"{name}\",\"count\":{}}}\n", name.len());
        return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    if Path::new(path).extension().is_some_and(|extension| extension == "js") {
        return ([(header::CONTENT_TYPE, "text/javascript")], "var loaded = true;\n")
            .into_response();
    }
    let seed = path.bytes().fold(7_usize, |seed, byte| seed.wrapping_mul(31) + usize::from(byte));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><title>{name}</title></head><body><h1>{name}</h1>\n"
    );
    for line in 0..2 + seed % 4 {
        let sentence = SENTENCES[(seed >> line) % SENTENCES.len()];
        let tag = if (seed >> (line + 3)).is_multiple_of(2) { "p" } else { "blockquote" };
        let _infallible = writeln!(html, "<{tag}>{sentence} {name}, {line}.</{tag}>");
    }
    html.push_str("</body></html>\n");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

fn is_data(path: &str) -> bool {
    ["/api/", "/rest/", "/rows", "-data", ".json"].iter().any(|part| path.contains(part))
}
