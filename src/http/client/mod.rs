//! The tokio driver: one exchange at a time for crawl and probes, or several at one instant.

mod connection;
mod dial;
mod driver;
mod options;
mod pool;
mod record;
mod shake;
mod socket;
mod together;

pub use driver::Client;
pub use options::{ClientOptions, ContentDecoding, SendOptions};
