//! Where rows begin and end in a file, whatever its format.

use crate::extract::JsonPath;

/// A longer row is no row: somewhere a quote was not closed, or it is another kind of file.
pub(super) const MAX_ROW: usize = 64 << 10;

/// More columns than any table has.
pub(super) const MAX_COLUMNS: usize = 4096;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// RFC 4180, the first line names the columns.
    Csv {
        /// Between values.
        delimiter: u8,
    },
    /// An object on each line.
    JsonLines,
    /// An array of objects.
    Json,
}

/// What stands at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// A row, within these bytes; the next one is looked for from `next` on.
    Row {
        /// Its first byte.
        start: usize,
        /// Behind its last.
        end: usize,
        /// Behind what separates it from the next.
        next: usize,
    },
    /// It goes on behind the bytes.
    More,
    /// No row any more.
    End,
}

/// What is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// See [`MAX_ROW`].
    #[error("is longer than {} KiB", MAX_ROW >> 10)]
    TooLong,
    /// See [`MAX_COLUMNS`].
    #[error("has more than {MAX_COLUMNS} values")]
    TooWide,
    /// JSON that is something else.
    #[error("is no JSON object")]
    NoObject,
    /// The end is missing.
    #[error("is the last one, and `]` is missing behind it")]
    Open,
}

/// Cuts bytes into rows; keeps the values of the last row of a CSV.
pub(super) struct Splitter {
    format: Format,
    csv: Option<Box<csv_core::Reader>>,
    values: Vec<u8>,
    ends: Vec<usize>,
    columns: usize,
}

impl Splitter {
    pub(super) fn new(format: Format) -> Self {
        let csv = match format {
            Format::Csv { delimiter } => {
                Some(Box::new(csv_core::ReaderBuilder::new().delimiter(delimiter).build()))
            }
            Format::JsonLines | Format::Json => None,
        };
        let is_csv = csv.is_some();
        Self {
            format,
            csv,
            values: vec![0; if is_csv { MAX_ROW } else { 0 }],
            ends: vec![0; if is_csv { MAX_COLUMNS } else { 0 }],
            columns: 0,
        }
    }

    /// The row at the start of `data`; `is_end` says that nothing follows behind it.
    pub(super) fn split(&mut self, data: &[u8], is_end: bool) -> Result<Split, Fault> {
        let split = match self.format {
            Format::Csv { .. } => self.csv(data, is_end)?,
            Format::JsonLines => json_line(data, is_end),
            Format::Json => element(data, is_end)?,
        };
        match split {
            Split::Row { start, end, next } if end - start > MAX_ROW || next > MAX_ROW + 1024 => {
                Err(Fault::TooLong)
            }
            Split::More if data.len() > MAX_ROW + 1024 => Err(Fault::TooLong),
            split => Ok(split),
        }
    }

    fn csv(&mut self, data: &[u8], is_end: bool) -> Result<Split, Fault> {
        use csv_core::ReadRecordResult as Read;
        if data.is_empty() && !is_end {
            // To the parser, nothing is the end.
            return Ok(Split::More);
        }
        let csv = self.csv.as_mut().expect("made for the format");
        csv.reset();
        let (mut at, mut written, mut columns) = (0, 0, 0);
        loop {
            let input = &data[at..];
            let (read, taken, out, ends) =
                csv.read_record(input, &mut self.values[written..], &mut self.ends[columns..]);
            (at, written, columns) = (at + taken, written + out, columns + ends);
            match read {
                Read::InputEmpty if !is_end => return Ok(Split::More),
                // Asked once more without input, it ends what it has begun.
                Read::InputEmpty => {}
                Read::OutputFull => return Err(Fault::TooLong),
                Read::OutputEndsFull => return Err(Fault::TooWide),
                Read::Record => {
                    self.columns = columns;
                    return Ok(Split::Row { start: 0, end: at, next: at });
                }
                Read::End => return Ok(Split::End),
            }
        }
    }

    /// How many values the last row of a CSV had.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// A value of the last row of a CSV.
    pub(super) fn value(&self, column: usize) -> Option<&[u8]> {
        let end = *self.ends[..self.columns].get(column)?;
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        Some(&self.values[start..end])
    }
}

fn json_line(data: &[u8], is_end: bool) -> Split {
    let mut at = 0;
    loop {
        let rest = &data[at..];
        let (end, next) = match memchr::memchr(b'\n', rest) {
            Some(newline) => (at + newline, at + newline + 1),
            None if is_end => (data.len(), data.len()),
            None => return Split::More,
        };
        let line = &data[at..end];
        if !line.trim_ascii().is_empty() {
            return Split::Row { start: at, end, next };
        }
        if next == data.len() {
            return if is_end { Split::End } else { Split::More };
        }
        at = next;
    }
}

/// An object of an array: `[` or `,` and white space may stand before it.
fn element(data: &[u8], is_end: bool) -> Result<Split, Fault> {
    let skipped = data.iter().position(|byte| !byte.is_ascii_whitespace() && !b"[,".contains(byte));
    let Some(start) = skipped else {
        return if is_end { Err(Fault::Open) } else { Ok(Split::More) };
    };
    match data[start] {
        b'{' => {}
        b']' => return Ok(Split::End),
        _ => return Err(Fault::NoObject),
    }
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (index, byte) in data[start..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    let end = start + index + 1;
                    return Ok(Split::Row { start, end, next: end });
                }
            }
            _ => {}
        }
    }
    if is_end { Err(Fault::NoObject) } else { Ok(Split::More) }
}

/// Where a value stands in a row.
#[derive(Debug, Clone)]
pub(super) enum Column {
    /// The place among a CSV's values.
    Place(usize),
    /// In an object.
    Path(JsonPath),
}

impl Column {
    /// Appends the value to `out`; false if the row has none. `row` is the row's text, which
    /// `splitter` has come upon last.
    pub(super) fn write(&self, row: &[u8], splitter: &Splitter, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Place(place) => splitter.value(*place).is_some_and(|value| {
                out.extend_from_slice(value);
                true
            }),
            Self::Path(path) => {
                let found = path.find(row).filter(|found| !found.is_null());
                found.is_some_and(|found| found.write_text(out))
            }
        }
    }
}
