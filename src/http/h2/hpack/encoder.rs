//! Request heads as header blocks.

use std::collections::VecDeque;

use http::HeaderName;
use http::HeaderValue;
use http::Request;
use http::header;

use super::ENTRY_OVERHEAD;
use super::TABLE_SIZE;
use super::huffman;
use super::integer;
use super::statics::STATIC;
use super::statics::name_index;

/// A value that stands in the table to be said again, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Becomes an entry.
    Entered,
    /// Would only push others out.
    Passing,
    /// A secret, which no proxy may enter either (RFC 7541 §7.1.3).
    Never,
}

/// Writes one connection's blocks.
#[derive(Debug)]
pub(in crate::http::h2) struct Encoder {
    /// The newest first.
    entries: VecDeque<(Name, HeaderValue)>,
    size: usize,
    limit: usize,
    /// The smallest limit since the last block, which the peer has to hear of.
    resized: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Authority,
    Header(HeaderName),
}

impl Name {
    fn as_str(&self) -> &str {
        match self {
            Self::Authority => ":authority",
            Self::Header(name) => name.as_str(),
        }
    }

    fn index(&self) -> Option<usize> {
        match self {
            Self::Authority => Some(1),
            Self::Header(name) => name_index(name.as_str()),
        }
    }
}

impl Encoder {
    pub(in crate::http::h2) fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: TABLE_SIZE, resized: None }
    }

    /// The peer's decoder has a table of so many bytes.
    pub(in crate::http::h2) fn resize(&mut self, limit: usize) {
        let limit = limit.min(TABLE_SIZE);
        if limit == self.limit && self.resized.is_none() {
            return;
        }
        self.limit = limit;
        self.resized = Some(self.resized.map_or(limit, |smallest| smallest.min(limit)));
        self.shrink(limit);
    }

    /// Writes the block of a request's head behind what is in `out`. Its target is absolute.
    pub(in crate::http::h2) fn encode(&mut self, head: &Request<()>, out: &mut Vec<u8>) {
        if let Some(smallest) = self.resized.take() {
            integer::put(out, 0x20, 5, smallest);
            if smallest != self.limit {
                integer::put(out, 0x20, 5, self.limit);
            }
        }
        let uri = head.uri();
        pseudo(out, 2..4, head.method().as_str());
        pseudo(out, 6..8, uri.scheme_str().unwrap_or("https"));
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if !authority.is_empty() {
            self.field(&Name::Authority, authority.as_bytes(), Form::Entered, out, || {
                HeaderValue::from_str(authority).ok()
            });
        }
        pseudo(out, 4..6, uri.path_and_query().map_or("/", |path| path.as_str()));
        for (name, value) in head.headers() {
            let form = form(name, value);
            let name = Name::Header(name.clone());
            self.field(&name, value.as_bytes(), form, out, || Some(value.clone()));
        }
    }

    fn field(
        &mut self,
        name: &Name,
        value: &[u8],
        form: Form,
        out: &mut Vec<u8>,
        owned: impl FnOnce() -> Option<HeaderValue>,
    ) {
        if form == Form::Entered {
            let place = self
                .entries
                .iter()
                .position(|(known, had)| had.as_bytes() == value && known == name);
            if let Some(place) = place {
                return integer::put(out, 0x80, 7, STATIC.len() + 1 + place);
            }
            let size = name.as_str().len() + value.len() + ENTRY_OVERHEAD;
            // A large one would push out all others.
            if size <= self.limit / 4 * 3
                && let Some(owned) = owned()
            {
                literal(out, (0x40, 6), name, value);
                self.shrink(self.limit - size);
                self.size += size;
                self.entries.push_front((name.clone(), owned));
                return;
            }
        }
        let first = if form == Form::Never { 0x10 } else { 0 };
        literal(out, (first, 4), name, value);
    }

    fn shrink(&mut self, limit: usize) {
        while self.size > limit
            && let Some((name, value)) = self.entries.pop_back()
        {
            self.size -= name.as_str().len() + value.len() + ENTRY_OVERHEAD;
        }
    }
}

/// How a header is said: as other clients do it, because the server's work depends on it.
fn form(name: &HeaderName, value: &HeaderValue) -> Form {
    if value.is_sensitive()
        || *name == header::AUTHORIZATION
        || *name == header::PROXY_AUTHORIZATION
    {
        return Form::Never;
    }
    let passes = [
        header::AGE,
        header::CONTENT_LENGTH,
        header::IF_MODIFIED_SINCE,
        header::IF_NONE_MATCH,
        header::RANGE,
    ];
    // An id of a trace is said once.
    if passes.contains(name) || name.as_str() == "traceparent" {
        Form::Passing
    } else {
        Form::Entered
    }
}

/// A pseudo-header with values in the static table, of which `indices` says.
fn pseudo(out: &mut Vec<u8>, indices: std::ops::Range<usize>, value: &str) {
    let first = indices.start;
    for index in indices {
        if STATIC[index - 1].1 == value {
            return integer::put(out, 0x80, 7, index);
        }
    }
    integer::put(out, 0, 4, first);
    string(out, value.as_bytes());
}

fn literal(out: &mut Vec<u8>, (first, bits): (u8, u32), name: &Name, value: &[u8]) {
    if let Some(index) = name.index() {
        integer::put(out, first, bits, index);
    } else {
        out.push(first);
        string(out, name.as_str().as_bytes());
    }
    string(out, value);
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    let encoded = huffman::encoded_len(text);
    if encoded < text.len() {
        integer::put(out, 0x80, 7, encoded);
        huffman::encode(text, out);
    } else {
        integer::put(out, 0, 7, text.len());
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decoder;
    use super::super::Field;
    use super::super::FieldSink;
    use super::super::Malformed;
    use super::*;

    #[derive(Default)]
    struct Lines(Vec<String>);

    impl FieldSink for Lines {
        fn field(&mut self, field: Field<'_>) -> Result<(), Malformed> {
            let mut value = Vec::new();
            field.value.write(&mut value)?;
            let name = String::from_utf8_lossy(field.name).into_owned();
            self.0.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
            Ok(())
        }
    }

    fn request(path: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::get(format!("https://shop.test:8443{path}"));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("a valid head")
    }

    fn said(decoder: &mut Decoder, block: &[u8]) -> Vec<String> {
        let mut lines = Lines::default();
        decoder.decode(block, &mut lines).expect("well formed");
        lines.0
    }

    fn encoded(encoder: &mut Encoder, head: &Request<()>) -> Vec<u8> {
        let mut out = Vec::new();
        encoder.encode(head, &mut out);
        out
    }

    #[test]
    fn what_was_said_once_is_a_byte_each_from_then_on() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let head = request("/", &[("user-agent", "shakedown"), ("x-trace", "on")]);
        let expected = [
            ":method: GET",
            ":scheme: https",
            ":authority: shop.test:8443",
            ":path: /",
            "user-agent: shakedown",
            "x-trace: on",
        ];
        let first = encoded(&mut encoder, &head);
        assert_eq!(said(&mut decoder, &first), expected);
        let second = encoded(&mut encoder, &head);
        assert_eq!(said(&mut decoder, &second), expected);
        assert_eq!(second, [0x82, 0x87, 0xc0, 0x84, 0xbf, 0xbe]);
    }

    #[test]
    fn secrets_and_what_changes_are_never_entered() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let head =
            request("/item?id=1", &[("authorization", "Bearer t0k3n"), ("content-length", "12")]);
        for _ in 0..3 {
            let block = encoded(&mut encoder, &head);
            let lines = said(&mut decoder, &block);
            assert_eq!(
                lines[3..],
                [":path: /item?id=1", "authorization: Bearer t0k3n", "content-length: 12"]
            );
            // Never indexed, name 23.
            assert!(block.windows(2).any(|pair| pair == [0x1f, 0x08]), "{block:x?}");
        }
        assert_eq!(encoder.entries.len(), 1);
    }

    #[test]
    fn both_tables_stay_alike_whatever_is_said_and_however_small_they_are() {
        for sizes in [&[4096][..], &[200], &[0], &[4096, 100, 300], &[64, 0, 5000]] {
            let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
            for round in 0..400usize {
                if round % 50 == 10 {
                    encoder.resize(sizes[round / 50 % sizes.len()]);
                }
                if round % 100 == 60 {
                    encoder.resize(0);
                    encoder.resize(sizes[0]);
                }
                let value = "v".repeat(round * 7 % 300);
                let name = format!("x-{}", round % 23);
                let path = format!("/{round}");
                let block =
                    encoded(&mut encoder, &request(&path, &[(&name, &value), ("via", "é")]));
                let lines = said(&mut decoder, &block);
                let expected =
                    [format!(":path: {path}"), format!("{name}: {value}"), "via: é".into()];
                assert_eq!(lines[3..], expected, "round {round}, sizes {sizes:?}");
                assert!(encoder.size <= encoder.limit);
            }
        }
    }
}
