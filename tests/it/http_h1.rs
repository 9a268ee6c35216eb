//! The HTTP/1.1 codec: framing by RFC 9112, the same result for every split of the bytes, and no
//! panic whatever comes.

use proptest::collection::vec;
use proptest::prelude::*;
use shakedown::http::h1::FieldHint;
use shakedown::http::h1::Head;
use shakedown::http::h1::Progress;
use shakedown::http::h1::RequestKind;
use shakedown::http::h1::ResponseParser;
use shakedown::http::h1::ResponseSink;
use shakedown::model::FailureClass;
use shakedown::model::HttpVersion;

use crate::fuzz_targets::response::End;
use crate::fuzz_targets::response::Seen;
use crate::fuzz_targets::response::read as read_with;

fn read<'a>(
    kind: RequestKind,
    max_head: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Seen, End) {
    read_with(&mut ResponseParser::new(max_head), kind, pieces)
}

fn read_whole(bytes: &[u8]) -> (Seen, End) {
    read(RequestKind::Ordinary, 64 * 1024, [bytes])
}

/// Cuts `bytes` at the given places.
fn split<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

#[test]
fn a_small_response_is_read_and_the_next_one_left() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x y\r\n\r\nhelloHTTP/1.1 404";
    let (seen, end) = read_whole(bytes);
    assert_eq!(end, End::Complete { consumed: bytes.len() - 12, can_reuse: true });
    assert_eq!(
        (seen.status, seen.version, seen.content_length),
        (200, Some(HttpVersion::Http11), Some(5))
    );
    assert_eq!(seen.body, b"hello");
    let server = (b"Server".to_vec(), b"x y".to_vec());
    assert_eq!(seen.fields[1], server);
}

#[test]
fn a_parser_reads_one_response_after_the_other() {
    let bytes: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 204 No\r\n\r\n";
    let mut parser = ResponseParser::default();
    let mut first = Seen::default();
    let fed = parser.feed(bytes, &mut first).expect("valid");
    assert_eq!(fed.progress, Progress::Complete);
    let again = parser.feed(&bytes[fed.consumed..], &mut first).expect("valid");
    assert_eq!(again.consumed, 0, "nothing is taken before the next request");
    parser.reset(RequestKind::Ordinary);
    let mut second = Seen::default();
    let fed = parser.feed(&bytes[fed.consumed..], &mut second).expect("valid");
    assert_eq!((second.status, fed.progress), (204, Progress::Complete));
    assert!(parser.can_reuse());
}

/// What is left over and whether the connection can be reused, or another end.
type Expected = Result<(&'static str, bool), End>;

/// RFC 9112 §6.3 and §9.3, case by case.
#[test]
fn bodies_are_framed_by_the_rules() {
    let reused = |rest| Ok((rest, true));
    let closed = |rest| Ok((rest, false));
    let ordinary = RequestKind::Ordinary;
    let cases: &[(&str, RequestKind, &str, Expected)] = &[
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", RequestKind::Head, "", reused("")),
        ("HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\nab", ordinary, "", reused("ab")),
        ("HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n", ordinary, "", reused("")),
        ("HTTP/1.1 200 X\r\n\r\nabc", ordinary, "abc", Err(End::CompleteAtEof)),
        ("HTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\nabc", ordinary, "abc", Err(End::Truncated)),
        ("HTTP/1.1 200 X\r\nContent-Length: 2, 2\r\n\r\nab", ordinary, "ab", reused("")),
        (
            "HTTP/1.1 200 X\r\ncontent-length:0\r\nCONTENT-LENGTH:\t0 \r\n\r\n",
            ordinary,
            "",
            reused(""),
        ),
        ("HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\nws", ordinary, "", closed("ws")),
        ("HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\n", RequestKind::Connect, "", closed("")),
        (
            "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 200 O\r\nContent-Length: 1\r\n\r\na",
            ordinary,
            "a",
            reused(""),
        ),
        (
            "HTTP/1.1 200 X\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
            ordinary,
            "",
            closed(""),
        ),
        ("HTTP/1.0 200 X\r\nContent-Length: 0\r\n\r\n", ordinary, "", closed("")),
        (
            "HTTP/1.0 200 X\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n",
            ordinary,
            "",
            reused(""),
        ),
        (
            "HTTP/1.1 200 X\r\nTransfer-Encoding: gzip, CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n",
            ordinary,
            "a",
            reused(""),
        ),
        (
            "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked, gzip\r\n\r\n1\r\na",
            ordinary,
            "1\r\na",
            Err(End::CompleteAtEof),
        ),
        (
            "HTTP/1.1 200 X\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na",
            ordinary,
            "a",
            reused(""),
        ),
        (
            "HTTP/1.1 200 X\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ordinary,
            "",
            closed(""),
        ),
        (
            "HTTP/1.0 200 X\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ordinary,
            "",
            closed(""),
        ),
        ("HTTP/1.1 200\nContent-Length: 1\n\na", ordinary, "a", reused("")),
        ("\r\nHTTP/1.1 200 X\r\nContent-Length : 1\r\n\r\na", ordinary, "a", reused("")),
        ("", ordinary, "", Err(End::BeforeFirstByte)),
        ("HTTP/1.1 2", ordinary, "", Err(End::Truncated)),
    ];
    for (bytes, kind, body, end) in cases {
        let (seen, found) = read(*kind, 65536, [bytes.as_bytes()]);
        let expected = match end {
            Ok((rest, can_reuse)) => {
                End::Complete { consumed: bytes.len() - rest.len(), can_reuse: *can_reuse }
            }
            Err(end) => end.clone(),
        };
        assert_eq!(found, expected, "{bytes}");
        assert_eq!(String::from_utf8_lossy(&seen.body), *body, "{bytes}");
    }
}

#[test]
fn chunks_are_put_together_and_extensions_and_trailers_ignored() {
    let bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding:Chunked\r\n\r\n\
        5;a=\"b;c\"\r\nhello\r\n00A \t\r\n, world!!!\r\n0;last\r\nX: y\r\nZ:\n\r\nrest";
    let (seen, end) = read_whole(bytes);
    assert_eq!(seen.body, b"hello, world!!!");
    assert_eq!(end, End::Complete { consumed: bytes.len() - 4, can_reuse: true });
}

#[test]
fn an_obsolete_fold_belongs_to_its_value() {
    let bytes = b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n";
    let (seen, _) = read_whole(bytes);
    assert_eq!(seen.fields[0], (b"A".to_vec(), b"b\r\n c".to_vec()));
    assert_eq!(seen.content_length, Some(0));
}

#[test]
fn what_breaks_the_protocol_is_told_by_class() {
    let chunked =
        |body: &str| format!("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let with = |field: &str| format!("HTTP/1.1 200 X\r\n{field}\r\n\r\n");
    let protocol = [
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        "HTTP/2.0 200 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 099 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 20 OK\r\n\r\n".to_owned(),
        with("no colon"),
        with("bad\u{1}name: x"),
        with("Content-Length: 1\r\nContent-Length: 2"),
        with("Content-Length: 1, 2"),
        with("Content-Length: -1"),
        with("Content-Length: +1"),
        with("Content-Length: 0x1"),
        with("Content-Length:"),
        with("Content-Length: 18446744073709551616"),
        chunked("\r\n"),
        chunked("x\r\n"),
        chunked("-1\r\n"),
        chunked("1\na\r\n"),
        chunked("1 ;x\na\r\n"),
        chunked("1\r\nab\r\n"),
        chunked("1\r\na\n0\r\n\r\n"),
        chunked("10000000000000000\r\n"),
        chunked("0\r\n\rx"),
    ];
    for bytes in protocol {
        match read_whole(bytes.as_bytes()).1 {
            End::Error(error) => assert_eq!(error.class(), FailureClass::Protocol, "{bytes}"),
            other => panic!("{bytes:?} gave {other:?}"),
        }
    }
    let too_large = [
        with(&format!("A: {}", "x".repeat(65536))),
        with(&"A: x\r\n".repeat(257)),
        "HTTP/1.1 100 C\r\n\r\n".repeat(33),
        chunked(&format!("1;{}\r\na\r\n", "x".repeat(5000))),
        chunked(&"0".repeat(5000)),
        chunked(&format!("0\r\n{}", "A: x\r\n".repeat(11000))),
    ];
    for bytes in too_large {
        match read_whole(bytes.as_bytes()).1 {
            End::Error(error) => assert_eq!(error.class(), FailureClass::TooLarge, "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_absurd_length_is_only_a_number() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nabc";
    let (seen, end) = read_whole(bytes);
    assert_eq!((seen.content_length, end), (Some(u64::MAX), End::Truncated));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc";
    let (seen, end) = read_whole(chunked);
    assert_eq!((seen.body, end), (b"abc".to_vec(), End::Truncated));
}

#[test]
fn the_largest_head_allowed_is_read() {
    let head = |len: usize| {
        let frame = "HTTP/1.1 204 X\r\nA: \r\n\r\n".len();
        format!("HTTP/1.1 204 X\r\nA: {}\r\n\r\n", "x".repeat(len - frame))
    };
    for pieces in [1, 2, 300] {
        for (len, fits) in [(300, true), (301, false)] {
            let bytes = head(len);
            let pieces = bytes.as_bytes().chunks(len.div_ceil(pieces));
            let (_, end) = read(RequestKind::Ordinary, 300, pieces);
            assert_eq!(matches!(end, End::Complete { .. }), fits, "{len}: {end:?}");
        }
    }
}

/// Heads and bodies as servers send them, and nearly so.
fn response() -> impl Strategy<Value = Vec<u8>> {
    let line_end = prop_oneof![4 => Just("\r\n"), 1 => Just("\n")];
    let status = prop_oneof![
        6 => Just("200 OK"), 1 => Just("204 No Content"), 1 => Just("304 "), 1 => Just("404"),
        1 => Just("099 X"), 1 => Just("101 S"), 1 => Just("2x0 X"),
    ];
    let field = prop_oneof![
        Just("Connection: close".to_owned()),
        Just("connection: Keep-Alive, x".to_owned()),
        Just("Server: x".to_owned()),
        Just("Folded: a\r\n  b".to_owned()),
        Just("Spaced : a".to_owned()),
        Just("Transfer-Encoding: chunked".to_owned()),
        Just("Transfer-Encoding: chunked, x".to_owned()),
        Just(": empty".to_owned()),
        (0_u32..40).prop_map(|length| format!("Content-Length: {length}")),
        "[A-Za-z-]{1,12}: ?[ -~]{0,30}",
    ];
    let chunk = ("[0-9a-fA-F]{1,2}", "(;[a-z=]{0,6})?", vec(any::<u8>(), 0..20));
    let body = prop_oneof![
        vec(any::<u8>(), 0..60),
        vec(chunk, 0..4).prop_map(|chunks| {
            let mut out = Vec::new();
            for (odd_size, extension, data) in chunks {
                // Mostly right sizes; an empty chunk's would end the body, so it gets the odd one.
                let size = if data.is_empty() { odd_size } else { format!("{:x}", data.len()) };
                out.extend_from_slice(format!("{size}{extension}\r\n").as_bytes());
                out.extend_from_slice(&data);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(b"0\r\nTrailer: x\r\n\r\nHTTP/1.1 ");
            out
        }),
    ];
    let interim = prop_oneof![3 => Just(""), 1 => Just("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"), 1 => Just("\r\n\r\n")];
    (
        interim,
        prop_oneof![9 => Just("HTTP/1.1"), 2 => Just("HTTP/1.0"), 1 => Just("HTTQ")],
        status,
        line_end,
        vec(field, 0..6),
        body,
    )
        .prop_map(|(interim, version, status, line_end, fields, body)| {
            let mut out = format!("{interim}{version} {status}{line_end}").into_bytes();
            for field in fields {
                out.extend_from_slice(field.as_bytes());
                out.extend_from_slice(line_end.as_bytes());
            }
            out.extend_from_slice(line_end.as_bytes());
            out.extend_from_slice(&body);
            out
        })
}

fn kind() -> impl Strategy<Value = RequestKind> {
    prop_oneof![
        6 => Just(RequestKind::Ordinary),
        1 => Just(RequestKind::Head),
        1 => Just(RequestKind::Connect),
    ]
}

fn same_however_split(
    kind: RequestKind,
    bytes: &[u8],
    cuts: &[prop::sample::Index],
) -> Result<(), TestCaseError> {
    for max_head in [64 * 1024, 64] {
        let whole = read(kind, max_head, [bytes]);
        prop_assert_eq!(&read(kind, max_head, bytes.chunks(1)), &whole, "byte by byte");
        prop_assert_eq!(&read(kind, max_head, split(bytes, cuts)), &whole, "in pieces");
        for place in 0..=bytes.len() {
            let (left, right) = bytes.split_at(place);
            prop_assert_eq!(&read(kind, max_head, [left, right]), &whole, "cut at {}", place);
        }
    }
    Ok(())
}

/// Each kind of framing, whatever the place of one cut, and in pieces of every small length.
#[test]
fn every_place_of_a_cut_gives_the_same() {
    let absurd = format!("{}: {}\r\n", "N".repeat(300), "v ".repeat(200));
    let many = "A: b\r\n".repeat(200);
    let cases = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 ".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0a\r\n0123456789\r\n0\r\n\r\nrest".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\nZ:\n\r\nrest".to_owned(),
        "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 200 O\r\nContent-Length: 1\r\n\r\na".to_owned(),
        "HTTP/1.0 200 X\r\n\r\nuntil the end".to_owned(),
        "HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\nab".to_owned(),
        "HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\nab".to_owned(),
        "\r\n\r\nHTTP/1.1 200\nFolded: a\r\n  b\nContent-Length : 1\n\na".to_owned(),
        format!("HTTP/1.1 200 X\r\n{absurd}Content-Length: 1\r\n\r\na"),
        format!("HTTP/1.1 200 X\r\n{many}Content-Length: 1\r\n\r\na"),
        "HTTP/1.1 200 X\r\nContent-Length: 1, 2\r\n\r\nab".to_owned(),
        "HTTP/1.1 200 X\r\nContent-Length: 1\r\nA: b\r\ncontent-length: 2\r\n\r\nab".to_owned(),
        "HTTP/1.1 200 X\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nb".to_owned(),
        "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked, gzip\r\n\r\n1\r\na\r\n0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n".to_owned(),
        "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned(),
    ];
    for bytes in cases.iter().map(String::as_bytes) {
        for kind in [RequestKind::Ordinary, RequestKind::Head, RequestKind::Connect] {
            let whole = read(kind, 65_536, [bytes]);
            for cut in 0..=bytes.len() {
                let split = read(kind, 65_536, [&bytes[..cut], &bytes[cut..]]);
                assert_eq!(split, whole, "cut at {cut}: {}", bytes.escape_ascii());
            }
            for length in 1..8 {
                let split = read(kind, 65_536, bytes.chunks(length));
                assert_eq!(split, whole, "by {length}: {}", bytes.escape_ascii());
            }
        }
    }
}

/// Names that are asked for with a hint.
const ASKED: [&str; 4] = ["date", "x-cache", "content-length", "absent"];

/// Holds that a hinted look-up finds what a search finds.
struct Asking<'a> {
    hints: &'a mut [FieldHint; ASKED.len()],
}

impl ResponseSink for Asking<'_> {
    fn head(&mut self, head: &Head<'_>) {
        for (name, hint) in ASKED.iter().zip(self.hints.iter_mut()) {
            assert_eq!(head.hinted_field(name, hint), head.field(name), "{name}");
        }
    }

    fn body(&mut self, _data: &[u8]) {}
}

/// Heads with the same names and now and then another value, and what follows them.
fn alike_heads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let name = prop::sample::select(vec![
        "Date",
        "X-Cache",
        "x-cache",
        "Content-Length",
        "Content-Length ",
        "Connection",
        "Transfer-Encoding",
        "X-Content-Length",
        "Server",
    ]);
    let value = prop::sample::select(vec![
        "",
        "1",
        " 2",
        " 3 ",
        " 13",
        " 1, 1",
        " close",
        " keep-alive",
        " chunked",
        " HIT",
        " MISS",
        " a\tb",
        " a\r\n b",
        " a\u{1}b",
        " a\rb",
        " \u{e4}",
        " Mon, 02 Nov 2026 10:00:00 GMT",
        " 99999999999999999999",
        " -1",
        " content-length: 3",
    ]);
    let status =
        prop::sample::select(vec!["200 OK", "200 OK", "200 OK", "304 X", "204 X", "103 X"]);
    let line_end = prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\n"]);
    let fields = vec((name, line_end), 1..6);
    let choices = vec((status, vec((any::<bool>(), value), 6)), 2..9);
    (fields, choices).prop_map(|(fields, choices)| {
        let mut before: Vec<&str> = vec![" 3"; fields.len()];
        let mut heads = Vec::new();
        for (status, values) in choices {
            let mut head = format!("HTTP/1.1 {status}\r\n");
            for (((name, end), (changes, value)), kept) in
                fields.iter().zip(values).zip(&mut before)
            {
                if changes {
                    *kept = value;
                }
                head.extend([name, ":", *kept, end]);
            }
            head.push_str("\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n");
            heads.push(head.into_bytes());
        }
        heads
    })
}

proptest! {
    #[test]
    fn every_split_of_a_response_gives_the_same(
        kind in kind(), bytes in response(), cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        same_however_split(kind, &bytes, &cuts)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_split_alike(
        kind in kind(),
        head in prop_oneof![Just(&b""[..]), Just(&b"HTTP/1.1 200 \r\n"[..]),
            Just(&b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"[..])],
        noise in prop_oneof![vec(any::<u8>(), 0..80), vec(prop::sample::select(&b"\r\n :;,0aA\t"[..]), 0..80)],
        cuts in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let bytes = [head, &noise].concat();
        same_however_split(kind, &bytes, &cuts)?;
    }

    #[test]
    fn what_came_before_on_the_connection_changes_nothing(
        first in response(), second in response(), kinds in (kind(), kind()),
        cuts in vec(any::<prop::sample::Index>(), 0..2),
    ) {
        let mut altered = first.clone();
        if let Some(last) = altered.last_mut() {
            *last ^= 1;
        }
        let mut used = ResponseParser::default();
        for (bytes, kind) in [(&first, kinds.0), (&first, kinds.1), (&second, kinds.0),
            (&first, kinds.0), (&altered, kinds.0)]
        {
            let pieces = split(bytes, &cuts);
            let fresh = read_with(&mut ResponseParser::default(), kind, pieces.iter().copied());
            prop_assert_eq!(read_with(&mut used, kind, pieces), fresh);
        }
    }

    /// What a connection's parser remembers of earlier heads is a short cut, never another result.
    #[test]
    fn heads_that_resemble_earlier_ones_are_read_like_any_other(
        kind in kind(), heads in alike_heads(), cuts in vec(any::<prop::sample::Index>(), 0..2),
    ) {
        let mut used = ResponseParser::default();
        let mut hints = [FieldHint::default(); ASKED.len()];
        for bytes in &heads {
            let pieces = split(bytes, &cuts);
            let fresh = read_with(&mut ResponseParser::default(), kind, pieces.iter().copied());
            prop_assert_eq!(read_with(&mut used, kind, pieces.iter().copied()), fresh.clone());
            used.reset(kind);
            let mut asking = Asking { hints: &mut hints };
            for piece in pieces {
                if !matches!(used.feed(piece, &mut asking), Ok(fed) if fed.progress == Progress::NeedMore) {
                    break;
                }
            }
        }
    }

    #[test]
    fn fields_are_those_that_httparse_sees(bytes in response()) {
        let (seen, _) = read_whole(&bytes);
        if seen.heads == 0 {
            // About every third is no valid head: the other properties look at those.
            return Ok(());
        }
        let mut storage = [httparse::EMPTY_HEADER; 256];
        let mut response = httparse::Response::new(&mut storage);
        let mut config = httparse::ParserConfig::default();
        config.allow_spaces_after_header_name_in_responses(true);
        config.allow_obsolete_multiline_headers_in_responses(true);
        let parsed = config.parse_response(&mut response, &seen.raw).expect("parsed before");
        prop_assert_eq!(parsed, httparse::Status::Complete(seen.raw.len()));
        let fields: Vec<_> = response.headers.iter()
            .map(|field| (field.name.as_bytes().to_vec(), field.value.trim_ascii().to_vec()))
            .collect();
        prop_assert_eq!(fields, seen.fields);
    }
}
