//! The last head of a connection: servers under load repeat it, but for a date, an id or a cache
//! state, and comparing it costs a tenth of parsing it.

use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use super::framing::BodyLength;
use super::framing::RequestKind;
use super::framing::short_number;
use super::head::Head;
use super::head::Layout;
use crate::model::HttpVersion;

/// Longer heads are parsed each time: the copy is kept per connection, and there may be thousands.
const MAX_LEN: usize = 512;

/// A head and what it says about the body.
pub(super) struct Parsed<'a> {
    pub(super) head: Head<'a>,
    /// Bytes up to the end of the head, empty lines before it included.
    pub(super) len: usize,
    pub(super) body: BodyLength,
}

/// Remembers one head, and which of its values were seen to change. Equal bytes that answer an
/// equal kind of request parse equally, and so do bytes that differ only inside the value of a
/// field that has no say in the framing; so a recall is exact.
#[derive(Debug, Default)]
pub(super) struct RecentHead {
    bytes: Vec<u8>,
    /// Where its lines begin, the status line first; none where a field goes on over lines.
    lines: Vec<u16>,
    /// Ascending.
    varying: Vec<Varying>,
    shape: u64,
    facts: Option<Facts>,
}

/// A value that changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Varying {
    pub(super) line: u16,
    /// In the remembered head: behind the colon, and at the line's end.
    pub(super) from: u16,
    pub(super) to: u16,
    /// How much longer the line is in the head at hand than in the remembered one.
    pub(super) longer_by: i16,
    is_length: bool,
}

#[derive(Debug, Clone, Copy)]
struct Facts {
    kind: RequestKind,
    start: usize,
    status: u16,
    version: HttpVersion,
    content_length: Option<u64>,
    keep_alive: bool,
    body: BodyLength,
}

impl RecentHead {
    /// The head at the start of `bytes`, if it is the remembered one but for what varies.
    #[inline]
    pub(super) fn recall<'a>(
        &'a mut self,
        bytes: &'a [u8],
        kind: RequestKind,
    ) -> Option<Parsed<'a>> {
        let mut facts = self.facts.filter(|facts| facts.kind == kind)?;
        let len = if self.varying.is_empty() {
            bytes.strip_prefix(self.bytes.as_slice())?;
            self.bytes.len()
        } else {
            self.compare(bytes, &mut facts)?
        };
        let layout = Layout { shape: self.shape, lines: &self.lines, varying: &self.varying };
        let head = Head {
            status: facts.status,
            version: facts.version,
            content_length: facts.content_length,
            keep_alive: facts.keep_alive,
            raw: &bytes[facts.start..len],
            layout: (!self.lines.is_empty()).then_some(layout),
        };
        Some(Parsed { head, len, body: facts.body })
    }

    /// The length of the head at hand, if it differs only where it may.
    fn compare(&mut self, bytes: &[u8], facts: &mut Facts) -> Option<usize> {
        let bytes = &bytes[..bytes.len().min(2 * MAX_LEN)];
        let mut rest = bytes;
        let mut done = 0;
        for varying in &mut self.varying {
            rest = rest.strip_prefix(self.bytes.get(done..varying.from.into())?)?;
            let value = plain_value(rest)?;
            if varying.is_length {
                let length = short_number(value.trim_ascii())?;
                facts.content_length = Some(length);
                facts.body = BodyLength::Exact(length);
            }
            done = varying.to.into();
            // Both are within twice the longest head.
            let before = done - usize::from(varying.from);
            varying.longer_by = i16::try_from(value.len()).ok()? - i16::try_from(before).ok()?;
            rest = &rest[value.len()..];
        }
        // What follows a value begins with its line's end and a line that does not continue it.
        rest = rest.strip_prefix(self.bytes.get(done..)?)?;
        Some(bytes.len() - rest.len())
    }

    /// Remembers the head at the start of `bytes` instead of the one before; where both have the
    /// same fields, those that differ may vary from now on.
    #[cold]
    pub(super) fn remember(&mut self, bytes: &[u8], kind: RequestKind, parsed: &Parsed<'_>) {
        if parsed.len > MAX_LEN {
            return;
        }
        let bytes = &bytes[..parsed.len];
        let head = &parsed.head;
        let facts = Facts {
            kind,
            start: parsed.len - head.raw.len(),
            status: head.status,
            version: head.version,
            content_length: head.content_length,
            keep_alive: head.keep_alive,
            body: parsed.body,
        };
        let resembles = self.facts.is_some_and(|before| resembles(&before, &facts));
        if !(resembles && self.note_differences(bytes, &facts)) {
            self.varying.clear();
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.facts = Some(facts);
        self.note_lines(head);
        self.place_varying();
    }

    /// Adds the fields that differ to those that vary; false where more than values differs.
    fn note_differences(&mut self, bytes: &[u8], facts: &Facts) -> bool {
        let mut at = 0;
        for line in 0..self.lines.len() {
            let from = usize::from(self.lines[line]);
            let to = self.lines.get(line + 1).map_or(self.bytes.len(), |next| usize::from(*next));
            let before = &self.bytes[from..to];
            let rest = bytes.get(at..).unwrap_or_default();
            let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1);
            let now = &rest[..len];
            at += len;
            if before == now {
                continue;
            }
            let number = u16::try_from(line).expect("a short head has few lines");
            let is_noted = self.varying.iter().any(|varying| varying.line == number);
            let may_vary = line > 0 && ends_usually(before) && ends_usually(now);
            match (may_vary, common_name(before, now)) {
                (true, Some(_)) if is_noted => {}
                (true, Some(name)) => match may_differ(name, facts, &self.bytes) {
                    Some(is_length) => self.varying.push(Varying {
                        line: number,
                        from: 0,
                        to: 0,
                        longer_by: 0,
                        is_length,
                    }),
                    None => return false,
                },
                _ => return false,
            }
        }
        self.varying.sort_unstable_by_key(|varying| varying.line);
        at == bytes.len() && !self.lines.is_empty()
    }

    fn note_lines(&mut self, head: &Head<'_>) {
        self.lines.clear();
        self.shape = 0;
        let feeds = memchr::memchr_iter(b'\n', &self.bytes).map(|feed| feed + 1);
        let starts = std::iter::once(0).chain(feeds.filter(|start| *start < self.bytes.len()));
        self.lines.extend(starts.map(|start| u16::try_from(start).expect("a short head")));
        let is_folded = self
            .lines
            .iter()
            .skip(1)
            .any(|line| matches!(self.bytes[usize::from(*line)], b' ' | b'\t'));
        let starts_late = head.raw.len() < self.bytes.len();
        if is_folded || starts_late {
            self.lines.clear();
            self.varying.clear();
            return;
        }
        let mut hasher = DefaultHasher::new();
        for (name, _) in head.fields() {
            name.hash(&mut hasher);
        }
        // Never 0, which is no shape.
        self.shape = hasher.finish() | 1;
    }

    fn place_varying(&mut self) {
        for varying in &mut self.varying {
            let line = usize::from(varying.line);
            let from = self.lines[line];
            let text = &self.bytes[from.into()..self.lines[line + 1].into()];
            let colon = memchr::memchr(b':', text).expect("it has a name");
            let short = |index| u16::try_from(index).expect("a short head");
            varying.from = from + short(colon + 1);
            varying.to = from + short(text.len() - 2);
            varying.longer_by = 0;
        }
    }
}

/// Whether two heads may be the same but for values; what changes with `Content-Length` is left to
/// its field.
fn resembles(before: &Facts, now: &Facts) -> bool {
    let by_length = |facts: &Facts| matches!((facts.body, facts.content_length), (BodyLength::Exact(body), Some(length)) if body == length && length > 0);
    let same_body = before.body == now.body && before.content_length == now.content_length;
    before.kind == now.kind
        && before.start == now.start
        && before.keep_alive == now.keep_alive
        && (same_body || by_length(before) && by_length(now))
}

/// A line's name with its colon, where both have the same.
fn common_name<'a>(before: &'a [u8], now: &[u8]) -> Option<&'a [u8]> {
    let name = &before[..=memchr::memchr(b':', before)?];
    now.starts_with(name).then_some(&name[..name.len() - 1])
}

/// Whether the line ends as most do: not with a bare line feed.
fn ends_usually(line: &[u8]) -> bool {
    line.strip_suffix(b"\r\n").is_some_and(|rest| memchr::memchr(b'\r', rest).is_none())
}

/// Whether a field's value may differ without being looked at, or (true) as a length.
fn may_differ(name: &[u8], facts: &Facts, head: &[u8]) -> Option<bool> {
    let name = name.trim_ascii();
    if name.eq_ignore_ascii_case(b"content-length") {
        let is_only_one = memchr::memchr_iter(b':', head)
            .filter(|colon| {
                let line = &head[..*colon].trim_ascii_end();
                line.len() >= name.len()
                    && line[line.len() - name.len()..].eq_ignore_ascii_case(name)
            })
            .count()
            == 1;
        let frames = matches!((facts.body, facts.content_length), (BodyLength::Exact(body), Some(length)) if body == length && length > 0);
        return (is_only_one && frames).then_some(true);
    }
    let frames = [b"connection".as_slice(), b"transfer-encoding"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing));
    (!frames).then_some(false)
}

/// The field's value at the start of `bytes`, up to a carriage return; `None` where another control
/// character but the tab comes first (RFC 9110 §5.5), or nothing does.
#[inline]
fn plain_value(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        at += first_control(&bytes[at..])?;
        match bytes[at] {
            b'\r' => return Some(&bytes[..at]),
            b'\t' => at += 1,
            _ => return None,
        }
    }
}

/// Index of the first control character, eight bytes at a time.
#[inline]
fn first_control(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let delete = word ^ (ONES * 0x7f);
        // A borrow marks a byte above a found one, never one below: the lowest mark is exact.
        let below_space = word.wrapping_sub(ONES * 0x20) & !word;
        let is_delete = delete.wrapping_sub(ONES) & !delete;
        let found = (below_space | is_delete) & HIGH;
        if found != 0 {
            return Some(index * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let is_control = |byte: &u8| byte.is_ascii_control();
    rest.iter().position(is_control).map(|offset| words.len() * 8 + offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_ends_where_looking_at_every_byte_says(
            bytes in prop::collection::vec(
                prop_oneof![8 => 0x20..=0xffu8, 1 => Just(b'\t'), 1 => 0..=0x20u8, 1 => Just(0x7f)],
                0..60,
            ),
        ) {
            let ends = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
            let end = bytes.iter().position(ends).filter(|end| bytes[*end] == b'\r');
            prop_assert_eq!(plain_value(&bytes), end.map(|end| &bytes[..end]));
        }
    }
}
