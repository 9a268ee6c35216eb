//! What the peer's header blocks say.

use super::ENTRY_OVERHEAD;
use super::Known;
use super::Malformed;
use super::Text;
use super::integer;
use super::statics::STATIC;
use super::table::Table;

/// One field of a block.
#[derive(Debug, Clone, Copy)]
pub(in crate::http::h2) struct Field<'a> {
    pub(in crate::http::h2) known: Known,
    pub(in crate::http::h2) name: &'a [u8],
    pub(in crate::http::h2) value: Text<'a>,
}

impl Field<'_> {
    /// What it counts among the fields of a head: an encoded value by what it took on the wire,
    /// which is less than what it says, but not by half.
    pub(in crate::http::h2) fn size(&self) -> usize {
        self.name.len() + self.value.wire_len() + ENTRY_OVERHEAD
    }
}

/// Takes the fields of a block.
pub(in crate::http::h2) trait FieldSink {
    /// # Errors
    /// A value that is none: the rest of the block is not read, and the connection is lost.
    fn field(&mut self, field: Field<'_>) -> Result<(), Malformed>;
}

/// Follows one peer's blocks, in their order.
#[derive(Debug)]
pub(in crate::http::h2) struct Decoder {
    table: Table,
    /// A name that was not in a table.
    name: Vec<u8>,
}

impl Decoder {
    pub(in crate::http::h2) fn new() -> Self {
        Self { table: Table::new(), name: Vec::new() }
    }

    /// # Errors
    /// Where the block breaks the rules: nothing after it can be understood.
    pub(in crate::http::h2) fn decode<S: FieldSink>(
        &mut self,
        mut block: &[u8],
        sink: &mut S,
    ) -> Result<(), Malformed> {
        let mut may_resize = true;
        while let Some(first) = block.first() {
            let kind = first.leading_zeros();
            if kind == 2 {
                let size = integer::take(&mut block, 5)?;
                if !may_resize || !self.table.resize(size) {
                    return Err(Malformed(
                        "HTTP/2: a header block changes its table where or as it must not",
                    ));
                }
                continue;
            }
            may_resize = false;
            match kind {
                0 => {
                    let index = integer::take(&mut block, 7)?;
                    sink.field(self.indexed(index)?)?;
                }
                1 => self.enter(&mut block, sink)?,
                _ => {
                    let index = integer::take(&mut block, 4)?;
                    let mut written = std::mem::take(&mut self.name);
                    let outcome = self.named(index, &mut block, &mut written).and_then(|known| {
                        let value = string(&mut block)?;
                        sink.field(Field { known, name: &written, value })
                    });
                    self.name = written;
                    outcome?;
                }
            }
        }
        Ok(())
    }

    /// A field that comes with an index and is an entry already.
    fn indexed(&self, index: usize) -> Result<Field<'_>, Malformed> {
        if let Some((name, value)) = index.checked_sub(1).and_then(|place| STATIC.get(place)) {
            let known = static_known(index);
            return Ok(Field {
                known,
                name: name.as_bytes(),
                value: Text::Plain(value.as_bytes()),
            });
        }
        let entry = self.entry(index)?;
        Ok(Field { known: entry.known, name: entry.name(), value: Text::Plain(entry.value()) })
    }

    fn entry(&self, index: usize) -> Result<&super::table::Entry, Malformed> {
        let place = index.checked_sub(STATIC.len() + 1);
        place
            .and_then(|place| self.table.get(place))
            .ok_or(Malformed("HTTP/2: a header block uses an unknown index"))
    }

    /// A field that becomes an entry.
    fn enter<S: FieldSink>(&mut self, block: &mut &[u8], sink: &mut S) -> Result<(), Malformed> {
        let index = integer::take(block, 6)?;
        let mut bytes = self.table.memory();
        let known = self.named(index, block, &mut bytes)?;
        let name = bytes.len();
        string(block)?.write(&mut bytes)?;
        let value = Text::Plain(&bytes[name..]);
        sink.field(Field { known, name: &bytes[..name], value })?;
        self.table.enter(bytes, name, known);
        Ok(())
    }

    /// Writes the name that `index` stands for, or that follows, to `out`.
    fn named(
        &self,
        index: usize,
        block: &mut &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Known, Malformed> {
        out.clear();
        if index == 0 {
            string(block)?.write(out)?;
            return Ok(Known::of(out));
        }
        if let Some((name, _)) = STATIC.get(index - 1) {
            out.extend_from_slice(name.as_bytes());
            return Ok(static_known(index));
        }
        let entry = self.entry(index)?;
        out.extend_from_slice(entry.name());
        Ok(entry.known)
    }
}

fn static_known(index: usize) -> Known {
    match index {
        8..=14 => Known::Status,
        28 => Known::ContentLength,
        ..15 => Known::Pseudo,
        _ => Known::Other,
    }
}

fn string<'a>(block: &mut &'a [u8]) -> Result<Text<'a>, Malformed> {
    let is_huffman = block.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer::take(block, 7)?;
    let Some((string, rest)) = block.split_at_checked(length) else {
        return Err(Malformed("HTTP/2: a header block ends within a string"));
    };
    *block = rest;
    Ok(if is_huffman { Text::Huffman(string) } else { Text::Plain(string) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Vec<String>);

    impl FieldSink for Lines {
        fn field(&mut self, field: Field<'_>) -> Result<(), Malformed> {
            let mut line = field.name.to_vec();
            line.extend_from_slice(b": ");
            field.value.write(&mut line)?;
            self.0.push(String::from_utf8(line).expect("the examples are ASCII"));
            Ok(())
        }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .chars()
            .filter_map(|c| c.to_digit(16))
            .map(|digit| u8::try_from(digit).expect("a digit"))
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn read(decoder: &mut Decoder, hex: &str) -> Result<Vec<String>, Malformed> {
        let mut lines = Lines::default();
        decoder.decode(&bytes(hex), &mut lines).map(|()| lines.0)
    }

    #[test]
    fn the_standards_requests() {
        // RFC 7541, C.3 and C.4: the same three, plain and encoded.
        let plain = [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ];
        let encoded = [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ];
        let expected: [&[&str]; 3] = [
            &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
            &[
                ":method: GET",
                ":scheme: http",
                ":path: /",
                ":authority: www.example.com",
                "cache-control: no-cache",
            ],
            &[
                ":method: GET",
                ":scheme: https",
                ":path: /index.html",
                ":authority: www.example.com",
                "custom-key: custom-value",
            ],
        ];
        for blocks in [plain, encoded] {
            let mut decoder = Decoder::new();
            for (block, expected) in blocks.iter().zip(expected) {
                assert_eq!(read(&mut decoder, block).expect("well formed"), expected);
            }
        }
    }

    #[test]
    fn entries_that_do_not_fit_make_the_oldest_leave() {
        // RFC 7541, C.6, whose table has 256 bytes.
        let blocks = [
            "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 \
             82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
            "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad \
             94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 \
             65c0 03ed 4ee5 b106 3d50 07",
        ];
        let expected: [&[&str]; 3] = [
            &[
                ":status: 302",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:21 GMT",
                "location: https://www.example.com",
            ],
            &[
                ":status: 307",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:21 GMT",
                "location: https://www.example.com",
            ],
            &[
                ":status: 200",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:22 GMT",
                "location: https://www.example.com",
                "content-encoding: gzip",
                "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ],
        ];
        let mut decoder = Decoder::new();
        for (block, expected) in blocks.iter().zip(expected) {
            assert_eq!(read(&mut decoder, block).expect("well formed"), expected);
        }
        // Three entries are left, 62 to 64.
        read(&mut decoder, "c0").expect("the oldest that is left");
        read(&mut decoder, "c1").expect_err("gone");
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        let cases = [
            ("80", "index 0"),
            ("be", "an entry that nobody made"),
            ("7f00", "a name that nobody entered"),
            ("88 20", "a new size in mid-block"),
            ("3fe21f", "a table of 4,097 bytes"),
            ("ff8080808080", "an endless integer"),
            ("00 03 61", "a string that is cut off"),
            ("40 01 61 82 ffff", "an entry whose value has no meaning"),
        ];
        for (block, why) in cases {
            read(&mut Decoder::new(), block).expect_err(why);
        }
    }
}
