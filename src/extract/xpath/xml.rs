//! XML as a table of nodes. What stands before a fault counts; entities of the document's own are
//! left out, so nothing grows.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::document::{Builder, Document, Names};

/// What follows is not looked at.
const MAX_BYTES: usize = 4 << 20;

/// The document ends where it is nested deeper.
const MAX_DEPTH: usize = 512;

/// The document, if it says that it is XML: its first characters are `<?xml`.
pub(super) fn xml_document(bytes: &[u8]) -> Option<Document> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BYTES)]);
    let mut builder = Builder::new(Names::Exact);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    while !builder.is_full() && builder.depth() <= MAX_DEPTH {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => break,
            Ok(event) => add(event, &mut builder),
        }
    }
    Some(builder.finish())
}

fn add(event: Event<'_>, builder: &mut Builder) {
    match event {
        Event::Start(start) => open(&start, builder),
        Event::Empty(start) => {
            open(&start, builder);
            builder.close();
        }
        Event::End(end) => builder.close_named(&String::from_utf8_lossy(end.name().as_ref())),
        Event::Text(text) => add_text(&String::from_utf8_lossy(&text), builder),
        Event::CData(text) => add_text(&String::from_utf8_lossy(&text), builder),
        Event::GeneralRef(name) => {
            let name = format!("&{};", String::from_utf8_lossy(&name));
            if let (Ok(text), 1..) = (unescape(&name), builder.depth()) {
                builder.text(&text);
            }
        }
        Event::Comment(text) => builder.comment(String::from_utf8_lossy(&text).into_owned()),
        Event::PI(instruction) => {
            let target = String::from_utf8_lossy(instruction.target()).into_owned();
            let text = String::from_utf8_lossy(instruction.content());
            builder.instruction(target, text.trim_ascii_start().to_owned());
        }
        Event::Decl(_) | Event::DocType(_) | Event::Eof => {}
    }
}

fn open(start: &BytesStart<'_>, builder: &mut Builder) {
    builder.open(String::from_utf8_lossy(start.name().as_ref()).into_owned());
    for attribute in start.attributes().with_checks(false).flatten() {
        if builder.is_full() {
            return;
        }
        let written = String::from_utf8_lossy(&attribute.value).replace("\r\n", " ");
        let written = written.replace(['\t', '\r', '\n'], " ");
        let value = unescape(&written).unwrap_or(Cow::Borrowed(&written)).into_owned();
        builder.attribute(String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value);
    }
}

/// Outside of the outermost element there is no text.
fn add_text(text: &str, builder: &mut Builder) {
    if builder.depth() > 0 {
        builder.text(&text.replace("\r\n", "\n").replace('\r', "\n"));
    }
}
