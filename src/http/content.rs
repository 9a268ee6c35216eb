//! Content codings undone, within a bound: gzip and deflate.

use std::io::Read;

use flate2::read::DeflateDecoder;
use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;

use crate::model::Response;

/// Codings one on top of the other that are undone; nobody honest uses more than one.
const MAX_LAYERS: usize = 3;

/// What came out of a decoder before its end, a limit or an error.
struct Decoded {
    body: Vec<u8>,
    is_whole: bool,
}

/// Replaces the body of `response` by what its `Content-Encoding` stands for, up to `max_body`
/// bytes; the header stays visible. A body that is no such coding, or one we do not know, stays as
/// it came; one that breaks off gives what could be read and counts as truncated.
pub(super) fn decode(response: &mut Response, max_body: usize) {
    let codings: Vec<String> = response
        .headers_named("content-encoding")
        .flat_map(|header| header.text().split(',').map(normalised).collect::<Vec<_>>())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity"))
        .collect();
    for coding in codings.iter().rev().take(MAX_LAYERS) {
        let Some(decoded) = undo(coding, &response.body, max_body) else { return };
        response.body = decoded.body;
        response.truncated |= !decoded.is_whole;
    }
}

fn normalised(coding: &str) -> String {
    coding.trim().to_ascii_lowercase()
}

fn undo(coding: &str, body: &[u8], max_body: usize) -> Option<Decoded> {
    match coding {
        "gzip" | "x-gzip" => read_up_to(MultiGzDecoder::new(body), max_body),
        // RFC 9110 §8.4.1.2 says zlib; some servers send the bare stream under the same name.
        "deflate" => read_up_to(ZlibDecoder::new(body), max_body)
            .or_else(|| read_up_to(DeflateDecoder::new(body), max_body)),
        _ => None,
    }
}

/// `None` where not one byte could be read.
fn read_up_to(decoder: impl Read, max_body: usize) -> Option<Decoded> {
    let mut body = Vec::new();
    let outcome = decoder.take(max_body as u64 + 1).read_to_end(&mut body);
    if outcome.is_err() && body.is_empty() {
        return None;
    }
    let is_whole = outcome.is_ok() && body.len() <= max_body;
    body.truncate(max_body);
    Some(Decoded { body, is_whole })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use flate2::write::GzEncoder;
    use flate2::write::ZlibEncoder;

    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
    }

    fn response(coding: &str, body: Vec<u8>) -> Response {
        Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![Header::new("content-Encoding", coding)],
            body,
            wire_len: 0,
            truncated: false,
        }
    }

    fn decoded(coding: &str, body: Vec<u8>, max_body: usize) -> (Vec<u8>, bool) {
        let mut response = response(coding, body);
        decode(&mut response, max_body);
        (response.body, response.truncated)
    }

    #[test]
    fn known_codings_are_undone() {
        let plain = b"hello, hello, hello".to_vec();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&plain).expect("memory");
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(&plain).expect("memory");
        let cases = [
            ("GZip", gzip(&plain)),
            ("identity, x-gzip", gzip(&plain)),
            ("gzip, gzip", gzip(&gzip(&plain))),
            ("deflate", zlib.finish().expect("memory")),
            ("deflate", bare.finish().expect("memory")),
        ];
        for (coding, body) in cases {
            assert_eq!(decoded(coding, body, 1000), (plain.clone(), false), "{coding}");
        }
    }

    #[test]
    fn a_bomb_is_cut() {
        let bomb = gzip(&vec![0; 5_000_000]);
        assert!(bomb.len() < 10_000);
        let (body, truncated) = decoded("gzip, gzip", gzip(&bomb), 100_000);
        assert_eq!((body.len(), truncated), (100_000, true));
    }

    #[test]
    fn what_is_not_that_coding_stays_as_it_came() {
        for coding in ["gzip", "deflate", "br", "gzip, br"] {
            let body = b"\xff\xffplain text".to_vec();
            assert_eq!(decoded(coding, body.clone(), 1000), (body, false), "{coding}");
        }
    }

    #[test]
    fn a_body_that_breaks_off_gives_its_beginning() {
        let plain: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = gzip(&plain);
        let (body, truncated) = decoded("gzip", whole[..whole.len() / 2].to_vec(), 1_000_000);
        assert!(truncated && !body.is_empty() && plain.starts_with(&body));
    }
}
