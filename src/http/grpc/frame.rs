//! Messages, each behind a byte for its compression and four for its length.

use crate::model::Failure;
use crate::model::FailureClass;

/// Bytes before a message.
const PREFIX: usize = 5;

/// Appends `message` as it stands on the wire, uncompressed.
///
/// # Panics
/// For a message of 4 GiB or more.
pub fn frame(message: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(message.len()).expect("no message is that long");
    out.push(0);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
}

/// Takes messages.
pub trait FrameSink {
    /// The next bytes of a message, never empty.
    fn data(&mut self, piece: &[u8]);
    /// The message is complete.
    fn message(&mut self, compressed: bool);
}

/// Why there is no next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is longer than we are willing to read.
    #[error("a message of {length} bytes, above the limit of {limit} (`maxReceiveSize`)")]
    TooLarge {
        /// What it says of its length.
        length: u32,
        /// What we take.
        limit: u32,
    },
    /// The byte before it is neither 0 nor 1.
    #[error("what came is no gRPC message: it begins with the byte {0}")]
    Flag(u8),
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        let class = match error {
            DecodeError::TooLarge { .. } => FailureClass::TooLarge,
            DecodeError::Flag(_) => FailureClass::Protocol,
        };
        Self::new(class, error.to_string())
    }
}

/// Takes a body apart, in whatever pieces it comes. Keeps a few bytes at most.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    prefix: [u8; PREFIX],
    /// How much of the prefix has come.
    begun: usize,
    /// Of the message.
    missing: u32,
}

impl Decoder {
    /// Takes the next bytes of the body; no message may be longer than `limit`.
    ///
    /// # Errors
    /// [`DecodeError`]; the rest of the body is of no use then.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        limit: u32,
        sink: &mut impl FrameSink,
    ) -> Result<(), DecodeError> {
        while !bytes.is_empty() {
            if self.begun < PREFIX {
                let count = (PREFIX - self.begun).min(bytes.len());
                self.prefix[self.begun..self.begun + count].copy_from_slice(&bytes[..count]);
                self.begun += count;
                bytes = &bytes[count..];
                if self.begun < PREFIX {
                    return Ok(());
                }
                self.missing = self.length(limit)?;
            }
            let count = bytes.len().min(self.missing as usize);
            if count > 0 {
                sink.data(&bytes[..count]);
                self.missing -= u32::try_from(count).expect("at most what was missing");
                bytes = &bytes[count..];
            }
            if self.missing == 0 {
                self.begun = 0;
                sink.message(self.prefix[0] == 1);
            }
        }
        Ok(())
    }

    /// Whether nothing of a message has come that is not complete.
    pub fn is_between(&self) -> bool {
        self.begun == 0
    }

    fn length(&self, limit: u32) -> Result<u32, DecodeError> {
        let [flag, a, b, c, d] = self.prefix;
        let length = u32::from_be_bytes([a, b, c, d]);
        match flag {
            0 | 1 if length <= limit => Ok(length),
            0 | 1 => Err(DecodeError::TooLarge { length, limit }),
            flag => Err(DecodeError::Flag(flag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Messages {
        piece: Vec<u8>,
        all: Vec<(bool, Vec<u8>)>,
    }

    impl FrameSink for Messages {
        fn data(&mut self, piece: &[u8]) {
            assert!(!piece.is_empty());
            self.piece.extend_from_slice(piece);
        }

        fn message(&mut self, compressed: bool) {
            self.all.push((compressed, std::mem::take(&mut self.piece)));
        }
    }

    #[test]
    fn any_split_gives_the_same_messages() {
        let mut wire = Vec::new();
        frame(b"", &mut wire);
        frame(b"first", &mut wire);
        wire.extend(b"\x01\0\0\0\x03zip");
        for first in 0..=wire.len() {
            for second in first..=wire.len() {
                let (mut decoder, mut sink) = (Decoder::default(), Messages::default());
                for part in [&wire[..first], &wire[first..second], &wire[second..]] {
                    decoder.feed(part, 100, &mut sink).expect("they are right");
                }
                assert!(decoder.is_between());
                let expected: [(bool, &[u8]); 3] =
                    [(false, b""), (false, b"first"), (true, b"zip")];
                assert!(sink.all.iter().map(|(c, m)| (*c, m.as_slice())).eq(expected));
            }
        }
    }

    proptest! {
        #[test]
        fn bytes_of_a_hostile_server_do_no_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            flag in 0_u8..3,
            length in 0_u32..300,
            cut in any::<proptest::sample::Index>(),
        ) {
            let prefix = [&[flag][..], &length.to_be_bytes()].concat();
            let wire = [prefix, bytes].concat();
            let at = cut.index(wire.len());
            let (mut whole, mut sink) = (Decoder::default(), Messages::default());
            let outcome = whole.feed(&wire, 250, &mut sink);
            let (mut parts, mut other) = (Decoder::default(), Messages::default());
            let first = parts.feed(&wire[..at], 250, &mut other);
            let both = first.and_then(|()| parts.feed(&wire[at..], 250, &mut other));
            prop_assert_eq!(outcome, both);
            prop_assert_eq!(sink.all, other.all);
        }
    }

    #[test]
    fn what_is_too_long_or_no_message_is_refused_before_it_is_read() {
        let feed = |bytes: &[u8]| Decoder::default().feed(bytes, 10, &mut Messages::default());
        assert_eq!(feed(b"\0\0\0\0\x0a"), Ok(()));
        assert_eq!(
            feed(b"\0\xff\0\0\0"),
            Err(DecodeError::TooLarge { length: 0xff00_0000, limit: 10 })
        );
        assert_eq!(feed(b"<html>"), Err(DecodeError::Flag(b'<')));
        let mut decoder = Decoder::default();
        decoder.feed(b"\0\0\0\0\x02a", 10, &mut Messages::default()).expect("right so far");
        assert!(!decoder.is_between());
    }
}
