//! Load in blocks of time: what comparisons draw from, so that noise between blocks counts and not
//! only noise within them.

use std::time::Duration;

use super::histogram::{Digits, Histogram};
use super::load::{LoadWindow, SeriesId, Tally};

/// Blocks kept at most: where there are more, each becomes twice as long.
const BLOCKS_MAX: usize = 48;

/// Series that have blocks of their own at most; of a load with more, the whole alone is kept. So
/// many at so many blocks are some 50 MB at worst.
const SERIES_MAX: usize = 100;

/// The load's blocks in order, warm-up left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// Length of each: a second, doubled as often as the load was too long for it.
    pub length: Duration,
    /// Where the first begins, since the run's start: all begin on this grid.
    pub origin: Duration,
    /// Those in which something was measured.
    pub list: Vec<Block>,
}

/// Everything over one block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Start, since the run's start.
    pub from: Duration,
    /// End, since the run's start.
    pub to: Duration,
    /// All series together.
    pub whole: BlockTally,
    /// Series that saw traffic; none where there are too many.
    pub series: Vec<(SeriesId, BlockTally)>,
}

/// What is counted in a block. Mergeable.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockTally {
    /// Responses and failures together.
    pub requests: u64,
    /// Of these: no response, or a status that does not count as success.
    pub failed: u64,
    /// `http_req_latency`.
    pub latency: Histogram,
    /// `http_req_duration`.
    pub duration: Histogram,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { length: Duration::from_secs(1), origin: Duration::ZERO, list: Vec::new() }
    }
}

impl Default for BlockTally {
    fn default() -> Self {
        Self {
            requests: 0,
            failed: 0,
            latency: Histogram::new(Digits::Two),
            duration: Histogram::new(Digits::Two),
        }
    }
}

impl BlockTally {
    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.latency.merge(&other.latency);
        self.duration.merge(&other.duration);
    }

    fn add(&mut self, tally: &Tally) {
        self.requests += tally.requests;
        self.failed += tally.failed;
        self.latency.merge(&tally.latency);
        self.duration.merge(&tally.duration);
    }
}

impl Block {
    /// One in which nothing was measured.
    pub fn empty(from: Duration, to: Duration) -> Self {
        Self { from, to, whole: BlockTally::default(), series: Vec::new() }
    }

    /// What was counted of a series.
    pub fn of(&self, series: SeriesId) -> Option<&BlockTally> {
        self.series.iter().find(|(id, _)| *id == series).map(|(_, tally)| tally)
    }

    fn tally(&mut self, series: SeriesId) -> &mut BlockTally {
        let place = match self.series.binary_search_by_key(&series, |(id, _)| *id) {
            Ok(place) => place,
            Err(place) => {
                self.series.insert(place, (series, BlockTally::default()));
                place
            }
        };
        &mut self.series[place].1
    }

    /// Adds what another block counted, whose time it takes in.
    pub fn merge(&mut self, other: &Self) {
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        self.whole.merge(&other.whole);
        for (series, tally) in &other.series {
            self.tally(*series).merge(tally);
        }
    }
}

impl Blocks {
    /// Adds an interval of a load of so many series.
    pub fn add(&mut self, window: &LoadWindow, series: usize) {
        let mut block = Block::empty(window.from, window.to);
        for one in &window.series {
            block.whole.add(&one.tally);
            if series <= SERIES_MAX {
                block.tally(one.series).add(&one.tally);
            }
        }
        if self.list.is_empty() {
            self.origin = window.from;
        }
        self.put(block);
    }

    /// Puts a block into its place on the grid, beside what is there.
    pub fn put(&mut self, block: Block) {
        let index = self.index_of(&block);
        let place = self.list.partition_point(|known| self.index_of(known) < index);
        if self.list.get(place).is_some_and(|known| self.index_of(known) == index) {
            self.list[place].merge(&block);
        } else {
            self.list.insert(place, block);
        }
        if self.list.len() > BLOCKS_MAX {
            self.lengthen(self.length * 2);
        }
    }

    /// Makes blocks of `length`, a multiple of what they have.
    pub fn lengthen(&mut self, length: Duration) {
        self.length = length;
        for block in std::mem::take(&mut self.list) {
            self.put(block);
        }
    }

    /// By the middle: an interval may begin a little early or end a little late.
    fn index_of(&self, block: &Block) -> u128 {
        let middle = (block.from + block.to) / 2;
        middle.saturating_sub(self.origin).as_nanos() / self.length.as_nanos().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::generator::GeneratorWindow;
    use super::super::load::SeriesWindow;
    use super::*;

    fn window(second: u64, series: u32, values: &[u64]) -> LoadWindow {
        let mut tally = Tally::new(Digits::Two);
        for value in values {
            tally.requests += 1;
            tally.latency.record_us(*value);
            tally.duration.record_us(*value);
        }
        LoadWindow {
            // As a loop that is a little late has it.
            from: Duration::from_millis(second * 1000 + 7),
            to: Duration::from_millis(second * 1000 + 1011),
            warmup: false,
            series: vec![SeriesWindow { series: SeriesId(series), tally }],
            scenarios: Vec::new(),
            generator: GeneratorWindow::default(),
        }
    }

    #[test]
    fn a_long_load_has_longer_blocks_and_nothing_is_lost() {
        let mut blocks = Blocks::default();
        for second in 0..1000 {
            blocks.add(&window(second, u32::from(second % 2 == 1), &[second + 1, 5]), 2);
        }
        assert_eq!(blocks.length, Duration::from_secs(32));
        assert_eq!(blocks.list.len(), 32);
        let mut sum = BlockTally::default();
        let mut odd = BlockTally::default();
        for block in &blocks.list {
            sum.merge(&block.whole);
            odd.merge(block.of(SeriesId(1)).expect("it saw traffic"));
        }
        assert_eq!((sum.requests, odd.requests), (2000, 1000));
        assert_eq!(sum.latency.len(), 2000);
        assert_eq!(sum.latency.max(), Some(Duration::from_micros(1000)));
        let whole: Vec<u64> = blocks.list.iter().map(|block| block.whole.requests).collect();
        assert!(whole[..31].iter().all(|requests| *requests == 64), "{whole:?}");
    }

    #[test]
    fn of_very_many_series_the_whole_is_kept() {
        let mut blocks = Blocks::default();
        blocks.add(&window(0, 3, &[1]), SERIES_MAX + 1);
        assert_eq!(blocks.list[0].whole.requests, 1);
        assert!(blocks.list[0].series.is_empty());
    }
}
