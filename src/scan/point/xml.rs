//! Texts and attributes of XML bodies, by their bytes: what is replaced is escaped, the rest stays.

use std::collections::BTreeMap;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::escape::unescape;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use super::insertion::InsertionPoint;
use super::insertion::MAX_POINTS;
use super::insertion::Place;
use crate::model::InsertionKind;
use crate::model::InsertionRef;

/// Elements inside each other that are read.
const MAX_DEPTH: usize = 64;

/// The points of an XML body; none of what stands behind the first fault in it.
pub(super) fn xml_values(body: &[u8]) -> Vec<InsertionPoint> {
    let mut reader = Reader::from_reader(body);
    let mut found = Found { body, points: Vec::new(), names: BTreeMap::new() };
    let mut path: Vec<String> = Vec::new();
    let mut text = None;
    loop {
        let before = position(&reader);
        let Ok(event) = reader.read_event() else { break };
        let after = position(&reader);
        // References are events of their own: a text goes on until there is an element.
        if matches!(event, Event::Text(_) | Event::GeneralRef(_)) {
            let start = text.take().map_or(before, |text: Range<usize>| text.start);
            text = Some(start..after);
            continue;
        }
        if let Some(text) = text.take().filter(|_| !path.is_empty()) {
            found.text(&path, text);
        }
        match event {
            Event::Eof => break,
            Event::Start(element) => {
                path.push(String::from_utf8_lossy(element.name().as_ref()).into_owned());
                found.attributes(&path, &element);
            }
            Event::Empty(element) => {
                path.push(String::from_utf8_lossy(element.name().as_ref()).into_owned());
                found.attributes(&path, &element);
                path.pop();
            }
            Event::End(_) => drop(path.pop()),
            _ => {}
        }
        if path.len() > MAX_DEPTH || found.points.len() >= MAX_POINTS {
            break;
        }
    }
    found.points
}

/// Bytes with a value in place of others.
pub(super) fn with_xml(body: &[u8], range: &Range<usize>, value: &str) -> Vec<u8> {
    let mut out = body[..range.start].to_vec();
    out.extend_from_slice(escape(value).as_bytes());
    out.extend_from_slice(&body[range.end..]);
    out
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).expect("a body is in memory")
}

struct Found<'a> {
    body: &'a [u8],
    points: Vec<InsertionPoint>,
    /// How often a path has come by.
    names: BTreeMap<String, usize>,
}

impl Found<'_> {
    fn attributes(&mut self, path: &[String], element: &BytesStart<'_>) {
        for attribute in element.attributes().with_checks(false).flatten() {
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            if name.starts_with("xmlns") {
                continue;
            }
            let Some(range) = self.range_of(&attribute.value) else { continue };
            self.add(format!("/{}/@{name}", path.join("/")), range);
        }
    }

    fn text(&mut self, path: &[String], range: Range<usize>) {
        let bytes = &self.body[range.clone()];
        let start = range.start + (bytes.len() - bytes.trim_ascii_start().len());
        let trimmed = start..start + bytes.trim_ascii().len();
        if !trimmed.is_empty() {
            self.add(format!("/{}", path.join("/")), trimmed);
        }
    }

    fn add(&mut self, name: String, range: Range<usize>) {
        let text = String::from_utf8_lossy(&self.body[range.clone()]).into_owned();
        let value = unescape(&text).map_or_else(|_| text.clone(), std::borrow::Cow::into_owned);
        let times = self.names.entry(name.clone()).or_insert(0);
        *times += 1;
        let name = if *times == 1 { name } else { format!("{name}[{times}]") };
        let reference = InsertionRef { kind: InsertionKind::Xml, name };
        self.points.push(InsertionPoint { reference, value, place: Place::Xml(range) });
    }

    /// Where a piece of the body stands in it.
    fn range_of(&self, piece: &[u8]) -> Option<Range<usize>> {
        let start = (piece.as_ptr() as usize).checked_sub(self.body.as_ptr() as usize)?;
        let range = start..start.checked_add(piece.len())?;
        (range.end <= self.body.len() && self.body[range.clone()] == *piece).then_some(range)
    }
}
