//! Style sheets: `url()`, `@import`, `image-set()` and source maps.

use super::text::text_references;
use super::{Against, Evidence, References};

/// What a style sheet refers to.
pub(crate) fn css_references(text: &str) -> References {
    let mut found = References::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut wants_string = false;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = text[at + 2..].find("*/").map_or(text.len(), |end| at + 2 + end);
                let comment = &text[at + 2..end];
                source_map(comment, &mut found);
                found.extend(text_references(comment));
                at = end + 2;
            }
            quote @ (b'"' | b'\'') => {
                let (value, next) = string(text, at + 1, quote);
                if wants_string {
                    found.stated(&value);
                }
                at = next;
            }
            b'@' if starts(&text[at..], "@import") => {
                wants_string = true;
                at += "@import".len();
            }
            b'i' | b'I' if starts(&text[at..], "image-set(") => {
                wants_string = true;
                at += "image-set(".len();
            }
            b'u' | b'U' if starts(&text[at..], "url(") => {
                let (value, next) = url(text, at + "url(".len());
                found.stated(&value);
                at = next;
            }
            b';' | b'{' | b'}' => {
                wants_string = false;
                at += 1;
            }
            _ => at += 1,
        }
    }
    found
}

fn starts(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// What stands between the brackets, and where the text goes on.
fn url(text: &str, from: usize) -> (String, usize) {
    let inner = text[from..].trim_start();
    let start = text.len() - inner.len();
    if let Some(quote @ (b'"' | b'\'')) = inner.as_bytes().first() {
        return string(text, start + 1, *quote);
    }
    let length = inner.find(')').unwrap_or(inner.len());
    (unescaped(inner[..length].trim_end()), start + length)
}

/// A string from behind its quote, and where the text goes on behind it.
fn string(text: &str, from: usize, quote: u8) -> (String, usize) {
    let mut escaped = false;
    for (offset, byte) in text[from..].bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            // A string that is not closed ends with its line.
            byte if byte == quote || byte == b'\n' => {
                return (unescaped(&text[from..from + offset]), from + offset + 1);
            }
            _ => {}
        }
    }
    (unescaped(&text[from..]), text.len())
}

/// `\/` is a slash, `\2f ` too.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits > 0 {
            let code = u32::from_str_radix(&after[..digits], 16).unwrap_or_default();
            out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            rest = after[digits..].strip_prefix(' ').unwrap_or(&after[digits..]);
        } else {
            let mut chars = after.chars();
            out.extend(chars.next().filter(|c| *c != '\n'));
            rest = chars.as_str();
        }
    }
    out.push_str(rest);
    out
}

/// `# sourceMappingURL=style.css.map` in a comment.
pub(super) fn source_map(comment: &str, found: &mut References) {
    let comment = comment.trim_start();
    let named = comment.strip_prefix(['#', '@']).map(str::trim_start);
    if let Some(map) = named.and_then(|text| text.strip_prefix("sourceMappingURL=")) {
        // Likely: many sites keep the line and not the map.
        let map = map.split_whitespace().next().unwrap_or_default();
        found.add(map, Evidence::Likely, Against::File);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(css: &str) -> Vec<String> {
        css_references(css).list.into_iter().map(|reference| reference.text).collect()
    }

    #[test]
    fn addresses_in_every_spelling() {
        let css = r#"@import "a.css"; @import url( 'b.css' ) screen; @IMPORT url(c.css);
            .x { background: URL( d.png ) , url("e\"f.png"); content: "no/address.png" }
            .y { background: image-set("g.png" 1x, 'h.png' 2x); color: "i.png" }
            @font-face { src: url(\2f fonts/j.woff2) format("woff2") }
            /* url(kept-out.png), once /old/k.png */ .z { background: url(data:image/png;base64,AA==) }
            /*# sourceMappingURL=s.css.map */"#;
        let expected = [
            "a.css",
            "b.css",
            "c.css",
            "d.png",
            "e\"f.png",
            "g.png",
            "h.png",
            "/fonts/j.woff2",
            "/old/k.png",
            "s.css.map",
        ];
        assert_eq!(texts(css), expected);
    }

    #[test]
    fn what_is_not_closed_ends_somewhere() {
        assert_eq!(texts("a { background: url(x.png"), ["x.png"]);
        assert_eq!(texts("a { background: url('x.png"), ["x.png"]);
        assert_eq!(texts("/* url(x"), Vec::<String>::new());
        assert_eq!(texts("@import 'é\nb { background: url(ü.png) }"), ["é", "ü.png"]);
        assert_eq!(texts("url(\\"), Vec::<String>::new());
    }
}
