//! Where in a page a value comes back, in Nuclei's words: `analyzer: xss_context`.

use crate::extract::{Markup, Piece, Scripting, Tag};

/// Attributes that hold a URL.
const URLS: [&str; 13] = [
    "action",
    "background",
    "cite",
    "codebase",
    "data",
    "formaction",
    "href",
    "icon",
    "longdesc",
    "manifest",
    "ping",
    "poster",
    "src",
];

/// What a URL begins with that is a document or a script itself.
const RUNS: [&str; 5] = [
    "javascript:",
    "vbscript:",
    "data:text/html",
    "data:application/xhtml+xml",
    "data:image/svg+xml",
];

/// The first place of `value` in `page`, case ignored; `None` where it is not in what the page is
/// made of.
pub(super) fn context(page: &str, value: &str) -> Option<&'static str> {
    let value = value.to_lowercase();
    if value.is_empty() || !page.to_lowercase().contains(&value) {
        return None;
    }
    let has = |text: &str| text.to_lowercase().contains(&value);
    let mut script = None;
    for piece in &Markup::parse(page, Scripting::On).pieces {
        match piece {
            Piece::Comment(text) if has(text) => return Some("Comment"),
            Piece::Text { text, raw } if has(text) => {
                return Some(match raw.as_deref() {
                    Some("script") if script.is_none_or(runs) => "Script",
                    Some("script") => "ScriptData",
                    Some("style") => "Style",
                    Some(_) | None => "HTMLBody",
                });
            }
            Piece::Open(tag) => {
                let in_tag = |(name, text): &(String, String)| {
                    if has(text) {
                        Some(in_attribute(&tag.name, name, text))
                    } else {
                        has(name).then_some("HTMLAttribute")
                    }
                };
                if let Some(found) = tag.attributes.iter().find_map(in_tag) {
                    return Some(found);
                }
                script = (tag.name == "script").then_some(tag).or(script);
            }
            Piece::Text { .. } | Piece::Comment(_) | Piece::Close(_) => {}
        }
    }
    None
}

fn in_attribute(element: &str, name: &str, text: &str) -> &'static str {
    let url = text.trim().to_lowercase();
    match name {
        "style" => "Style",
        "srcdoc" => "HTMLBody",
        // No attribute but an event handler begins so.
        _ if name.starts_with("on") && name.len() > 2 => "HTMLAttributeEvent",
        _ if !URLS.contains(&name) => "HTMLAttribute",
        _ if is_followed(element, name) && RUNS.iter().any(|start| url.starts_with(start)) => {
            "Script"
        }
        _ => "HTMLAttributeURL",
    }
}

/// Whether a browser goes to this URL as a document, rather than fetching it as an image or the like.
fn is_followed(element: &str, name: &str) -> bool {
    matches!(
        (element, name),
        ("a" | "area", "href")
            | ("iframe" | "frame" | "embed", "src")
            | ("form", "action")
            | ("button" | "input", "formaction")
            | ("object", "data")
    )
}

/// Whether the content of a `script` is a program and not data.
fn runs(script: &Tag) -> bool {
    let kind = script.attribute("type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let scripts = ["javascript", "ecmascript", "jscript", "livescript"];
    matches!(kind.as_str(), "" | "module") || scripts.iter().any(|end| kind.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::context;

    #[test]
    fn each_place_has_its_name() {
        for (page, expected) in [
            ("<p>a MARK</p>", Some("HTMLBody")),
            ("<title>mark</title>", Some("HTMLBody")),
            ("<iframe srcdoc='mark'>", Some("HTMLBody")),
            ("<input value='mark'>", Some("HTMLAttribute")),
            ("<p mark=1>", Some("HTMLAttribute")),
            ("<img src='/mark'>", Some("HTMLAttributeURL")),
            ("<img src='javascript:mark'>", Some("HTMLAttributeURL")),
            ("<a href=' JavaScript:mark'>", Some("Script")),
            ("<p onclick='mark'>", Some("HTMLAttributeEvent")),
            ("<script>x='mark'</script>", Some("Script")),
            ("<script type='text/javascript; charset=utf-8'>mark</script>", Some("Script")),
            ("<script type=application/json>mark</script>", Some("ScriptData")),
            ("<style>mark</style>", Some("Style")),
            ("<p style='mark'>", Some("Style")),
            ("<!-- mark -->", Some("Comment")),
            ("<p>other</p>", None),
            ("<mar k>", None),
            ("", None),
        ] {
            assert_eq!(context(page, "mark"), expected, "{page}");
        }
        assert_eq!(context("<p>mark", ""), None);
    }
}
