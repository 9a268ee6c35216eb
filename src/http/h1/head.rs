//! The head of a response, as seen by whoever consumes it.

use http::HeaderMap;

use super::recent::Varying;
use crate::model::HttpVersion;

/// A complete, well-formed response head; it borrows the bytes it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// 100–999.
    pub status: u16,
    /// What the status line says, or what the head came over.
    pub version: HttpVersion,
    /// `Content-Length` where it is a valid number, whether or not it frames this body.
    pub content_length: Option<u64>,
    /// Whether the peer lets the connection live on after this response.
    pub keep_alive: bool,
    pub(super) raw: &'a [u8],
    /// There for a head that resembles an earlier one.
    pub(super) layout: Option<Layout<'a>>,
}

/// Where the lines of a head are, known from the head that it resembles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    /// Equal for heads with the same names in the same order.
    pub(super) shape: u64,
    /// Where the lines of the earlier head begin, the status line first.
    pub(super) lines: &'a [u16],
    pub(super) varying: &'a [Varying],
}

/// Where a field was found, so that the next head of the same shape need not be searched for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FieldHint {
    shape: u64,
    /// 0 is the status line: the field was not there.
    line: u16,
}

impl<'a> Head<'a> {
    /// A head that came in frames, with its fields written to `scratch` in the form of HTTP/1.1:
    /// whoever looks at heads need not know what they came over.
    pub fn of_fields(
        version: HttpVersion,
        status: u16,
        fields: Option<&HeaderMap>,
        scratch: &'a mut Vec<u8>,
    ) -> Self {
        let length = fields.and_then(|fields| fields.get(http::header::CONTENT_LENGTH));
        let content_length =
            length.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        if let Some(fields) = fields {
            scratch.extend_from_slice(b"HTTP/");
            scratch.extend_from_slice(version.number().as_bytes());
            scratch.extend_from_slice(b"\r\n");
            for (name, value) in fields {
                scratch.extend_from_slice(name.as_str().as_bytes());
                scratch.extend_from_slice(b": ");
                scratch.extend_from_slice(value.as_bytes());
                scratch.extend_from_slice(b"\r\n");
            }
            scratch.extend_from_slice(b"\r\n");
        }
        Self::of_lines(version, status, content_length, scratch)
    }

    /// A head that came in frames and was written out in the form of HTTP/1.1 already: a line in
    /// the status line's place, header lines and the empty line; nothing where nobody looks at it.
    pub fn of_lines(
        version: HttpVersion,
        status: u16,
        content_length: Option<u64>,
        raw: &'a [u8],
    ) -> Self {
        Self { status, version, content_length, keep_alive: true, raw, layout: None }
    }

    /// Status line, header lines and the empty line, as received.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The reason phrase's bytes, possibly none.
    pub fn reason(&self) -> &'a [u8] {
        let line = self.raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let after_status = line.get("HTTP/1.1 200".len()..).unwrap_or_default();
        after_status.trim_ascii()
    }

    /// Name and value of every header line in order, without allocation; values without
    /// surrounding white space. An obsolete folded value (RFC 9112 §5.2) still has its line breaks.
    pub fn fields(&self) -> Fields<'a> {
        Fields::of(self.raw)
    }

    /// The value of the first header of that name, ASCII case ignored.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields().named(name)
    }

    /// [`Head::field`] for one who asks for the same name again and again.
    #[inline]
    pub fn hinted_field(&self, name: &str, hint: &mut FieldHint) -> Option<&'a [u8]> {
        match &self.layout {
            Some(layout) if layout.shape == hint.shape => match hint.line {
                0 => None,
                line => Some(self.value_in_line(layout, line)),
            },
            layout => self.search(name, layout.as_ref(), hint),
        }
    }

    fn search(
        &self,
        name: &str,
        layout: Option<&Layout<'_>>,
        hint: &mut FieldHint,
    ) -> Option<&'a [u8]> {
        let is_it =
            |(_, (found, _)): &(u16, (&[u8], &[u8]))| found.eq_ignore_ascii_case(name.as_bytes());
        let found = (1..).zip(self.fields()).find(is_it);
        if let Some(layout) = layout {
            *hint = FieldHint { shape: layout.shape, line: found.map_or(0, |(line, _)| line) };
        }
        found.map(|(_, (_, value))| value)
    }

    #[inline]
    fn value_in_line(&self, layout: &Layout<'_>, line: u16) -> &'a [u8] {
        let mut moved = 0;
        for varying in layout.varying.iter().take_while(|varying| varying.line <= line) {
            if varying.line == line {
                let from = varying.from.saturating_add_signed(moved);
                let to = varying.to.saturating_add_signed(moved + varying.longer_by);
                return self.raw.get(from.into()..to.into()).unwrap_or_default().trim_ascii();
            }
            moved += varying.longer_by;
        }
        let start = |line: u16| {
            let start = layout.lines.get(usize::from(line)).copied().unwrap_or_default();
            usize::from(start.saturating_add_signed(moved))
        };
        let text = self.raw.get(start(line)..start(line + 1)).unwrap_or_default();
        let colon = memchr::memchr(b':', text).map_or(text.len(), |colon| colon + 1);
        text[colon..].trim_ascii()
    }
}

/// Iterator over header lines; see [`Head::fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of a head that was kept as [`Head::raw`].
    pub fn of(raw: &'a [u8]) -> Self {
        let end = memchr::memchr(b'\n', raw).map_or(raw.len(), |index| index + 1);
        Self { rest: &raw[end..] }
    }

    /// The value of the first one of that name, ASCII case ignored.
    pub fn named(self, name: &str) -> Option<&'a [u8]> {
        self.all_named(name).next()
    }

    /// The values of all of that name, ASCII case ignored.
    pub fn all_named(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.filter(move |(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.rest.first()?, b'\r' | b'\n') {
            return None;
        }
        // The head was parsed: every line before the empty one has its colon.
        let colon = memchr::memchr(b':', self.rest)?;
        let end = end_of_field(self.rest, colon + 1);
        let name = self.rest[..colon].trim_ascii_end();
        let value = self.rest[colon + 1..end].trim_ascii();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some((name, value))
    }
}

/// Index of the line feed that ends the field: the next line does not continue it.
fn end_of_field(bytes: &[u8], mut from: usize) -> usize {
    while let Some(offset) = memchr::memchr(b'\n', &bytes[from..]) {
        let feed = from + offset;
        if !matches!(bytes.get(feed + 1), Some(b' ' | b'\t')) {
            return feed;
        }
        from = feed + 1;
    }
    bytes.len()
}
