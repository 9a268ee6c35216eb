//! Lines of a bounded length from a stream.

use std::io;

use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncRead;
use tokio::io::BufReader;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its line feed.
    Whole(Vec<u8>),
    /// Longer than allowed; what it said is gone.
    TooLong,
    /// Nothing will follow.
    End,
}

/// Reads lines of at most `limit` bytes; of longer ones no more than that is kept.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
    line: Vec<u8>,
    too_long: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader: BufReader::new(reader), limit, line: Vec::new(), too_long: false }
    }

    /// The next line. Cancel safe: what has come so far is kept here.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                let rest = !self.line.is_empty() || self.too_long;
                return Ok(if rest { self.take() } else { Line::End });
            }
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if self.line.len() + part.len() > self.limit {
                self.too_long = true;
            }
            if self.too_long {
                self.line.clear();
            } else {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(self.take());
            }
        }
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) { Line::TooLong } else { Line::Whole(line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_costs_only_itself() {
        let mut lines = Lines::new(&b"abcd\nabcde\n\nlast"[..], 4);
        let mut seen = Vec::new();
        loop {
            let line = lines.next().await.expect("a slice does not fail");
            let over = line == Line::End;
            seen.push(line);
            if over {
                break;
            }
        }
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(seen, [whole("abcd"), Line::TooLong, whole(""), whole("last"), Line::End]);
    }
}
