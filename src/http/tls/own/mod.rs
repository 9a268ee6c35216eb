//! Handshakes of our own, as far as a server answers them without keys: which versions and suites it takes,
//! and what it shows. rustls knows no broken version and no broken suite; whoever asks for those cannot use
//! it, and nothing that is agreed on here is ever used.
//!
//! Bytes go out and come in; sockets are for others.

mod offer;
mod reply;
mod suite;

pub use offer::Offer;
pub use offer::Version;
pub use reply::Refusal;
pub use reply::Reply;
pub use reply::ReplyReader;
pub use suite::Weakness;
pub use suite::suite_name;
pub use suite::suites;
pub use suite::weaknesses;
