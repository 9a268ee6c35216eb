//! Small files that harm nobody, of the type that a field accepts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// One pixel each.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const JPEG: &str = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>\n";
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
                   2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// An archive without files (APPNOTE.TXT, 4.3.16).
const ZIP: &str = "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Type, extension, contents; those in base64 are no text.
const KNOWN: [(&str, &str, &str, bool); 11] = [
    ("image/png", "png", PNG, true),
    ("image/jpeg", "jpg", JPEG, true),
    ("image/gif", "gif", GIF, true),
    ("image/svg+xml", "svg", SVG, false),
    ("application/pdf", "pdf", PDF, false),
    ("text/csv", "csv", "name,count\nsample,1\n", false),
    ("application/json", "json", "{\"name\":\"sample\"}\n", false),
    ("application/xml", "xml", "<?xml version=\"1.0\"?>\n<sample/>\n", false),
    ("text/html", "html", "<p>sample</p>\n", false),
    ("application/zip", "zip", ZIP, false),
    ("text/plain", "txt", "sample\n", false),
];

/// Extensions with several spellings.
const SPELLED: [(&str, &str); 3] = [("jpeg", "jpg"), ("htm", "html"), ("text", "txt")];

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SampleFile {
    pub name: String,
    /// Its media type.
    pub kind: String,
    pub contents: Vec<u8>,
}

/// A file that `accept` allows; a text where it says nothing that is known.
pub(super) fn accepted(accept: Option<&str>) -> SampleFile {
    let wanted = accept.unwrap_or_default().to_ascii_lowercase();
    let known = wanted.split(',').map(str::trim).find_map(known);
    let (kind, extension, contents, is_packed) = known.unwrap_or(KNOWN[KNOWN.len() - 1]);
    let contents = if is_packed {
        BASE64_STANDARD.decode(contents).expect("the table's own")
    } else {
        contents.as_bytes().to_vec()
    };
    // One of an unknown type has at least its name.
    let unknown = wanted.split(',').next().and_then(|one| one.trim().strip_prefix('.'));
    let is_name = |text: &&str| {
        !text.is_empty() && text.len() <= 10 && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let extension = match (known, unknown.filter(is_name)) {
        (None, Some(unknown)) => unknown,
        _ => extension,
    };
    SampleFile { name: format!("sample.{extension}"), kind: kind.to_owned(), contents }
}

type Known = (&'static str, &'static str, &'static str, bool);

fn known(token: &str) -> Option<Known> {
    let extension = token.strip_prefix('.').map(|extension| {
        SPELLED.iter().find(|(other, _)| *other == extension).map_or(extension, |(_, one)| *one)
    });
    let group = token.strip_suffix("/*");
    KNOWN.into_iter().find(|(kind, known, ..)| {
        *kind == token
            || extension == Some(*known)
            || group.is_some_and(|group| kind.split('/').next() == Some(group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_of_an_accepted_type() {
        for (accept, name, kind, start) in [
            (Some("image/png"), "sample.png", "image/png", "\u{89}PNG".as_bytes()),
            (Some("image/*"), "sample.png", "image/png", b"".as_slice()),
            (Some(".JPEG, .png"), "sample.jpg", "image/jpeg", b""),
            (Some(".csv,text/csv"), "sample.csv", "text/csv", b"name,"),
            (Some("application/pdf"), "sample.pdf", "application/pdf", b"%PDF-"),
            (Some(".docx"), "sample.docx", "text/plain", b"sample"),
            (Some("../x"), "sample.txt", "text/plain", b"sample"),
            (None, "sample.txt", "text/plain", b"sample"),
        ] {
            let file = accepted(accept);
            assert_eq!((file.name.as_str(), file.kind.as_str()), (name, kind), "{accept:?}");
            if kind != "image/png" {
                assert!(file.contents.starts_with(start), "{accept:?}");
            }
            assert!(!file.contents.is_empty() && file.contents.len() < 1000);
        }
        assert!(accepted(Some("image/png")).contents.starts_with(b"\x89PNG\r\n\x1a\n"));
    }
}
