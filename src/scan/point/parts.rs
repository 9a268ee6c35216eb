//! Fields and files of multipart bodies.

use std::ops::Range;

use super::insertion::InsertionPoint;
use super::insertion::Place;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::multipart;
use crate::scan::multipart::Part;

/// Values of multipart fields.
pub(super) fn part_values(request: &Request) -> Vec<InsertionPoint> {
    let parts = parts(request).into_iter().filter(|part| !part.is_file);
    parts.map(|part| at(request, InsertionKind::Form, part.name, part.value, Place::Part)).collect()
}

/// Name, type and content of files.
pub(super) fn file_values(request: &Request) -> Vec<InsertionPoint> {
    let mut points = Vec::new();
    for part in parts(request).into_iter().filter(|part| part.is_file) {
        let of = |what: &str| format!("{}/{what}", part.name);
        let kind = InsertionKind::File;
        if let Some(range) = part.file_name {
            points.push(at(request, kind, of("filename"), range, Place::Quoted));
        }
        if let Some(range) = part.media_type {
            points.push(at(request, kind, of("type"), range, Place::Quoted));
        }
        points.push(at(request, kind, of("content"), part.value, Place::Part));
    }
    points
}

fn parts(request: &Request) -> Vec<Part> {
    let Some(kind) = request.header("content-type") else { return Vec::new() };
    multipart::parts(&kind.text(), &request.body)
}

fn at(
    request: &Request,
    kind: InsertionKind,
    name: String,
    range: Range<usize>,
    place: fn(Range<usize>) -> Place,
) -> InsertionPoint {
    InsertionPoint {
        reference: InsertionRef { kind, name },
        value: String::from_utf8_lossy(&request.body[range.clone()]).into_owned(),
        place: place(range),
    }
}

/// As browsers escape what stands between quotes in a part's head.
pub(super) fn quoted(value: &str) -> String {
    multipart::quoted(value)
}
