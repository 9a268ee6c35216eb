//! One exchange of a proof: request and response as they stood on the wire, the match marked.

use std::ops::Range;

use ratatui::text::{Line, Span};

use super::detail;
use super::theme;
use super::wrap::wrap;
use crate::model::Evidence;
use crate::model::Recorded;
use crate::model::format_bytes;
use crate::model::format_duration;
use crate::model::inert;

/// Bytes shown of one side: enough to judge by, little enough to lay out at every key.
const SHOWN: usize = 16 * 1024;
/// Bytes shown before a match that stands further on.
const BEFORE_MATCH: usize = 1024;
/// Characters shown of one line; minified bodies are one line.
const LINE_MAX: usize = 4000;

/// The rows of one exchange; `place` is its number and how many there are.
pub(super) fn rows(evidence: &Evidence, place: (usize, usize), width: usize) -> Vec<Line<'static>> {
    let identity = evidence
        .identity
        .as_deref()
        .map_or(String::new(), |name| format!(", as {}", inert(name, 60)));
    let title = format!(
        "evidence {} of {}: {}{identity}, {}",
        place.0,
        place.1,
        evidence.role.as_str(),
        format_duration(evidence.timings.total())
    );
    let mut lines = detail::heading(&title, theme::strong(), width);
    lines.extend(side("> ", &evidence.request, None, width));
    lines.push(Line::default());
    match &evidence.response {
        Some(response) => {
            let marked = evidence
                .highlight
                .map(|found| found.offset..found.offset.saturating_add(found.length));
            lines.extend(side("< ", response, marked, width));
        }
        None => lines.push(Line::styled("no response", theme::bad())),
    }
    lines
}

/// One side, every line with `prefix`; bytes that are not shown are counted.
fn side(
    prefix: &str,
    recorded: &Recorded,
    marked: Option<Range<usize>>,
    width: usize,
) -> Vec<Line<'static>> {
    let data = &recorded.data;
    let marked = marked.map(|range| range.start.min(data.len())..range.end.min(data.len()));
    let shown = window(data.len(), marked.as_ref());
    let mut lines = Vec::new();
    lines.extend(left_out(shown.start, "before this"));
    let mut start = shown.start;
    for line in data[shown.clone()].split_inclusive(|byte| *byte == b'\n') {
        let range = start..start + line.len();
        start = range.end;
        let row = styled(prefix, data, range, marked.as_ref());
        lines.extend(wrap(&row, width, prefix.len()));
    }
    lines.extend(left_out(data.len() - shown.end, "after this"));
    if recorded.truncated {
        lines.push(Line::styled("the rest was not recorded", theme::dim()));
    }
    lines
}

/// The bytes to show: from the start, unless the match would be missed.
fn window(len: usize, marked: Option<&Range<usize>>) -> Range<usize> {
    let start = match marked {
        Some(range) if range.end > SHOWN => range.start.saturating_sub(BEFORE_MATCH),
        Some(_) | None => 0,
    };
    start..(start + SHOWN).min(len)
}

fn left_out(bytes: usize, place: &str) -> Option<Line<'static>> {
    (bytes > 0).then(|| {
        let size = format_bytes(bytes as u64);
        Line::styled(format!("{size} {place} not shown"), theme::dim())
    })
}

/// One line of the data, the part of the match in it reversed and between marks.
fn styled(
    prefix: &str,
    data: &[u8],
    range: Range<usize>,
    marked: Option<&Range<usize>>,
) -> Line<'static> {
    let text = |range: Range<usize>| {
        let text = String::from_utf8_lossy(&data[range]);
        inert(text.trim_end_matches(['\r', '\n']), LINE_MAX)
    };
    let mut spans = vec![Span::styled(prefix.to_owned(), theme::dim())];
    let inside = marked
        .map(|marked| marked.start.max(range.start)..marked.end.min(range.end))
        .filter(|inside| inside.start < inside.end);
    match inside {
        None => spans.push(Span::raw(text(range))),
        Some(inside) => {
            spans.push(Span::raw(text(range.start..inside.start)));
            let found = format!("▶{}◀", text(inside.clone()));
            spans.push(Span::styled(found, theme::chosen()));
            spans.push(Span::raw(text(inside.end..range.end)));
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(data: &[u8], marked: Option<Range<usize>>, width: usize) -> Vec<String> {
        let recorded = Recorded { data: data.to_vec(), truncated: false };
        side("< ", &recorded, marked, width).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_match_stands_between_marks() {
        let rows = texts(b"HTTP/1.1 200 OK\r\n\r\nan SQL error here", Some(22..31), 60);
        assert_eq!(rows, ["< HTTP/1.1 200 OK", "< ", "< an ▶SQL error◀ here"]);
    }

    #[test]
    fn a_match_far_into_a_large_body_is_shown() {
        let mut body = vec![b'a'; 100_000];
        body[90_000..90_006].copy_from_slice(b"secret");
        let rows = texts(&body, Some(90_000..90_006), 200);
        assert!(rows.iter().any(|row| row.contains("▶secret◀")), "{}", rows.len());
        assert!(rows[0].contains("not shown"));
    }

    #[test]
    fn escapes_in_a_response_are_inert() {
        assert_eq!(texts(b"a\x1b[31mb\x07", None, 60), ["< a\\u{1b}[31mb\\u{7}"]);
    }

    proptest! {
        #[test]
        fn any_bytes_and_any_match_are_laid_out(
            data in prop::collection::vec(any::<u8>(), 0..300),
            offset in 0usize..400,
            length in 0usize..400,
            width in 0usize..50,
        ) {
            let rows = texts(&data, Some(offset..offset + length), width);
            prop_assert!(rows.iter().all(|row| !row.contains(char::is_control)));
        }
    }
}
