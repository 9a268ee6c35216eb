//! Messages on a pipe: each ends with a zero byte.

/// Kept of a message that is too long: enough to see whose answer it was.
const BEGINNING: usize = 64;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Without its zero byte.
    Whole(Vec<u8>),
    /// It was longer than the limit.
    TooLong {
        /// Its first bytes.
        beginning: Vec<u8>,
    },
}

/// Cuts a stream into messages; any split of the same bytes gives the same messages.
#[derive(Debug)]
pub struct Frames {
    kept: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Frames {
    /// Messages of at most `limit` bytes; never keeps more than that.
    pub fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, is_over: false }
    }

    /// Goes on with the next bytes; what they complete is appended to `frames`.
    pub fn feed(&mut self, mut bytes: &[u8], frames: &mut Vec<Frame>) {
        while let Some(end) = memchr::memchr(0, bytes) {
            self.keep(&bytes[..end]);
            frames.push(self.finish());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if !self.is_over && self.kept.len() + bytes.len() <= self.limit {
            self.kept.extend_from_slice(bytes);
            return;
        }
        self.is_over = true;
        let missing = BEGINNING.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..missing]);
        self.kept.truncate(BEGINNING);
        self.kept.shrink_to_fit();
    }

    fn finish(&mut self) -> Frame {
        let kept = std::mem::take(&mut self.kept);
        if std::mem::take(&mut self.is_over) {
            Frame::TooLong { beginning: kept }
        } else {
            Frame::Whole(kept)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(limit: usize, pieces: &[&[u8]]) -> Vec<Frame> {
        let (mut reader, mut frames) = (Frames::new(limit), Vec::new());
        for piece in pieces {
            reader.feed(piece, &mut frames);
            assert!(reader.kept.len() <= limit.max(BEGINNING));
        }
        frames
    }

    #[test]
    fn a_message_that_is_too_long_leaves_the_next_one_whole() {
        let long = [b"{\"id\":7,".as_slice(), &[b'x'; 500], b"\0{}\0"].concat();
        let frames = cut(100, &[&long]);
        assert_eq!(frames.len(), 2);
        assert!(
            matches!(&frames[0], Frame::TooLong { beginning } if beginning.starts_with(b"{\"id\":7,"))
        );
        assert_eq!(frames[1], Frame::Whole(b"{}".to_vec()));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_messages(
            bytes in proptest::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..600),
            at in 0_usize..600, limit in 1_usize..200,
        ) {
            let at = at.min(bytes.len());
            let (first, second) = bytes.split_at(at);
            prop_assert_eq!(cut(limit, &[&bytes]), cut(limit, &[first, second]));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(cut(limit, &[&bytes]), cut(limit, &single));
        }
    }
}
