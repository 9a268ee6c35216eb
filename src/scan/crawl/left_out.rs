//! What a bounded crawl did not look at: counted, and said in the end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::inert;

/// Kinds that are named one by one.
const MAX_NAMED: usize = 5;

/// Keys kept of what lies too deep.
const MAX_DEEPER: usize = 10_000;

/// Counts of what was left out, by reason.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// Keys of what lies beyond the depth, up to [`MAX_DEEPER`].
    pub(crate) deeper: BTreeSet<String>,
    /// Still waiting when the number of URLs was used up.
    pub(crate) waiting: u64,
    /// More of the same kind, by path shape.
    pub(crate) same_kind: BTreeMap<String, u64>,
    /// The queue was full.
    pub(crate) full: u64,
    /// On another origin or excluded.
    pub(crate) out_of_scope: u64,
    /// Redirects in a row.
    pub(crate) redirects: u64,
    /// Pages of which the end was not read.
    pub(crate) unread: u64,
    /// Fetches that came to nothing because of a fault of ours.
    pub(crate) faults: Vec<String>,
}

impl LeftOut {
    /// Remembers something that lies too deep.
    pub(crate) fn too_deep(&mut self, key: String) {
        if self.deeper.len() < MAX_DEEPER {
            self.deeper.insert(key);
        }
    }

    /// Whether the crawl saw everything it knew of. More of the same kind is a choice, not a gap.
    pub(crate) fn is_complete(&self) -> bool {
        self.deeper.is_empty() && self.waiting == 0 && self.full == 0 && self.faults.is_empty()
    }

    /// One sentence per reason that applies.
    pub(crate) fn notices(&self, depth: u32, max_urls: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut say = |level, text: String| notices.push(Notice { level, text });
        if self.waiting > 0 {
            say(
                NoticeLevel::Warning,
                format!(
                    "crawl: stopped after {max_urls} URLs, {} were still waiting; raise \
                     crawl.max_urls to see them",
                    self.waiting
                ),
            );
        }
        if !self.deeper.is_empty() {
            say(
                NoticeLevel::Warning,
                format!(
                    "crawl: {} links lead deeper than {depth} from the start and were not \
                     followed; raise crawl.depth to see them",
                    self.deeper.len()
                ),
            );
        }
        if self.full > 0 {
            say(
                NoticeLevel::Warning,
                format!("crawl: {} links were dropped because the queue was full", self.full),
            );
        }
        if self.unread > 0 {
            say(
                NoticeLevel::Warning,
                format!("crawl: the end of {} large pages was not read", self.unread),
            );
        }
        if self.redirects > 0 {
            say(
                NoticeLevel::Warning,
                format!("crawl: {} redirect chains did not end and were given up", self.redirects),
            );
        }
        if !self.same_kind.is_empty() {
            say(NoticeLevel::Info, self.same_kind_text());
        }
        if self.out_of_scope > 0 {
            say(NoticeLevel::Info, format!("crawl: {} links lead out of scope", self.out_of_scope));
        }
        for fault in &self.faults {
            say(NoticeLevel::Error, format!("crawl: a fetch failed by a fault of ours: {fault}"));
        }
        notices
    }

    fn same_kind_text(&self) -> String {
        let mut kinds: Vec<_> = self.same_kind.iter().collect();
        kinds.sort_by_key(|(shape, count)| (std::cmp::Reverse(**count), (*shape).clone()));
        let named: Vec<String> = kinds
            .iter()
            .take(MAX_NAMED)
            .map(|(shape, count)| format!("{count} of {}", inert(shape, 80)))
            .collect();
        let total: u64 = self.same_kind.values().sum();
        let more = if kinds.len() > MAX_NAMED { ", …" } else { "" };
        format!(
            "crawl: {total} URLs were left out because enough of their kind had been seen: {}{more}",
            named.join(", ")
        )
    }
}
