//! Functions that compress, and those that undo it within bounds.

use std::io::Read;
use std::io::Write;

use flate2::Compression;
use flate2::GzBuilder;
use flate2::read;
use flate2::write;

use super::super::eval::EvalError;
use super::super::value::Value;
use super::zip::archive;
use super::{Body, Function, MANY, Text};
use super::{function, integer, unfit};

/// What is unpacked ends here unless another limit is given.
const MAX_UNPACKED: u64 = 10 << 20;

pub(super) static TABLE: &[Function] = &[
    function("deflate", 1..=1, Body::Map(|t| deflate(&t[0]))),
    function("gzip", 1..=1, Body::Map(|t| gzip(&t[0]))),
    function("gzip_decode", 1..=2, Body::Any(|v| unpack(v, |t| Box::new(read::GzDecoder::new(t))))),
    function("gzip_mtime", 1..=1, Body::Count(gzip_mtime)),
    function(
        "inflate",
        1..=2,
        Body::Any(|v| unpack(v, |t| Box::new(read::DeflateDecoder::new(t)))),
    ),
    function("zip", 2..=MANY, Body::Try(zip)),
    function("zlib", 1..=1, Body::Map(|t| zlib(&t[0]))),
    function(
        "zlib_decode",
        1..=2,
        Body::Any(|v| unpack(v, |t| Box::new(read::ZlibDecoder::new(t)))),
    ),
];

const IN_MEMORY: &str = "writing to memory cannot fail";

pub(super) fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect(IN_MEMORY);
    encoder.finish().expect(IN_MEMORY)
}

/// Without a time and a system, so that the same text gives the same bytes.
pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder =
        GzBuilder::new().operating_system(255).write(Vec::new(), Compression::default());
    encoder.write_all(text).expect(IN_MEMORY);
    encoder.finish().expect(IN_MEMORY)
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect(IN_MEMORY);
    encoder.finish().expect(IN_MEMORY)
}

/// `…(data)` or `…(data, most)`: what is longer is cut there.
fn unpack(
    mut arguments: Vec<Value<'_>>,
    decoder: for<'t> fn(&'t [u8]) -> Box<dyn Read + 't>,
) -> Result<Value<'_>, EvalError> {
    let limit = match arguments.get(1).map(integer) {
        Some(Ok(limit)) => u64::try_from(limit).unwrap_or(0).min(MAX_UNPACKED),
        Some(Err(_)) | None => MAX_UNPACKED,
    };
    let data = arguments.remove(0).into_text();
    let mut out = Vec::new();
    let done = decoder(&data).take(limit).read_to_end(&mut out);
    done.map_err(|_| unfit("the data cannot be unpacked"))?;
    Ok(Value::owned(out))
}

/// The seconds in the head; 0 if there are none.
fn gzip_mtime(texts: &[Text<'_>]) -> Result<f64, EvalError> {
    let decoder = read::GzDecoder::new(&texts[0][..]);
    let header = decoder.header().ok_or_else(|| unfit("the data has no gzip head"))?;
    Ok(f64::from(header.mtime()))
}

/// `zip(name, content, …)`
fn zip(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    if !texts.len().is_multiple_of(2) {
        return Err(unfit("each name needs a content"));
    }
    let entries: Vec<(&[u8], &[u8])> =
        texts.chunks_exact(2).map(|pair| (&pair[0][..], &pair[1][..])).collect();
    archive(&entries).ok_or(EvalError::TooLong)
}
