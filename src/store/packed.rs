//! Reports as they lie in the file: compressed.

use std::io::Read as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// The bytes, compressed.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing into memory cannot fail")
}

/// The bytes again, which are `len`: a file that says otherwise takes no more memory than that.
///
/// # Errors
/// What is wrong with them.
pub(super) fn unpack(packed: &[u8], len: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut decoder = ZlibDecoder::new(packed).take(len.saturating_add(1));
    decoder.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 == len {
        Ok(bytes)
    } else {
        Err(format!("it has not the {len} bytes that it should have"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_damage_is_noticed() {
        let text = b"a report ".repeat(1000);
        let packed = pack(&text);
        assert!(packed.len() < text.len() / 10);
        assert_eq!(unpack(&packed, text.len() as u64), Ok(text.clone()));
        assert!(unpack(&packed, 10).is_err());
        assert!(unpack(&packed[..packed.len() / 2], text.len() as u64).is_err());
        let mut flipped = packed;
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        assert!(unpack(&flipped, text.len() as u64).is_err());
    }
}
