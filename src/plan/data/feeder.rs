//! A feeder: which file, how its rows are written, which of them iterations get.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::split::{Column, Format};
use crate::flow::Values;
use crate::flow::Variable;

/// Data of a plan.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// By index.
    pub feeders: Vec<Feeder>,
    /// By the plan's index of a flow: what its iterations are fed with; may be shorter than there
    /// are flows.
    pub of_flow: Vec<Vec<usize>>,
    /// The first row of each, for whoever sends a request once.
    pub first: Values,
}

impl Data {
    /// Values of the first row of each file, by variable.
    pub fn first_rows(&self) -> impl Iterator<Item = (Variable, Vec<u8>)> {
        let variables = self.feeders.iter().flat_map(|feeder| &feeder.columns);
        variables.filter_map(|(variable, _)| Some((*variable, self.first.get(*variable)?.to_vec())))
    }
}

/// Rows of a file, of which an iteration gets one.
#[derive(Debug, Clone)]
pub struct Feeder {
    /// The plan's name for it.
    pub name: String,
    /// Which row an iteration gets.
    pub mode: Mode,
    /// What comes after the last one.
    pub on_end: OnEnd,
    /// How many rows there are; at least one.
    pub rows: u64,
    pub(super) format: Format,
    /// What is read of a row, and what gets it.
    pub(super) columns: Vec<(Variable, Column)>,
    pub(super) file: Arc<File>,
    pub(super) stamp: Stamp,
    pub(super) index: Arc<Index>,
}

/// Which row an iteration gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The next one of all users, in the file's order.
    Sequential,
    /// The same, over and over again.
    Circular,
    /// Any, by chance.
    Random,
    /// One that no other iteration of the run has had.
    Unique,
}

impl Mode {
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("sequential", Self::Sequential),
        ("circular", Self::Circular),
        ("random", Self::Random),
        ("unique", Self::Unique),
    ];

    /// What comes after the last row where the plan does not say.
    pub(super) fn usual_end(self) -> OnEnd {
        match self {
            Self::Unique => OnEnd::Stop,
            Self::Sequential | Self::Circular | Self::Random => OnEnd::Recycle,
        }
    }

    pub(super) fn has_end(self) -> bool {
        matches!(self, Self::Sequential | Self::Unique)
    }
}

/// What comes after the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnEnd {
    /// The first one again.
    Recycle,
    /// No iteration any more.
    Stop,
}

/// Where rows begin: the first of each block, and behind the last.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Number and offset.
    pub(super) blocks: Vec<(u64, u64)>,
    pub(super) end: u64,
}

/// By which it is known that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { length: metadata.len(), modified: metadata.modified().ok() })
    }
}

/// Fills `buffer` with what stands at `offset`, as far as there is something; how much that was.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let at = offset + filled as u64;
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, &mut buffer[filled..], at);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, &mut buffer[filled..], at);
        match read {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
