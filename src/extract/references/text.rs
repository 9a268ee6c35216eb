//! Texts that look like addresses: whole strings, and addresses within running text.

use super::{Against, Evidence, References};

/// Types of media, which look like paths.
const MEDIA_TYPES: [&str; 10] = [
    "application",
    "audio",
    "font",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
    "x",
];

/// Whether the whole text is an absolute address over HTTP.
pub(super) fn looks_like_url(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let rest = ["http://", "https://", "ws://", "wss://"]
        .iter()
        .find(|scheme| lower.starts_with(**scheme))
        .and_then(|scheme| text.get(scheme.len()..))
        .or_else(|| text.strip_prefix("//"));
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let is_host = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_[]".contains(c))
        && (host.contains('.') || host == "localhost" || !lower.starts_with("//"));
    is_host && !rest.contains(is_never_in_address)
}

/// Whether the whole text is a path from the root, or from `.` or `..`.
pub(super) fn looks_like_path(text: &str) -> bool {
    let path = text.strip_prefix("..").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let Some(rest) = path.strip_prefix('/') else { return false };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let has_name = path.chars().any(|c| c.is_ascii_alphanumeric());
    // Of expressions and markup in texts.
    let is_odd = text.contains("//") && !text.contains("://")
        || rest.starts_with(['/', '*', '>', '?', '^', '$', '(', '['])
        || path.contains(['*', '^', '|', '(', ')', '[', ']', '+', '$', ',', ';', '=', '!'])
        || path.ends_with(['\\', '.']);
    has_name && !is_odd && !text.contains(is_never_in_address)
}

/// Whether the whole text is a path from where the page is: `account/orders`, `page.php?id=1`.
pub(super) fn looks_like_relative(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/');
    let first = segments.next().unwrap_or_default();
    let is_word = |segment: &str| {
        !segment.is_empty()
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~%{}".contains(c))
    };
    let whole = path.strip_suffix('/').unwrap_or(path);
    let words = whole.split('/').all(is_word);
    let has_extension = path.rsplit('/').next().is_some_and(has_page_extension);
    let is_media = MEDIA_TYPES.contains(&first) && whole.split('/').count() == 2;
    words
        && first.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && (whole.contains('/') || has_extension || (text.contains('?') && text.contains('=')))
        && !is_media
        && !text.contains(is_never_in_address)
}

/// Whether a file's name says that it is a page or data, and not a word with a dot.
pub(super) fn has_page_extension(name: &str) -> bool {
    const EXTENSIONS: [&str; 33] = [
        "html", "htm", "xhtml", "shtml", "php", "php3", "phtml", "asp", "aspx", "ashx", "asmx",
        "jsp", "jspx", "jsf", "do", "action", "cgi", "pl", "cfm", "json", "xml", "txt", "csv",
        "js", "mjs", "css", "rss", "atom", "yaml", "yml", "wsdl", "pdf", "md",
    ];
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty() && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Whether a text holds HTML with addresses.
pub(super) fn looks_like_markup(text: &str) -> bool {
    const ATTRIBUTES: [&str; 6] = ["href", "src", "action", "srcset", "data-", "poster"];
    let tag = text.find('<').map(|start| &text[start + 1..]);
    tag.is_some_and(|tag| {
        tag.starts_with(|c: char| c.is_ascii_alphabetic())
            && ATTRIBUTES.iter().any(|name| tag.contains(name))
            && tag.contains('=')
    })
}

fn is_never_in_address(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>\"'`\\".contains(c)
}

/// Addresses within a running text, such as a comment, a text file or the text of a PDF.
pub(super) fn text_references(text: &str) -> References {
    let mut found = References::default();
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control() || "<>\"'`(){}|,".contains(c))
    {
        // `#{$base}/x`: the end of an address.
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let is_end = text[..start].ends_with(['}', ')']) && word.starts_with('/');
        if is_end {
            continue;
        }
        let word = word.trim_end_matches(['.', ';', ':', '!', '?']);
        let word = word.strip_prefix('=').unwrap_or(word);
        // `URL:https://h/x` of cards and calendars.
        let word = ["http://", "https://"]
            .iter()
            .filter_map(|scheme| word.find(scheme))
            .min()
            .filter(|start| word[..*start].ends_with([':', '=', ';', '[']))
            .map_or(word, |start| &word[start..]);
        // `href=/x` and `see:/x` of markup that is not one.
        let value = word.split_once('=').filter(|(name, _)| !name.contains(['/', '?', '&']));
        let word = value.map_or(word, |(_, value)| value);
        let is_path = word.starts_with('/') && looks_like_path(word) && word.len() > 2;
        if looks_like_url(word) || is_path {
            found.add(word, Evidence::Likely, Against::File);
        }
    }
    found
}

/// Markdown: its links and pictures, also relative ones, beside what its text names.
pub(super) fn markdown_references(text: &str) -> References {
    let mut found = text_references(text);
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("](") {
        let end = after.find([')', '\n', ' ']).unwrap_or(after.len());
        found.add(after[..end].trim_matches(['<', '>']), Evidence::Likely, Against::File);
        rest = &after[end..];
    }
    for line in text.lines() {
        // `[1]: /address "title"`
        let defined = line.trim_start().strip_prefix('[').and_then(|line| line.split_once("]:"));
        if let Some(address) = defined.and_then(|(_, rest)| rest.split_ascii_whitespace().next()) {
            found.add(address.trim_matches(['<', '>']), Evidence::Likely, Against::File);
        }
    }
    found
}

/// A playlist (RFC 8216): lines that are no comments, and `URI` attributes of those that are.
pub(super) fn playlist_references(text: &str) -> References {
    let mut found = References::default();
    for line in text.lines().map(str::trim) {
        if !line.starts_with('#') {
            found.stated(line);
        } else if let Some((_, after)) = line.split_once("URI=\"") {
            found.stated(after.split('"').next().unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_only_looks_like_them() {
        for text in
            ["/api/v1/users", "/a", "./x.js", "../up", "/p?q=a b".trim_end_matches(" b"), "/~me"]
        {
            assert!(looks_like_path(text), "{text}");
        }
        for text in ["/", "//", "/*", "/>", "/ a", "a/b", "/^x$/", "/a|b/", "/(x)/", "/.", "/a\\"] {
            assert!(!looks_like_path(text), "{text}");
        }
        for text in ["http://h/x", "HTTPS://h.example:1/", "//cdn.example/x.js", "wss://h/live"] {
            assert!(looks_like_url(text), "{text}");
        }
        for text in ["http://", "//", "// a comment", "//x", "ftp://h/x", "http://<host>/"] {
            assert!(!looks_like_url(text), "{text}");
        }
        for text in ["account/orders", "page.php?id=1", "api/", "index.html", "search?q=x"] {
            let accepted = looks_like_relative(text) || text == "api/";
            assert!(accepted, "{text}");
        }
        for text in ["text/html", "image/png", "word", "1.5", "a b/c", "e.g.", "foo.bar", "x?y"] {
            assert!(!looks_like_relative(text), "{text}");
        }
    }

    #[test]
    fn markdown_and_playlists_have_links_of_their_own() {
        let texts = |found: References| -> Vec<String> {
            found.list.into_iter().map(|reference| reference.text).collect()
        };
        let text = "see [a](one \"A\"), ![b](/two) and\n[1]: three\n[x](#here) <https://h/four>";
        assert_eq!(
            texts(markdown_references(text)),
            ["/two", "https://h/four", "one", "/two", "three"]
        );
        let text = "#EXTM3U\n#EXT-X-MEDIA:A=1,URI=\"a.m3u8\"\nlow.m3u8\n\n#end";
        assert_eq!(texts(playlist_references(text)), ["a.m3u8", "low.m3u8"]);
        assert_eq!(
            texts(text_references("URL:http://h/card;X=1\nURL;TYPE=a:https://h/b")).len(),
            2
        );
    }

    #[test]
    fn running_text_names_addresses() {
        let text = "See https://h.example/docs/a. Old: <a href=\"/old/page\">, and/or /admin (n/a) \
                    5/7 // nothing, href=/loose; /etc";
        let found: Vec<String> =
            text_references(text).list.into_iter().map(|reference| reference.text).collect();
        assert_eq!(found, ["https://h.example/docs/a", "/old/page", "/admin", "/loose", "/etc"]);
    }
}
