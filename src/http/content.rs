//! Content codings undone, within a bound: gzip, deflate, br and zstd.
//!
//! What comes out is bounded by the caller, what a decoder takes besides by the windows that the
//! codings allow: 16 MB in br, 8 MB in zstd. Whatever a target sends, nothing here costs more.

use std::io::Read;

use brotli_decompressor::BrotliDecoderParameter;
use brotli_decompressor::Decompressor;
use flate2::read::DeflateDecoder;
use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;
use ruzstd::decoding::BlockDecodingStrategy;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::errors::ReadFrameHeaderError;

use crate::model::Response;

/// The codings that are undone, as `Accept-Encoding` names them.
pub(super) const KNOWN: &str = "gzip, deflate, br, zstd";

/// Codings one on top of the other that are undone; nobody honest uses more than one.
const MAX_LAYERS: usize = 3;

/// The largest window that zstd may ask for over HTTP (RFC 9659).
const ZSTD_WINDOW: u64 = 8 << 20;

/// Compressed bytes that the br decoder takes at a time.
const BROTLI_INPUT: usize = 4096;

/// An empty last block, and room for a checksum: what ends a zstd frame that breaks off, and makes
/// its decoder give out what it had kept as a window.
const ZSTD_END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// A body as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// At most as long as it was allowed to be.
    pub body: Vec<u8>,
    /// Neither the limit nor an error came before its end.
    pub is_whole: bool,
}

/// Replaces the body of `response` by what its `Content-Encoding` stands for, up to `max_body`
/// bytes; the header stays visible.
pub(super) fn decode(response: &mut Response, max_body: usize) {
    let codings: Vec<_> = response
        .headers_named("content-encoding")
        .map(|header| header.text().into_owned())
        .collect();
    let Some(decoded) = decoded(&codings.join(","), &response.body, max_body) else { return };
    response.body = decoded.body;
    response.truncated |= !decoded.is_whole;
}

/// What `body` stands for under `codings`, a `Content-Encoding` (or several, joined by commas), up
/// to `max_body` bytes. `None` where it stands for itself: there is no coding, it is none we know, or
/// the body is not in it. One that breaks off gives what could be read.
pub fn decoded(codings: &str, body: &[u8], max_body: usize) -> Option<Decoded> {
    let codings: Vec<String> = codings
        .split(',')
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity"))
        .collect();
    let mut outer: Option<Decoded> = None;
    for coding in codings.iter().rev().take(MAX_LAYERS) {
        let coded = outer.as_ref().map_or(body, |outer| &outer.body);
        let Some(mut inner) = undo(coding, coded, max_body) else { break };
        inner.is_whole &= outer.is_none_or(|outer| outer.is_whole);
        outer = Some(inner);
    }
    outer
}

fn undo(coding: &str, body: &[u8], max_body: usize) -> Option<Decoded> {
    match coding {
        "gzip" | "x-gzip" => read_up_to(MultiGzDecoder::new(body), max_body),
        // RFC 9110 §8.4.1.2 says zlib; some servers send the bare stream under the same name.
        "deflate" => read_up_to(ZlibDecoder::new(body), max_body)
            .or_else(|| read_up_to(DeflateDecoder::new(body), max_body)),
        "br" => read_up_to(brotli(body), max_body),
        "zstd" => zstd(body, max_body),
        _ => None,
    }
}

/// Without the large windows that are no part of the coding (RFC 7932): they may take a gigabyte.
fn brotli(body: &[u8]) -> impl Read {
    let mut decoder = Decompressor::new(body, BROTLI_INPUT);
    decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
    decoder
}

/// Frame by frame (RFC 8878 §3.1), all of them with one decoder: a new one for each of very many
/// empty frames would take long.
fn zstd(body: &[u8], max_body: usize) -> Option<Decoded> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(ZSTD_WINDOW);
    let mut rest = body;
    let mut decoded = Decoded { body: Vec::new(), is_whole: true };
    while !rest.is_empty() && decoded.is_whole {
        let room = max_body - decoded.body.len();
        let frame = match StreamingDecoder::new_with_decoder(&mut rest, &mut decoder) {
            Ok(mut frame) => zstd_frame(&mut frame, room),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                rest = rest.get(length as usize..).unwrap_or_default();
                continue;
            }
            Err(_) if decoded.body.is_empty() => return None,
            Err(_) => Decoded { body: Vec::new(), is_whole: false },
        };
        decoded.body.extend(frame.body);
        decoded.is_whole = frame.is_whole;
    }
    (decoded.is_whole || !decoded.body.is_empty()).then_some(decoded)
}

fn zstd_frame(frame: &mut StreamingDecoder<&mut &[u8], &mut FrameDecoder>, room: usize) -> Decoded {
    let limit = room as u64 + 1;
    let mut body = Vec::new();
    let outcome = frame.take(limit).read_to_end(&mut body);
    if outcome.is_err() {
        let ended = frame.decoder.decode_blocks(&ZSTD_END[..], BlockDecodingStrategy::All);
        if ended.is_ok() {
            let left = limit - body.len() as u64;
            // What is read here lies in the decoder, and whatever fails, the body is cut already.
            let _ = frame.take(left).read_to_end(&mut body);
        }
    }
    let is_whole = outcome.is_ok() && body.len() <= room;
    body.truncate(room);
    Decoded { body, is_whole }
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

    use brotli::CompressorWriter;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use flate2::write::GzEncoder;
    use flate2::write::ZlibEncoder;
    use ruzstd::encoding::CompressionLevel;
    use ruzstd::encoding::compress_to_vec;

    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
    }

    fn bare_deflate(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
    }

    fn br(plain: &[u8]) -> Vec<u8> {
        let mut encoder = CompressorWriter::new(Vec::new(), 4096, 5, 22);
        encoder.write_all(plain).expect("memory");
        encoder.into_inner()
    }

    fn zstd_frame(plain: &[u8]) -> Vec<u8> {
        compress_to_vec(plain, CompressionLevel::Fastest)
    }

    /// Every coding that is known, and what makes it.
    type Encode = fn(&[u8]) -> Vec<u8>;
    const CODINGS: [(&str, Encode); 5] = [
        ("gzip", gzip),
        ("deflate", zlib),
        ("deflate", bare_deflate),
        ("br", br),
        ("zstd", zstd_frame),
    ];

    fn noise(len: u32) -> Vec<u8> {
        (0..len / 4).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
    }

    #[test]
    fn known_codings_are_undone() {
        let plain = noise(100_000);
        for (coding, encode) in CODINGS {
            let expected = Decoded { body: plain.clone(), is_whole: true };
            assert_eq!(decoded(coding, &encode(&plain), 100_000), Some(expected), "{coding}");
            assert!(KNOWN.contains(coding));
        }
    }

    #[test]
    fn the_header_is_read_as_a_list_in_any_case() {
        let plain = b"hello, hello, hello";
        let mixed = br(&gzip(&zstd_frame(plain)));
        let cases = [
            ("GZip", gzip(plain)),
            ("identity, x-gzip", gzip(plain)),
            (" ,gzip,gzip", gzip(&gzip(plain))),
            ("zstd, gzip, BR", mixed),
        ];
        for (codings, body) in cases {
            let decoded = decoded(codings, &body, 1000).expect("known");
            assert_eq!(
                (decoded.body.as_slice(), decoded.is_whole),
                (&plain[..], true),
                "{codings}"
            );
        }
    }

    #[test]
    fn all_headers_of_a_response_count() {
        let mut response = Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![
                Header::new("content-Encoding", "br"),
                Header::new("Content-Encoding", "gzip"),
            ],
            body: gzip(&br(&[b'a'; 2000])),
            wire_len: 0,
            truncated: false,
        };
        decode(&mut response, 1000);
        assert_eq!((response.body.as_slice(), response.truncated), (&[b'a'; 1000][..], true));
    }

    #[test]
    fn a_bomb_is_cut() {
        for (coding, encode) in CODINGS {
            let bomb = encode(&vec![0; 20_000_000]);
            assert!(bomb.len() < 50_000, "{coding}: {}", bomb.len());
            let twice = decoded(&format!("{coding}, {coding}"), &encode(&bomb), 100_000);
            for decoded in [decoded(coding, &bomb, 100_000), twice] {
                let decoded = decoded.expect("known");
                assert_eq!((decoded.body.len(), decoded.is_whole), (100_000, false), "{coding}");
            }
        }
    }

    #[test]
    fn a_window_beyond_the_codings_bound_is_refused() {
        // A large window of 2^30 bytes, which plain br does not know.
        assert_eq!(decoded("br", &[0x11, 0x1e, 0x03], 1000), None);
        // Magic number, no flags, a window of 2^27 bytes.
        let frame =
            |window: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0, window][..], &ZSTD_END[..3]].concat();
        assert_eq!(decoded("zstd", &frame(17 << 3), 1000), None);
        assert!(decoded("zstd", &frame(13 << 3), 1000).expect("8 MB").is_whole);
    }

    #[test]
    fn zstd_frames_follow_one_another() {
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        let body = [&zstd_frame(b"one ")[..], &skipped, &zstd_frame(b"two")].concat();
        let decoded_up_to = |max_body| decoded("zstd", &body, max_body).expect("known");
        assert_eq!(decoded_up_to(7), Decoded { body: b"one two".to_vec(), is_whole: true });
        assert_eq!(decoded_up_to(6), Decoded { body: b"one tw".to_vec(), is_whole: false });
        let with_rubbish = [&body[..], b"rubbish"].concat();
        let decoded = decoded("zstd", &with_rubbish, 100).expect("known");
        assert_eq!(decoded, Decoded { body: b"one two".to_vec(), is_whole: false });
    }

    #[test]
    fn what_is_not_that_coding_stays_as_it_came() {
        for coding in ["gzip", "deflate", "br", "zstd", "compress", "gzip, br", "", "identity"] {
            assert_eq!(decoded(coding, b"\xff\xffplain text", 1000), None, "{coding}");
        }
        // What is above a coding that nobody knows is undone, and no more.
        let decoded = decoded("dcb, gzip", &gzip(b"?"), 1000).expect("one of them");
        assert_eq!(decoded, Decoded { body: b"?".to_vec(), is_whole: true });
    }

    #[test]
    fn a_body_that_breaks_off_gives_its_beginning() {
        let plain = noise(400_000);
        for (coding, encode) in CODINGS {
            let whole = encode(&plain);
            let half = decoded(coding, &whole[..whole.len() / 2], 1_000_000).expect("a beginning");
            assert!(!half.is_whole && !half.body.is_empty(), "{coding}: {}", half.body.len());
            assert!(plain.starts_with(&half.body), "{coding}");
        }
    }
}
