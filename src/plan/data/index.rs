//! The one pass over a file before anything is sent: is every row one, and where do they stand?

use std::fs::File;
use std::io;

use super::feeder::{Index, Mode, read_at};
use super::split::{Column, Fault, Format, MAX_ROW, Split, Splitter};

/// Rows and bytes of a block: what is read to come to one row.
const BLOCK_ROWS: u64 = 1024;
const BLOCK_BYTES: u64 = 64 << 10;

/// Where rows are drawn, most of a block is read in vain: as small ones as an index of a million has
/// room for.
const SMALLEST_BLOCK: u64 = 4 << 10;
const MOST_BLOCKS: u64 = 1 << 20;

/// How long a block is to be of a file of that length.
pub(super) fn block_bytes(mode: Mode, length: u64) -> u64 {
    match mode {
        Mode::Random => (length / MOST_BLOCKS).clamp(SMALLEST_BLOCK, BLOCK_BYTES),
        Mode::Sequential | Mode::Circular | Mode::Unique => BLOCK_BYTES,
    }
}

/// Read at once.
const CHUNK: usize = 1 << 20;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum IndexError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is empty")]
    Empty,
    #[error("has no row behind the line that names the columns")]
    NoRows,
    #[error("has no rows")]
    NoElements,
    #[error("{what} {number} {fault}")]
    Row { what: &'static str, number: u64, fault: Fault },
    #[error("{what} {number} is not UTF-8")]
    Text { what: &'static str, number: u64 },
    #[error("{what} {number} is no JSON object: {cause}")]
    Json { what: &'static str, number: u64, cause: String },
    #[error("{what} {number} has {found} values, and {expected} columns are named")]
    Ragged { what: &'static str, number: u64, found: usize, expected: usize },
    #[error("{what} {number} has no `{column}`")]
    Missing { what: &'static str, number: u64, column: String },
}

/// Walks over a file, row by row, a chunk of it in memory.
pub(super) struct Walk<'f> {
    file: &'f File,
    splitter: Splitter,
    buffer: Vec<u8>,
    filled: usize,
    at: usize,
    /// Of the buffer's first byte.
    offset: u64,
    is_end: bool,
    /// Of the row before: where it stands in the buffer.
    row: (usize, usize),
    /// Line on which the row before begins, and the one on which the next may.
    line: u64,
    next_line: u64,
    /// Rows so far.
    pub(super) count: u64,
    format: Format,
}

impl<'f> Walk<'f> {
    pub(super) fn new(file: &'f File, format: Format) -> Self {
        Self {
            file,
            splitter: Splitter::new(format),
            buffer: vec![0; CHUNK],
            filled: 0,
            at: 0,
            offset: 0,
            is_end: false,
            row: (0, 0),
            line: 1,
            next_line: 1,
            count: 0,
            format,
        }
    }

    /// Goes to the next row; its offset in the file, or `None` behind the last.
    pub(super) fn step(&mut self) -> Result<Option<u64>, IndexError> {
        loop {
            let data = &self.buffer[self.at..self.filled];
            let split = self.splitter.split(data, self.is_end);
            match split {
                Ok(Split::Row { start, end, next }) => {
                    let before = lines(&data[..start]);
                    // Blank lines of a CSV stand before the row that it gives.
                    let blank = match self.format {
                        Format::Csv { .. } => {
                            let text = data[..end].iter().take_while(|b| b"\r\n".contains(b));
                            text.filter(|byte| **byte == b'\n').count() as u64
                        }
                        Format::JsonLines | Format::Json => before,
                    };
                    self.line = self.next_line + blank;
                    self.next_line += lines(&data[..next]);
                    let offset = self.offset + self.at as u64;
                    self.row = (self.at + start, self.at + end);
                    self.at += next;
                    self.count += 1;
                    return Ok(Some(offset));
                }
                Ok(Split::End) => return Ok(None),
                Ok(Split::More) if self.is_end => return Ok(None),
                Ok(Split::More) => self.fill()?,
                Err(fault) => {
                    self.count += 1;
                    self.line = self.next_line;
                    let (what, number) = self.place();
                    return Err(IndexError::Row { what, number, fault });
                }
            }
        }
    }

    fn fill(&mut self) -> Result<(), IndexError> {
        self.buffer.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.offset += self.at as u64;
        self.at = 0;
        let from = self.offset + self.filled as u64;
        let read = read_at(self.file, &mut self.buffer[self.filled..], from)?;
        self.is_end = self.filled + read < self.buffer.len();
        self.filled += read;
        if self.offset == 0
            && self.at == 0
            && self.buffer[..self.filled].starts_with(b"\xef\xbb\xbf")
        {
            // Of CSV it is a part for which the parser looks itself.
            if !matches!(self.format, Format::Csv { .. }) {
                self.at = 3;
            }
        }
        Ok(())
    }

    /// The row's text.
    pub(super) fn row(&self) -> &[u8] {
        &self.buffer[self.row.0..self.row.1]
    }

    pub(super) fn splitter(&self) -> &Splitter {
        &self.splitter
    }

    /// Where the next row is looked for.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// Where the row is, as people look for it.
    fn place(&self) -> (&'static str, u64) {
        match self.format {
            Format::Csv { .. } | Format::JsonLines => ("line", self.line),
            Format::Json => ("element", self.count),
        }
    }

    fn fault_of_row(&self, expected: usize) -> Result<(), IndexError> {
        let (what, number) = self.place();
        if std::str::from_utf8(self.row()).is_err() {
            return Err(IndexError::Text { what, number });
        }
        match self.format {
            Format::Csv { .. } => {
                let found = self.splitter.columns();
                if found != expected {
                    return Err(IndexError::Ragged { what, number, found, expected });
                }
            }
            Format::JsonLines | Format::Json => {
                let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(self.row());
                let is_object = self.row().trim_ascii_start().starts_with(b"{");
                let cause = match parsed {
                    Ok(_) if is_object => return Ok(()),
                    Ok(_) => "it is another value".to_owned(),
                    Err(error) => error.to_string(),
                };
                return Err(IndexError::Json { what, number, cause });
            }
        }
        Ok(())
    }
}

fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// Goes over the whole file: number of rows, and where they stand. Every row has `columns`, each
/// with the name that messages call it. A block is as long as `block` bytes or a row longer.
pub(super) fn index(
    file: &File,
    format: Format,
    columns: &[(String, Column)],
    block: u64,
) -> Result<(u64, Index), IndexError> {
    let mut walk = Walk::new(file, format);
    let mut expected = 0;
    if matches!(format, Format::Csv { .. }) {
        if walk.step()?.is_none() {
            return Err(IndexError::Empty);
        }
        expected = walk.splitter().columns();
        walk.count = 0;
    }
    let mut index = Index { blocks: Vec::new(), end: 0 };
    let mut scratch = Vec::new();
    while let Some(offset) = walk.step()? {
        walk.fault_of_row(expected)?;
        for (name, column) in columns {
            scratch.clear();
            if !column.write(walk.row(), walk.splitter(), &mut scratch) {
                let (what, number) = walk.place();
                return Err(IndexError::Missing { what, number, column: name.clone() });
            }
        }
        let number = walk.count - 1;
        let is_full = index
            .blocks
            .last()
            .is_none_or(|(first, start)| number - first >= BLOCK_ROWS || offset - start >= block);
        if is_full {
            index.blocks.push((number, offset));
        }
        index.end = walk.offset();
    }
    if walk.count == 0 {
        return Err(match format {
            Format::Csv { .. } => IndexError::NoRows,
            Format::JsonLines | Format::Json => IndexError::NoElements,
        });
    }
    Ok((walk.count, index))
}

/// A block is at most so long: its bytes, and the row that goes beyond.
pub(super) const MAX_BLOCK: u64 = BLOCK_BYTES + 2 * MAX_ROW as u64 + 4096;
