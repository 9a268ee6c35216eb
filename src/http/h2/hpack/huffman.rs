//! The fixed Huffman code (RFC 7541, appendix B).
//!
//! It is canonical: codes are numbered by their length, then by their symbol. So the lengths are
//! all that has to be known.

use super::Malformed;

/// Bits of each byte's code, and of the code that ends a string, which never occurs.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

const LONGEST: usize = 30;

/// Bits below which there may be too few for a code.
const FEW: u32 = 30;

/// Bits that are looked up at once: enough for what headers are made of.
const LOOKED_UP: u32 = 10;

/// Codes of up to so many bits.
#[derive(Debug)]
struct Code {
    /// By symbol.
    codes: [u32; 257],
    /// Symbols in the order of their codes.
    symbols: [u16; 257],
    /// By length: the first code, its place in `symbols`, and how many there are.
    first: [u32; LONGEST + 1],
    place: [u16; LONGEST + 1],
    count: [u16; LONGEST + 1],
    /// By the next bits: symbol and length, or 0 where the code is longer.
    short: [u16; 1 << LOOKED_UP],
}

static CODE: Code = Code::new();

impl Code {
    #[expect(clippy::cast_possible_truncation, reason = "symbols are below 257, lengths below 31")]
    const fn new() -> Self {
        let mut code = Self {
            codes: [0; 257],
            symbols: [0; 257],
            first: [0; LONGEST + 1],
            place: [0; LONGEST + 1],
            count: [0; LONGEST + 1],
            short: [0; 1 << LOOKED_UP],
        };
        let (mut next, mut place, mut length) = (0u32, 0usize, 1);
        while length <= LONGEST {
            next <<= 1;
            code.first[length] = next;
            code.place[length] = place as u16;
            let mut symbol = 0;
            while symbol < 257 {
                if LENGTHS[symbol] as usize == length {
                    code.codes[symbol] = next;
                    code.symbols[place] = symbol as u16;
                    code.fill(symbol as u16, next, length as u32);
                    next += 1;
                    place += 1;
                }
                symbol += 1;
            }
            code.count[length] = place as u16 - code.place[length];
            length += 1;
        }
        code
    }

    #[expect(clippy::cast_possible_truncation, reason = "lengths are below 31")]
    const fn fill(&mut self, symbol: u16, code: u32, length: u32) {
        if length > LOOKED_UP {
            return;
        }
        let free = LOOKED_UP - length;
        let mut rest = 0;
        while rest < 1 << free {
            self.short[((code << free) | rest) as usize] = symbol << 4 | length as u16;
            rest += 1;
        }
    }

    /// The symbol of a code that is too long to be looked up, at the top of `bits`, and its length.
    fn search(&self, bits: u64) -> Option<(u16, u32)> {
        (LOOKED_UP as usize + 1..=LONGEST).find_map(|length| {
            let code = u32::try_from(bits >> (64 - length)).ok()?;
            let offset = code.checked_sub(self.first[length])?;
            let is_in = offset < u32::from(self.count[length]);
            let place = usize::from(self.place[length]) + offset as usize;
            is_in.then(|| (self.symbols[place], u32::try_from(length).unwrap_or(u32::MAX)))
        })
    }
}

/// Bits that have been read and not been used, at the top of a word.
struct Bits<'a> {
    word: u64,
    count: u32,
    rest: &'a [u8],
}

impl Bits<'_> {
    /// Reads on until there are enough for any code, or all that is left.
    fn fill(&mut self) {
        if let Some(next) = self.rest.first_chunk::<8>() {
            self.word |= u64::from_be_bytes(*next) >> self.count;
            let bytes = (63 - self.count) / 8;
            self.rest = &self.rest[bytes as usize..];
            self.count += bytes * 8;
            // What was read of the byte behind is read again.
            self.word &= u64::MAX << (64 - self.count);
            return;
        }
        while self.count <= 56
            && let Some((byte, rest)) = self.rest.split_first()
        {
            self.word |= u64::from(*byte) << (56 - self.count);
            self.count += 8;
            self.rest = rest;
        }
    }

    /// What may stand behind the last symbol: the beginning of the code that ends a string, which
    /// is ones, fewer than eight.
    fn is_padding(&self) -> bool {
        self.count < 8 && self.word.leading_ones() >= self.count
    }
}

/// Writes what `bytes` say behind what is in `out`.
pub(super) fn decode(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    // No code is shorter than five bits.
    out.reserve(bytes.len() * 8 / 5);
    let mut bits = Bits { word: 0, count: 0, rest: bytes };
    loop {
        if bits.count < FEW {
            bits.fill();
        }
        let (symbol, length) = match CODE.short[(bits.word >> (64 - LOOKED_UP)) as usize] {
            0 => match CODE.search(bits.word) {
                Some(found) => found,
                None if bits.is_padding() => return Ok(()),
                None => {
                    return Err(Malformed("HTTP/2: a header block has a string without meaning"));
                }
            },
            entry => (entry >> 4, u32::from(entry & 15)),
        };
        if length > bits.count {
            let end = "HTTP/2: a header block has a string that ends in mid-symbol";
            return bits.is_padding().then_some(()).ok_or(Malformed(end));
        }
        let Ok(byte) = u8::try_from(symbol) else {
            return Err(Malformed("HTTP/2: a header block has a string with an end within"));
        };
        out.push(byte);
        bits.word <<= length;
        bits.count -= length;
    }
}

/// Bytes that `text` has encoded.
pub(super) fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|byte| usize::from(LENGTHS[usize::from(*byte)])).sum();
    bits.div_ceil(8)
}

/// Writes `text` encoded behind what is in `out`.
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0u64, 0u32);
    for byte in text {
        let length = u32::from(LENGTHS[usize::from(*byte)]);
        bits = bits << length | u64::from(CODE.codes[usize::from(*byte)]);
        held += length;
        while held >= 8 {
            held -= 8;
            out.push((bits >> held).to_le_bytes()[0]);
        }
    }
    if held > 0 {
        let ones = 0xff >> held;
        out.push((bits << (8 - held)).to_le_bytes()[0] | ones);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::new();
        decode(bytes, &mut out).map(|()| out)
    }

    #[test]
    fn the_standards_examples_both_ways() {
        // RFC 7541, C.4.1, C.4.2, C.6.1.
        let cases: [(&str, &[u8]); 3] = [
            (
                "www.example.com",
                &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff],
            ),
            ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            ("302", &[0x64, 0x02]),
        ];
        for (text, bytes) in cases {
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!(out, bytes);
            assert_eq!(encoded_len(text.as_bytes()), bytes.len());
            assert_eq!(decoded(bytes).expect("well formed"), text.as_bytes());
        }
    }

    #[test]
    fn every_byte_comes_back_alone_and_behind_every_other() {
        for first in 0..=255u8 {
            for second in 0..=255 {
                for text in [&[first][..], &[first, second], &[second, first, second]] {
                    let mut out = Vec::new();
                    encode(text, &mut out);
                    assert_eq!(out.len(), encoded_len(text));
                    assert_eq!(decoded(&out).as_deref(), Ok(text));
                }
            }
        }
    }

    #[test]
    fn padding_is_ones_and_shorter_than_a_byte() {
        // `0` has the code 00000.
        assert_eq!(decoded(&[0b0000_0111]), Ok(b"0".to_vec()));
        decoded(&[0b0000_0110]).expect_err("not all ones");
        decoded(&[0b0000_0111, 0xff]).expect_err("a whole byte of padding");
        decoded(&[0xff; 4]).expect_err("the end of a string");
        decoded(&[0xff, 0xff, 0xff, 0xfc, 0]).expect_err("the end of a string within");
    }
}
