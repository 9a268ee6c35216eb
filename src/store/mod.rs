//! Past runs in one file: SQLite with a write-ahead log.
//!
//! A run goes in whole, in one transaction, once it is over: what was committed outlives `kill -9`
//! and a crash of the machine, and several processes may write at once. The report is kept as the
//! bytes that `format` made of it, compressed; what lists and filters need stands beside it in
//! columns. A file that is not ours, is damaged, or belongs to a newer version is refused with the
//! cure, and never changed.
//!
//! What a crawl goes on from is no part of this: that is the crawler's own file (`--resume`). Where
//! the file is, and whether there is one, is for `cli` to say.

mod error;
mod file;
mod filter;
mod history;
mod names;
mod packed;
mod reference;

pub use error::HistoryError;
pub use filter::RunFilter;
pub use history::History;
pub use reference::RunRef;
