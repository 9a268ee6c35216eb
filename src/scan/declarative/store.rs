//! Keeps what was sent and received, a file for each exchange, where the user asks for it.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::model::Exchange;

/// More are not kept.
const MAX_FILES: u64 = 200_000;

/// A folder for exchanges, one below it for each host.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    count: AtomicU64,
}

impl Store {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.join("http"), count: AtomicU64::new(0) }
    }

    /// Writes an exchange: its URL, the request as it went out (`bytes`, where it is not what ours would
    /// be encoded as), and the response or why there was none.
    pub(super) fn keep(&self, exchange: &Exchange, bytes: Option<&[u8]>) -> io::Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if number > MAX_FILES {
            return Err(io::Error::other("too many"));
        }
        let origin = &exchange.request.origin;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let host: String = origin.host.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let folder = self.folder.join(format!("{host}_{}", origin.port));
        std::fs::create_dir_all(&folder)?;
        let mut text = format!("{}\n\n", exchange.request.url()).into_bytes();
        match bytes {
            Some(bytes) => text.extend_from_slice(bytes),
            None => text.extend_from_slice(&exchange.request.to_wire()),
        }
        text.extend_from_slice(b"\n\n");
        match &exchange.outcome {
            Ok(response) => text.extend_from_slice(&response.to_wire()),
            Err(failure) => text.extend_from_slice(failure.to_string().as_bytes()),
        }
        std::fs::write(folder.join(format!("{number:06}.txt")), text)
    }
}
