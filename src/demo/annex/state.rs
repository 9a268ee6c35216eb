//! What the annex remembers.

use serde::Serialize;

use super::cache::PageCache;
use super::kept::Kept;
use super::reset::Reset;
use super::settings::Settings;

/// Everything the annex keeps, all of it bounded.
#[derive(Debug)]
pub(in crate::demo) struct Annex {
    pub(super) mails: Kept<Mail>,
    pub(super) guestbook: Kept<String>,
    pub(super) gallery: Kept<String>,
    pub(super) shared: Kept<SharedList>,
    pub(super) remembered: Kept<(String, String)>,
    pub(super) resets: Kept<Reset>,
    pub(super) withdrawn: Kept<u64>,
    pub(super) put: Kept<(String, String)>,
    pub(super) cache: PageCache,
    pub(super) settings: Settings,
}

/// A mail that the shop would have sent.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mail {
    /// Session of whoever had it sent.
    #[serde(skip)]
    pub(super) sender: String,
    /// Head and text as they would go over the wire.
    pub(super) source: String,
}

/// A wish list that has an address of its own.
#[derive(Debug, Clone)]
pub(super) struct SharedList {
    pub(super) token: String,
    pub(super) note: String,
}

impl Annex {
    /// Nobody has been here yet.
    pub(in crate::demo) fn new() -> Self {
        Self {
            mails: Kept::new(200),
            guestbook: Kept::new(20),
            gallery: Kept::new(20),
            shared: Kept::new(200),
            remembered: Kept::new(200),
            resets: Kept::new(200),
            withdrawn: Kept::new(100),
            put: Kept::new(20),
            cache: PageCache::default(),
            settings: Settings::default(),
        }
    }
}
