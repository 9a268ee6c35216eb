//! Rows by their number.

use std::io;

use super::feeder::{Feeder, Stamp, read_at};
use super::index::MAX_BLOCK;
use super::split::{Split, Splitter};
use crate::flow::Variable;

/// Files up to that length stay in memory.
const MAX_KEPT: u64 = 2 << 20;

/// Why a row cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Somebody has written to it since the plan was read.
    #[error("has changed since the run began")]
    Changed,
}

/// A feeder's rows, read a block at a time. Each thread has its own.
pub struct Rows<'f> {
    feeder: &'f Feeder,
    splitter: Splitter,
    /// By the block's number, or all at the first place where there are too many.
    blocks: Vec<Option<Block>>,
    value: Vec<u8>,
}

struct Block {
    number: usize,
    bytes: Vec<u8>,
    /// Where its rows begin, as far as they were looked for, and where the next one does.
    starts: Vec<u32>,
}

impl<'f> Rows<'f> {
    /// Nothing is read yet.
    pub fn new(feeder: &'f Feeder) -> Self {
        let count = feeder.index.blocks.len();
        let kept = if feeder.index.end <= MAX_KEPT { count } else { 1 };
        Self {
            feeder,
            splitter: Splitter::new(feeder.format),
            blocks: (0..kept).map(|_| None).collect(),
            value: Vec::new(),
        }
    }

    /// Gives each column's value in row `number`, from 0, to `give`.
    ///
    /// # Errors
    /// A file that cannot be read, or is not the one any more that the plan has looked at.
    pub fn read(
        &mut self,
        number: u64,
        mut give: impl FnMut(Variable, &[u8]),
    ) -> Result<(), RowError> {
        let feeder = self.feeder;
        let blocks = &feeder.index.blocks;
        let index = blocks.partition_point(|(first, _)| *first <= number) - 1;
        let slot = if self.blocks.len() == 1 { 0 } else { index };
        let kept = &mut self.blocks[slot];
        if kept.as_ref().is_none_or(|block| block.number != index) {
            let bytes = kept.take().map(|block| block.bytes).unwrap_or_default();
            *kept = Some(Block::read(feeder, index, bytes)?);
        }
        let block = kept.as_mut().expect("read above");
        let within = usize::try_from(number - blocks[index].0).map_err(|_| RowError::Changed)?;
        while block.starts.len() <= within {
            let from = block.starts[block.starts.len() - 1] as usize;
            let Ok(Split::Row { next, .. }) = self.splitter.split(&block.bytes[from..], true)
            else {
                return Err(RowError::Changed);
            };
            block.starts.push(u32::try_from(from + next).map_err(|_| RowError::Changed)?);
        }
        let data = &block.bytes[block.starts[within] as usize..];
        let Ok(Split::Row { start, end, .. }) = self.splitter.split(data, true) else {
            return Err(RowError::Changed);
        };
        for (variable, column) in &feeder.columns {
            self.value.clear();
            if !column.write(&data[start..end], &self.splitter, &mut self.value) {
                return Err(RowError::Changed);
            }
            give(*variable, &self.value);
        }
        Ok(())
    }
}

impl Block {
    fn read(feeder: &Feeder, number: usize, mut bytes: Vec<u8>) -> Result<Self, RowError> {
        if Stamp::of(&feeder.file)? != feeder.stamp {
            return Err(RowError::Changed);
        }
        let blocks = &feeder.index.blocks;
        let start = blocks[number].1;
        let end = blocks.get(number + 1).map_or(feeder.index.end, |(_, offset)| *offset);
        if end - start > MAX_BLOCK {
            return Err(RowError::Changed);
        }
        let length = usize::try_from(end - start).map_err(|_| RowError::Changed)?;
        bytes.resize(length, 0);
        if read_at(&feeder.file, &mut bytes, start)? < length {
            return Err(RowError::Changed);
        }
        Ok(Self { number, bytes, starts: vec![0] })
    }
}
