//! Addresses with holes: URL templates (RFC 6570), parameters of routes, and what template engines
//! fill in.

use super::SAMPLE;

/// What an address with holes comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// There is no hole in it.
    AsIs,
    /// Its holes have samples.
    With(String),
    /// It begins with a hole, so that nobody knows where it leads.
    Nothing,
}

/// Beginnings and ends of holes.
const HOLES: [(&str, &str); 7] =
    [("{{", "}}"), ("${", "}"), ("#{", "}"), ("<%", "%>"), ("<?", "?>"), ("{%", "%}"), ("{", "}")];

/// Fills the holes of an address.
pub(super) fn filled(text: &str) -> Filled {
    if !text.contains(['{', '<', '[', ':']) {
        return Filled::AsIs;
    }
    let Some(without) = without_holes(text) else { return Filled::Nothing };
    let routed = with_route(&without);
    if routed == text { Filled::AsIs } else { Filled::With(routed) }
}

fn without_holes(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((start, (open, close))) = HOLES
        .iter()
        .filter_map(|hole| Some((rest.find(hole.0)?, *hole)))
        .min_by_key(|(start, (open, _))| (*start, std::cmp::Reverse(open.len())))
    {
        let inner = &rest[start + open.len()..];
        let Some(end) = inner.find(close) else { break };
        out.push_str(&rest[..start]);
        if out.is_empty() {
            return None;
        }
        // `{?page,limit}`, `{&x}` and `{#part}` are optional; others stand for a value.
        if !(open == "{" && inner.starts_with(['?', '&', '#'])) {
            out.push_str(SAMPLE);
        }
        rest = &inner[end + close.len()..];
    }
    out.push_str(rest);
    Some(out)
}

/// `/users/:id` and `/stores/[city]` with samples; only whole segments of a path are parameters.
fn with_route(text: &str) -> String {
    let path_end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(path_end);
    if !path.contains("/:") && !path.contains("/[") {
        return text.to_owned();
    }
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| {
            let name = segment.strip_prefix(':').map(|name| name.trim_end_matches(['?', '*', '+']));
            let name = name.or_else(|| segment.strip_prefix('[')?.strip_suffix(']'));
            if name.is_some_and(is_name) { SAMPLE } else { segment }
        })
        .collect();
    format!("{}{rest}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn holes_have_samples_and_optional_parts_go() {
        for (text, expected) in [
            ("/users/{id}/posts{?page,limit}", "/users/1/posts"),
            ("/find?q={searchTerms}{&x}", "/find?q=1"),
            ("/a/{{ item.id }}/b", "/a/1/b"),
            ("/a/<%= id %>", "/a/1"),
            ("/users/:id", "/users/1"),
            ("/stores/[city]/[...rest]?a=[b]", "/stores/1/1?a=[b]"),
            ("/x/${id}", "/x/1"),
        ] {
            assert_eq!(filled(text), Filled::With(expected.to_owned()), "{text}");
        }
        for text in ["http://h:8080/a", "/a:b", "http://[::1]/x", "/a", "/a/{open", "urn:x"] {
            assert_eq!(filled(text), Filled::AsIs, "{text}");
        }
        for text in ["{{url}}", "{+base}/x", "${root}/x"] {
            assert_eq!(filled(text), Filled::Nothing, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_filled(text in r"[{}$<%>?&#/:\[\]aé]{0,40}") {
            let _ = filled(&text);
        }
    }
}
