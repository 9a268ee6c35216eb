//! Server-sent events out of a body that comes in pieces (WHATWG HTML, §9.2.6), without keeping
//! any of it: any split of the same bytes gives the same events.
//!
//! `id` and `retry` are for whoever connects again after an end, and `event` says how a page's
//! code is called: nothing here does either, so they are passed over as unknown fields are.

/// Takes what a stream consists of, in order.
pub trait EventSink {
    /// The next bytes of the running event's data, lines joined by a line feed, never empty.
    fn data(&mut self, piece: &[u8]);
    /// The event is complete.
    fn event(&mut self);
}

/// One stream's lines.
#[derive(Debug, Default)]
pub struct EventParser {
    at: At,
    /// Of the byte order mark that may stand first.
    mark: usize,
    has_begun: bool,
    /// A line feed now belongs to the carriage return before it.
    after_return: bool,
    /// The running event has a line of data.
    has_data: bool,
}

const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const DATA: &[u8] = b"data";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    LineStart,
    /// So many bytes of a name that is `data` so far.
    Name(usize),
    /// One space behind the colon is no data.
    Colon,
    Data,
    /// A comment, or a field that is passed over.
    Other,
}

impl EventParser {
    /// Goes on with the next bytes of the body.
    pub fn feed<S: EventSink>(&mut self, mut bytes: &[u8], sink: &mut S) {
        while !self.has_begun && !bytes.is_empty() {
            bytes = self.skip_mark(bytes);
        }
        while let Some((first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                bytes = rest;
                continue;
            }
            bytes = match self.at {
                At::Data | At::Other => self.feed_line(bytes, sink),
                At::LineStart | At::Name(_) | At::Colon => {
                    if matches!(first, b'\r' | b'\n') {
                        self.after_return = *first == b'\r';
                        self.end_line(sink);
                        rest
                    } else {
                        self.feed_name(*first, bytes, sink)
                    }
                }
            };
        }
    }

    /// A mark that is none began the first line: it starts an unknown field.
    fn skip_mark<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if bytes[0] == MARK[self.mark] {
            self.mark += 1;
            self.has_begun = self.mark == MARK.len();
            return &bytes[1..];
        }
        self.has_begun = true;
        if self.mark > 0 {
            self.at = At::Other;
        }
        bytes
    }

    fn feed_name<'a, S: EventSink>(
        &mut self,
        first: u8,
        bytes: &'a [u8],
        sink: &mut S,
    ) -> &'a [u8] {
        let known = match self.at {
            At::Name(known) => known,
            At::LineStart => 0,
            At::Colon | At::Data | At::Other => {
                self.at = At::Data;
                return if first == b' ' { &bytes[1..] } else { bytes };
            }
        };
        self.at = match DATA.get(known) {
            Some(wanted) if *wanted == first => At::Name(known + 1),
            None if first == b':' => {
                self.begin_data(sink);
                At::Colon
            }
            Some(_) | None => At::Other,
        };
        &bytes[1..]
    }

    fn feed_line<'a, S: EventSink>(&mut self, bytes: &'a [u8], sink: &mut S) -> &'a [u8] {
        let end = memchr::memchr2(b'\r', b'\n', bytes);
        let line = &bytes[..end.unwrap_or(bytes.len())];
        if self.at == At::Data && !line.is_empty() {
            sink.data(line);
        }
        let Some(end) = end else { return &[] };
        self.after_return = bytes[end] == b'\r';
        self.end_line(sink);
        &bytes[end + 1..]
    }

    fn begin_data<S: EventSink>(&mut self, sink: &mut S) {
        if std::mem::replace(&mut self.has_data, true) {
            sink.data(b"\n");
        }
    }

    /// An empty line ends the event, unless it has no data: then there is none.
    fn end_line<S: EventSink>(&mut self, sink: &mut S) {
        match std::mem::take(&mut self.at) {
            At::LineStart => {
                if std::mem::take(&mut self.has_data) {
                    sink.event();
                }
            }
            // A line that is only the name has an empty value.
            At::Name(known) if known == DATA.len() => self.begin_data(sink),
            At::Name(_) | At::Colon | At::Data | At::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Events {
        data: Vec<u8>,
        all: Vec<String>,
    }

    impl EventSink for Events {
        fn data(&mut self, piece: &[u8]) {
            assert!(!piece.is_empty());
            self.data.extend_from_slice(piece);
        }

        fn event(&mut self) {
            self.all.push(String::from_utf8(std::mem::take(&mut self.data)).expect("UTF-8"));
        }
    }

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut sink) = (EventParser::default(), Events::default());
        for piece in pieces {
            parser.feed(piece, &mut sink);
        }
        sink.all
    }

    #[test]
    fn streams_of_the_standard_give_the_events_it_names() {
        let cases: [(&str, &[&str]); 9] = [
            ("data: YHOO\ndata: +2\ndata: 10\n\n", &["YHOO\n+2\n10"]),
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                &["first event", "second event", " third event"],
            ),
            ("data\n\ndata\ndata\n\ndata:", &["", "\n"]),
            ("data:test\n\ndata: test\n\n", &["test", "test"]),
            ("\u{feff}data: marked\r\n\r\n", &["marked"]),
            ("data: a\r\rdata: b\r\n\r\ndata: c\n\n", &["a", "b", "c"]),
            ("event: add\nretry: 10\ndatum: x\ndatas: y\nDATA: z\n\n", &[]),
            ("data: unfinished\n", &[]),
            ("\u{fec0}data: no mark\n\ndata: x\n\n", &["x"]),
        ];
        for (stream, expected) in cases {
            assert_eq!(events(&[stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            lines in prop::collection::vec(
                prop_oneof![
                    "data:? ?[a-c:\u{e9} ]{0,8}", "(event|id|retry|dat|)(: ?)?[a-c]{0,4}", Just(String::new()),
                ],
                0..20,
            ),
            ends in prop::collection::vec(prop_oneof![Just("\n"), Just("\r\n"), Just("\r")], 20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            marked in any::<bool>(),
        ) {
            let mut stream = if marked { MARK.to_vec() } else { Vec::new() };
            for (line, end) in lines.iter().zip(&ends) {
                stream.extend_from_slice(line.as_bytes());
                stream.extend_from_slice(end.as_bytes());
            }
            let mut places: Vec<usize> =
                cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            places.extend([0, stream.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> =
                places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            let whole = events(&[&stream]);
            prop_assert_eq!(&events(&pieces), &whole);
            prop_assert_eq!(&events(&single), &whole);
        }
    }
}
