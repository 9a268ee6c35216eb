//! Header compression (HPACK, RFC 7541) for a client that mostly does not look at headers.
//!
//! A decoder has to follow every instruction of the peer, because each may change the table that
//! later ones refer to. It need not write out what nobody reads: values that only pass by stay as
//! they are on the wire ([`Text`]), and a response whose head nobody looks at costs its status.

mod decoder;
mod encoder;
mod huffman;
mod integer;
mod statics;
mod table;

pub(super) use decoder::Decoder;
pub(super) use decoder::Field;
pub(super) use decoder::FieldSink;
pub(super) use encoder::Encoder;

/// What an entry counts beside its bytes (RFC 7541 §4.1, RFC 9113 §6.5.2).
pub(super) const ENTRY_OVERHEAD: usize = 32;

/// The size of the dynamic tables, both ways, unless the peer wants less of ours.
const TABLE_SIZE: usize = 4096;

/// A block that does not follow the rules: the tables of both sides have parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Which field it is, for those that somebody always looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Status,
    ContentLength,
    /// Another name that begins with a colon.
    Pseudo,
    Other,
}

impl Known {
    fn of(name: &[u8]) -> Self {
        match name {
            b":status" => Self::Status,
            b"content-length" => Self::ContentLength,
            [b':', ..] => Self::Pseudo,
            _ => Self::Other,
        }
    }
}

/// A string as it came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'a> {
    Plain(&'a [u8]),
    Huffman(&'a [u8]),
}

impl Text<'_> {
    /// Writes it behind what is in `out`.
    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match self {
            Self::Plain(bytes) => out.extend_from_slice(bytes),
            Self::Huffman(bytes) => huffman::decode(bytes, out)?,
        }
        Ok(())
    }

    /// Bytes that it took on the wire.
    pub(super) fn wire_len(self) -> usize {
        match self {
            Self::Plain(bytes) | Self::Huffman(bytes) => bytes.len(),
        }
    }
}
