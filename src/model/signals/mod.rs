//! What a response tells of how it came about: where the server spent its time, which backend made
//! it, whether a cache had it and whether one might.
//!
//! Everything is read from the head of one response; nothing is guessed. Vendors write the same
//! things in different words, and these are the words that are known.

mod backend;
mod cache;
mod server_time;

use std::time::Duration;

pub use cache::{CacheState, Storing};

/// What a response told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signals {
    /// Where the server says that its time went, in its order.
    pub server: Vec<ServerTime>,
    /// Who made the response, as the header has it.
    pub backend: Option<String>,
    /// What a cache on the way says.
    pub cache: Option<CacheState>,
    /// Whether a shared cache may keep it.
    pub storing: Storing,
    /// The server ends the connection after it.
    pub closes: bool,
    /// The server says when to come again.
    pub has_retry_after: bool,
}

/// A part of the server's time, as it measured it itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTime {
    /// What the server calls it.
    pub name: String,
    /// How long it took.
    pub took: Duration,
}

impl Signals {
    /// Reads a head. `observed` are headers that the user named: what they hold tells backends apart
    /// where it is nothing else.
    pub fn of<'a>(
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        observed: &[String],
    ) -> Self {
        let mut signals = Self::default();
        let mut cache = cache::Reader::default();
        let mut backend = backend::Reader::new(observed);
        for (name, value) in fields {
            // Nobody who writes such headers writes them in another encoding.
            let Ok(value) = std::str::from_utf8(value) else { continue };
            let name = name.to_ascii_lowercase();
            match name.as_slice() {
                b"connection" => signals.closes |= has_token(value, "close"),
                b"retry-after" => signals.has_retry_after = true,
                _ => {}
            }
            server_time::read(&name, value, &mut signals.server);
            cache.read(&name, value);
            backend.read(&name, value);
        }
        signals.cache = cache.state();
        signals.storing = cache.storing();
        signals.backend = backend.found();
        signals
    }

    /// How long the server says that it took: its total, or else all parts together; `None` where it
    /// says nothing.
    pub fn server_total(&self) -> Option<Duration> {
        server_time::total(&self.server)
    }
}

impl ServerTime {
    /// Whether it is the whole rather than a part.
    pub fn is_whole(&self) -> bool {
        server_time::is_whole(&self.name)
    }
}

fn has_token(list: &str, token: &str) -> bool {
    list.split(',').any(|item| item.trim().eq_ignore_ascii_case(token))
}
