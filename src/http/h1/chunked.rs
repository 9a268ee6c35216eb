//! The chunked transfer coding (RFC 9112 §7.1), one byte run at a time.

use super::error::ProtocolError;

/// Bytes of one chunk's size line beyond its digits that we read before giving up.
const MAX_EXTENSION: usize = 4096;

/// Where in the coding the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// At or in the digits of a size; `digits` counts what was read of it.
    Size { size: u64, digits: usize },
    /// After the digits, before CR: white space and extensions, ignored.
    Extension { size: u64, len: usize },
    /// After the CR of a size line.
    SizeEnd { size: u64 },
    /// In the data.
    Data { left: u64 },
    /// After the data, before CR.
    DataCr,
    /// After the data's CR.
    DataLf,
    /// At the start of a trailer line; `len` counts the trailer section.
    TrailerStart { len: usize },
    /// In a trailer line.
    Trailer { len: usize },
    /// After the CR of the last, empty line.
    LastLf,
}

/// What one step found.
pub(super) enum Step<'a> {
    /// Data of the body; `rest` is what follows.
    Data { data: &'a [u8], rest: &'a [u8] },
    /// All bytes were used, more are needed.
    NeedMore,
    /// The body is complete; `rest` belongs to the next response.
    End { rest: &'a [u8] },
}

impl Chunked {
    pub(super) const START: Self = Self::Size { size: 0, digits: 0 };

    /// Goes on until there is data, the end, or no byte left.
    pub(super) fn step<'a>(
        &mut self,
        mut bytes: &'a [u8],
        max_trailer: usize,
    ) -> Result<Step<'a>, ProtocolError> {
        while let [byte, rest @ ..] = bytes {
            match *self {
                Self::Data { left } => {
                    let available = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (data, rest) = bytes.split_at(available);
                    let left = left - data.len() as u64;
                    *self = if left == 0 { Self::DataCr } else { Self::Data { left } };
                    return Ok(Step::Data { data, rest });
                }
                Self::LastLf | Self::TrailerStart { .. } if *byte == b'\n' => {
                    return Ok(Step::End { rest });
                }
                state => *self = state.after(*byte, max_trailer)?,
            }
            bytes = rest;
        }
        Ok(Step::NeedMore)
    }

    /// The state after one byte that is neither data nor the last.
    fn after(self, byte: u8, max_trailer: usize) -> Result<Self, ProtocolError> {
        match self {
            Self::Size { size, digits } => after_size_byte(size, digits, byte),
            // CRLF only: where two readers disagree on a line's end, responses can be smuggled.
            Self::Extension { size, len } => match byte {
                b'\r' => Ok(Self::SizeEnd { size }),
                b'\n' => Err(ProtocolError::ChunkSize),
                _ if len == MAX_EXTENSION => {
                    Err(ProtocolError::ChunkOverhead { limit: MAX_EXTENSION })
                }
                _ => Ok(Self::Extension { size, len: len + 1 }),
            },
            Self::SizeEnd { size } => match (byte, size) {
                (b'\n', 0) => Ok(Self::TrailerStart { len: 0 }),
                (b'\n', left) => Ok(Self::Data { left }),
                _ => Err(ProtocolError::ChunkSize),
            },
            Self::DataCr if byte == b'\r' => Ok(Self::DataLf),
            Self::DataLf if byte == b'\n' => Ok(Self::START),
            Self::DataCr | Self::DataLf | Self::Data { .. } | Self::LastLf => {
                Err(ProtocolError::ChunkEnd)
            }
            Self::TrailerStart { len } | Self::Trailer { len } if len == max_trailer => {
                Err(ProtocolError::ChunkOverhead { limit: max_trailer })
            }
            Self::TrailerStart { .. } if byte == b'\r' => Ok(Self::LastLf),
            Self::Trailer { len } if byte == b'\n' => Ok(Self::TrailerStart { len: len + 1 }),
            Self::TrailerStart { len } | Self::Trailer { len } => {
                Ok(Self::Trailer { len: len + 1 })
            }
        }
    }
}

fn after_size_byte(size: u64, digits: usize, byte: u8) -> Result<Chunked, ProtocolError> {
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        b'\r' if digits > 0 => return Ok(Chunked::SizeEnd { size }),
        b' ' | b'\t' | b';' if digits > 0 => return Ok(Chunked::Extension { size, len: 1 }),
        _ => return Err(ProtocolError::ChunkSize),
    };
    if size >> 60 != 0 {
        return Err(ProtocolError::ChunkSizeOverflow);
    }
    // Leading zeros are digits too, and must end some time.
    if digits == MAX_EXTENSION {
        return Err(ProtocolError::ChunkOverhead { limit: MAX_EXTENSION });
    }
    Ok(Chunked::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
}
