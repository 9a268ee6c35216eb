//! PDF: the addresses of its links, and those that its text names.
//!
//! Reading is bounded: by the size of the file, by what one stream may unpack to, and by how many
//! streams and pages are unpacked at all.

use lopdf::{Document, LoadOptions, Object};

use super::References;
use super::text::text_references;

/// Larger files are not read.
const MAX_BYTES: usize = 8 << 20;

/// What one stream may unpack to.
const MAX_UNPACKED: usize = 1 << 20;

/// Streams of packed objects; each is unpacked when the file is opened.
const MAX_PACKED: usize = 256;

/// Pages whose text is read.
const MAX_PAGES: usize = 100;

/// Objects that are looked at.
const MAX_OBJECTS: usize = 50_000;

/// What a PDF file refers to; nothing of one that cannot be read.
pub(super) fn pdf_references(body: &[u8]) -> References {
    let mut found = References::default();
    let packed = memchr::memmem::find_iter(body, b"/ObjStm").take(MAX_PACKED + 1).count();
    if body.len() > MAX_BYTES || packed > MAX_PACKED {
        found.truncated = true;
        return found;
    }
    let options =
        LoadOptions { max_decompressed_size: Some(MAX_UNPACKED), ..LoadOptions::default() };
    let Ok(document) = Document::load_mem_with_options(body, options) else { return found };
    found.truncated |= document.objects.len() > MAX_OBJECTS;
    for object in document.objects.values().take(MAX_OBJECTS) {
        if let Some(address) = link(&document, object) {
            found.stated(&address);
        }
    }
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    found.truncated |= pages.len() > MAX_PAGES;
    for page in pages.into_iter().take(MAX_PAGES) {
        if let Ok(text) = document.extract_text_with_limit(&[page], MAX_UNPACKED) {
            found.extend(text_references(&text));
        }
    }
    found
}

/// The address of a link: an annotation's action, or an action by itself (ISO 32000-1, 12.6.4.7).
fn link(document: &Document, object: &Object) -> Option<String> {
    let dictionary = object.as_dict().ok()?;
    let action = match dictionary.get(b"A") {
        Ok(action) => document.dereference(action).ok()?.1.as_dict().ok()?,
        Err(_) => dictionary,
    };
    let address = action.get(b"URI").ok()?.as_str().ok()?;
    Some(String::from_utf8_lossy(address).into_owned())
}
