//! Segments of the path that are values.

use percent_encoding::percent_decode_str;

use super::insertion::InsertionPoint;
use super::insertion::Place;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::stateless_shape;

/// Segments that look like values, or that a template leaves open.
pub(super) fn path_values(path: &str, template: &str) -> Vec<InsertionPoint> {
    let shape = stateless_shape(path);
    let is_of_template = template.split('/').count() == path.split('/').count();
    let open = |index: usize| template.split('/').nth(index).filter(|_| is_of_template);
    path.split('/')
        .zip(shape.split('/'))
        .enumerate()
        .filter_map(|(index, (segment, hole))| {
            if hole == "{}" && segment != "{}" {
                return Some(path_point(segment, index, "", ""));
            }
            Some(open_segment(segment, index, open(index)?)?.1)
        })
        .collect()
}

/// The value of a segment that a template leaves open as a whole or in part, and its name there.
pub(super) fn open_segment<'t>(
    segment: &str,
    index: usize,
    template: &'t str,
) -> Option<(&'t str, InsertionPoint)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    let value = segment.strip_prefix(before)?.strip_suffix(after)?;
    let is_plain = !after.contains('{') && !value.is_empty();
    is_plain.then(|| (name, path_point(value, index, before, after)))
}

fn path_point(value: &str, index: usize, before: &str, after: &str) -> InsertionPoint {
    InsertionPoint {
        reference: InsertionRef { kind: InsertionKind::Path, name: index.to_string() },
        value: percent_decode_str(value).decode_utf8_lossy().into_owned(),
        place: Place::Path { index, before: before.to_owned(), after: after.to_owned() },
    }
}

pub(super) fn with_segment(path: &str, index: usize, segment: &str) -> String {
    let segments = path.split('/').enumerate();
    let segments = segments.map(|(at, own)| if at == index { segment } else { own });
    segments.collect::<Vec<_>>().join("/")
}
