//! Integers with a prefix (RFC 7541 §5.1).

use super::Malformed;

/// Takes an integer whose first byte has `bits` of it.
pub(super) fn take(block: &mut &[u8], bits: u32) -> Result<usize, Malformed> {
    let [first, rest @ ..] = *block else {
        return Err(Malformed("HTTP/2: a header block ends within an integer"));
    };
    *block = rest;
    let most = (1usize << bits) - 1;
    let mut value = usize::from(*first) & most;
    if value < most {
        return Ok(value);
    }
    // Four more bytes say up to 2^28: no string and no table here is that large.
    for shift in [0, 7, 14, 21] {
        let [byte, rest @ ..] = *block else {
            return Err(Malformed("HTTP/2: a header block ends within an integer"));
        };
        *block = rest;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed("HTTP/2: a header block has an integer that is too large"))
}

/// Writes an integer; `first` has what stands in the first byte above its `bits`.
pub(super) fn put(out: &mut Vec<u8>, first: u8, bits: u32, value: usize) {
    let most = (1usize << bits) - 1;
    // Masked to a byte each.
    #[expect(clippy::cast_possible_truncation, reason = "below 256 by the mask or the comparison")]
    let byte = |value: usize| value as u8;
    if value < most {
        return out.push(first | byte(value));
    }
    out.push(first | byte(most));
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(byte(rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.push(byte(rest));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_examples_both_ways() {
        // RFC 7541, C.1.
        let cases: [(u32, usize, &[u8]); 3] =
            [(5, 10, &[10]), (5, 1337, &[31, 154, 10]), (8, 42, &[42])];
        for (bits, value, bytes) in cases {
            let mut out = Vec::new();
            put(&mut out, 0, bits, value);
            assert_eq!(out, bytes);
            assert_eq!(take(&mut &bytes[..], bits), Ok(value));
        }
    }

    #[test]
    fn every_value_comes_back_and_none_is_endless() {
        for bits in 4..8 {
            for value in (0..700).chain([16_383, 16_384, 65_535, 1 << 27]) {
                let mut out = Vec::new();
                put(&mut out, 0, bits, value);
                let mut rest = &out[..];
                assert_eq!(take(&mut rest, bits), Ok(value));
                assert!(rest.is_empty());
                for end in 0..out.len() {
                    take(&mut &out[..end], bits).expect_err("cut short");
                }
            }
        }
        take(&mut &[0xff; 40][..], 7).expect_err("it does not end");
    }
}
