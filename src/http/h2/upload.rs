//! A request's body on its way out.

use std::collections::VecDeque;

use bytes::Bytes;

/// What is left of one stream's body; shared, not copied.
#[derive(Debug)]
pub(super) struct Upload {
    /// None of them empty.
    parts: VecDeque<Bytes>,
    /// Whether nothing follows what is here.
    is_all: bool,
}

/// A piece of a body, for one frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Nothing is left for now.
    pub(super) is_rest: bool,
    /// It ends the body.
    pub(super) is_last: bool,
}

impl Upload {
    pub(super) fn new(body: Bytes, is_all: bool) -> Self {
        let mut upload = Self { parts: VecDeque::new(), is_all };
        upload.push(body);
        upload
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.parts.push_back(bytes);
        }
    }

    /// Nothing follows.
    pub(super) fn finish(&mut self) {
        self.is_all = true;
    }

    /// Bytes that have not been taken.
    pub(super) fn unsent(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// The next piece, of `most` bytes at most; `None` while there is nothing to send, or no leave.
    pub(super) fn next(&mut self, most: usize) -> Option<Piece> {
        let Some(part) = self.parts.front_mut() else {
            // That the last byte was the last was not known when it was sent.
            let end = Piece { bytes: Bytes::new(), is_rest: true, is_last: true };
            return self.is_all.then_some(end);
        };
        if most == 0 {
            return None;
        }
        let bytes = part.split_to(most.min(part.len()));
        if part.is_empty() {
            self.parts.pop_front();
        }
        let is_rest = self.parts.is_empty();
        Some(Piece { bytes, is_rest, is_last: is_rest && self.is_all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(bytes: &'static [u8], is_rest: bool, is_last: bool) -> Piece {
        Piece { bytes: Bytes::from_static(bytes), is_rest, is_last }
    }

    #[test]
    fn a_body_that_is_all_there_ends_with_its_last_byte() {
        let mut upload = Upload::new(Bytes::from_static(b"hello"), true);
        assert_eq!(upload.next(0), None);
        assert_eq!(upload.next(3), Some(piece(b"hel", false, false)));
        assert_eq!(upload.unsent(), 2);
        assert_eq!(upload.next(3), Some(piece(b"lo", true, true)));
    }

    #[test]
    fn a_body_that_grows_ends_when_it_is_told_to() {
        let mut upload = Upload::new(Bytes::new(), false);
        assert_eq!(upload.next(9), None);
        upload.push(Bytes::from_static(b"ab"));
        upload.push(Bytes::new());
        upload.push(Bytes::from_static(b"c"));
        assert_eq!(upload.next(9), Some(piece(b"ab", false, false)));
        assert_eq!(upload.next(9), Some(piece(b"c", true, false)));
        assert_eq!(upload.next(9), None);
        upload.finish();
        assert_eq!(upload.next(0), Some(piece(b"", true, true)));
    }
}
