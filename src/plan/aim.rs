//! Where a request goes: its path or URL, and whether the scope lets it.

use super::document::{Node, Scalar};
use super::error::Problem;
use super::reader::{Fields, Reader};
use super::slots;
use crate::flow::Place;
use crate::flow::Template;
use crate::model::Origin;
use crate::model::Scope;
use crate::model::Target;

/// Where a request goes.
pub(super) struct Aim {
    pub(super) origin: Origin,
    pub(super) path: Template,
    /// Path and query for people, slots as they are written.
    pub(super) shown: String,
}

/// Reads it.
pub(super) fn aim(node: &Node, target: &Target, reader: &mut Reader) -> Option<Aim> {
    let scalar = match node.scalar() {
        Some(scalar) if !scalar.pieces.is_empty() => scalar,
        _ => {
            let (origin, shown) =
                reader.parsed(node, "a path", |text| destination(text, target))?;
            let mut path = Template::default();
            path.push_literal(shown.as_bytes());
            return Some(Aim { origin, path, shown });
        }
    };
    match slotted_destination(scalar, target) {
        Ok(aim) => Some(aim),
        Err(message) => {
            reader.problem(&node.at, message);
            None
        }
    }
}

/// As [`destination`], for a text with slots: where it leads is fixed, only the path may differ.
fn slotted_destination(scalar: &Scalar, target: &Target) -> Result<Aim, String> {
    let host_end = scalar.text.find("://").map_or(0, |scheme| {
        let path = scalar.text[scheme + 3..].find('/');
        path.map_or(scalar.text.len(), |path| scheme + 3 + path)
    });
    let (host, shown) = scalar.text.split_at(host_end);
    if host.contains("${") || shown.starts_with("${") {
        return Err(
            "where a request goes is fixed: only what follows `/` may have slots".to_owned()
        );
    }
    let (_, shown) = destination(shown, target)?;
    let origin = match host {
        "" => target.origin.clone(),
        host => Target::parse(host).map_err(|error| error.to_string())?.origin,
    };
    let mut at = 0;
    let path = slots::template(scalar, Place::Url, |text| {
        // The host is at the start of the first literal.
        let skipped = host_end.saturating_sub(at).min(text.len());
        at += text.len();
        text.as_bytes()[skipped..].to_vec()
    });
    Ok(Aim { origin, path, shown })
}

/// Judges where the request goes, and its path if that is fixed: one with slots is judged each
/// time it is sent.
pub(super) fn judge(
    origin: &Origin,
    path: &Template,
    node: &Node,
    scope: &Scope,
    reader: &mut Reader,
) {
    let outcome = match slots::fixed(path) {
        Some(path) => scope.judge(origin, &String::from_utf8_lossy(&path)),
        None => scope.judge_origin(origin),
    };
    if let Err(refusal) = outcome {
        let problem = Problem::new(node.at.clone(), format!("out of scope: {refusal}"));
        reader.problems.push(problem.refused());
    }
}

/// Where a path or a URL leads, exactly as written: nothing is normalised or encoded here.
pub(super) fn destination(text: &str, target: &Target) -> Result<(Origin, String), String> {
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
        let encoded: String = percent_encoding::utf8_percent_encode(
            bad.encode_utf8(&mut [0; 4]),
            percent_encoding::NON_ALPHANUMERIC,
        )
        .collect();
        return Err(format!("a path cannot contain {bad:?}; write {encoded}"));
    }
    if text.contains('#') {
        return Err("a fragment (`#…`) is never sent; remove it, or write %23".to_owned());
    }
    if text.starts_with('/') {
        return Ok((target.origin.clone(), text.to_owned()));
    }
    if !text.contains("://") {
        return Err(format!("`{text}` is not a path; write `/{text}`"));
    }
    let other = Target::parse(&http_form(text)).map_err(|error| error.to_string())?;
    Ok((other.origin, other.path_and_query))
}

/// A WebSocket's URL as that of the request that opens it (RFC 6455 §3).
pub(super) fn http_form(url: &str) -> String {
    let rest = |scheme: &str| {
        let head = url.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &url[scheme.len()..])
    };
    match (rest("ws://"), rest("wss://")) {
        (Some(rest), _) => format!("http://{rest}"),
        (None, Some(rest)) => format!("https://{rest}"),
        (None, None) => url.to_owned(),
    }
}

/// A URL says where it goes, and so does the name of a target.
pub(super) fn refuse_two_aims(path: &Node, fields: &Fields<'_>, reader: &mut Reader) {
    let Some(entry) = fields.entry("target") else { return };
    if path.scalar().is_some_and(|scalar| scalar.text.contains("://")) {
        let text = "a request has a URL or a `target`: its URL says where it goes";
        reader.problem_with_help(
            &entry.key_at,
            text,
            "leave out `target`, or write the path alone",
        );
    }
}
