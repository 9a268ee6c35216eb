//! Foreign text inside the log. JSON keeps it apart from the log's structure, but not from viewers:
//! they turn brackets of a message into links and render help as Markdown.

use std::fmt::Write as _;

use crate::model::inert;

/// Text that people read is cut to this many characters.
const TEXT: usize = 4000;

/// Text that a viewer shows as it stands.
pub(super) fn words(text: &str) -> String {
    // §3.11.6: `[text](place)` in a message is a link, `[text](1)` one to a related location.
    inert(text, TEXT).replace("](", "] (")
}

/// A paragraph of Markdown without HTML, links and images; backticks and emphasis may stay.
pub(super) fn paragraph(text: &str) -> String {
    let text = words(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace("://", "&#58;//")
}

/// A reference as a link, if it is one to a page; an address has neither brackets nor spaces.
pub(super) fn link(text: &str) -> Option<String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = !text.contains(|it: char| it.is_whitespace() || "<>\"`\\".contains(it));
    let is_shown = is_web && is_plain && words(text) == text;
    is_shown.then(|| text.to_owned())
}

/// The log with everything escaped that changes how text around it is shown, evidence included:
/// read as JSON it is the same.
pub(super) fn visible(json: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(json).expect("JSON is UTF-8");
    // JSON escapes ASCII's controls itself, but for DEL. Most logs have none of it.
    let may_hide = |it: char| it == '\u{7f}' || !it.is_ascii();
    let is_hidden = |it: char| may_hide(it) && inert(it.encode_utf8(&mut [0; 4]), 1).len() > 4;
    if !text.contains(is_hidden) {
        return text.into_bytes();
    }
    let mut out = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units).iter() {
                write!(out, "\\u{unit:04x}").expect("writing to a string cannot fail");
            }
        } else {
            out.push(character);
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_the_same_to_a_parser_and_hides_nothing_from_a_reader() {
        let json = serde_json::json!({ "body": "a\u{202e}b\u{e0041}\u{9b}é\u{7f}" });
        let shown = visible(serde_json::to_vec(&json).expect("JSON"));
        let text = String::from_utf8(shown).expect("UTF-8");
        assert!(text.contains("\\u202e") && text.contains("\\udb40\\udc41"), "{text}");
        assert!(text.contains('é') && !text.contains(['\u{9b}', '\u{7f}']), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), json);
    }

    #[test]
    fn only_addresses_of_pages_are_links() {
        assert_eq!(link("https://owasp.org/x").as_deref(), Some("https://owasp.org/x"));
        for text in ["javascript:alert(1)", "https://x> <img src=y>", "https://x/\u{202e}"] {
            assert_eq!(link(text), None, "{text}");
        }
    }
}
