//! What a bounded crawl did not look at: counted, and said in the end.

use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::model::LeftAlone;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::OperationSource;
use crate::model::Request;
use crate::model::SkipReason;
use crate::model::inert;
use crate::scan::careful::ASKS_PASSWORD;
use crate::scan::door::sets_password;
use crate::scan::templates::PathId;
use crate::scan::templates::Templates;
use crate::scan::traffic::Traffic;

/// Kinds that are named one by one.
const MAX_NAMED: usize = 5;

/// Keys kept of what lies too deep.
const MAX_DEEPER: usize = 10_000;

/// Why a described request is left alone that could end the login of whoever looks at the site, or
/// takes away what there is to look at: nobody has written it for this scan, and the values in it are
/// made up.
pub(super) fn harm(
    source: OperationSource,
    request: &Request,
    traffic: &Traffic,
) -> Option<LeftAlone> {
    if source != OperationSource::Spec {
        return None;
    }
    let reason = if request.method.as_str() == "DELETE" {
        "looks as if it deletes something (its method)"
    } else if traffic.is_somebody() && sets_password(request) {
        ASKS_PASSWORD
    } else {
        return None;
    };
    Some(LeftAlone::new(SkipReason::Harmful, reason.to_owned()))
}

/// Counts of what was left out, by reason.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// Keys of what lies beyond the depth, up to [`MAX_DEEPER`].
    pub(crate) deeper: HashSet<u64>,
    /// Still waiting when the number of URLs was used up.
    pub(crate) waiting: u64,
    /// The budget that was used up.
    pub(crate) spent: Option<SkipReason>,
    /// More of the same kind, by path.
    pub(crate) same_kind: BTreeMap<PathId, u64>,
    /// Pages whose content stood elsewhere, so that their links were not followed.
    pub(crate) same_content: u64,
    /// Nodes and URLs that the site model has no room for.
    pub(crate) nodes: u64,
    pub(crate) urls: u64,
    /// Guesses that were not asked for, so that few requests lead nowhere.
    pub(crate) guesses: u64,
    /// The queue was full.
    pub(crate) full: u64,
    /// On another origin or excluded.
    pub(crate) out_of_scope: u64,
    /// What was not asked for, by the reason.
    left_alone: BTreeMap<SkipReason, u64>,
    /// Fetches without an answer.
    pub(crate) failed: u64,
    /// Redirects in a row.
    pub(crate) redirects: u64,
    /// Pages of which the end was not read.
    pub(crate) unread: u64,
    /// Fetches that came to nothing because of a fault of ours.
    pub(crate) faults: Vec<String>,
}

impl LeftOut {
    /// Remembers something that lies too deep; whether it is new.
    pub(crate) fn too_deep(&mut self, key: u64) -> bool {
        self.deeper.len() < MAX_DEEPER && self.deeper.insert(key)
    }

    /// Counts what was left alone.
    pub(crate) fn left_alone(&mut self, why: SkipReason) {
        *self.left_alone.entry(why).or_insert(0) += 1;
    }

    /// Counts what was left out because enough of its kind was seen.
    pub(crate) fn same_kind(&mut self, path: PathId, count: u64) {
        *self.same_kind.entry(path).or_insert(0) += count;
    }

    /// Whether the crawl saw everything it knew of. More of the same kind is a choice, not a gap.
    pub(crate) fn is_complete(&self) -> bool {
        self.deeper.is_empty()
            && self.waiting == 0
            && self.full == 0
            && self.nodes == 0
            && self.faults.is_empty()
    }

    /// How much was left out, by reason; none is zero.
    pub(crate) fn counts(&self) -> Vec<(SkipReason, u64)> {
        let counts = [
            (SkipReason::Scope, self.out_of_scope),
            (SkipReason::Depth, self.deeper.len() as u64),
            (self.spent.unwrap_or(SkipReason::Stopped), self.waiting),
            (SkipReason::SameKind, self.same_kind.values().sum::<u64>()),
            (SkipReason::Queue, self.full + self.nodes),
            (SkipReason::Redirects, self.redirects),
            (SkipReason::Guess, self.guesses),
            (SkipReason::Error, self.faults.len() as u64 + self.failed),
        ];
        let left_alone = self.left_alone.iter().map(|(reason, count)| (*reason, *count));
        counts.into_iter().chain(left_alone).filter(|(_, count)| *count > 0).collect()
    }

    /// One sentence per reason that applies.
    pub(crate) fn notices(&self, depth: u32, max_urls: u64, templates: &Templates) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut say = |level, text: String| notices.push(Notice { level, text });
        if self.waiting > 0 {
            say(NoticeLevel::Warning, self.spent_text(max_urls));
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
            say(NoticeLevel::Info, self.same_kind_text(templates));
        }
        if self.same_content > 0 {
            say(
                NoticeLevel::Info,
                format!(
                    "crawl: {} pages had the content of another URL; their links were followed there",
                    self.same_content
                ),
            );
        }
        if self.nodes + self.urls > 0 {
            say(
                NoticeLevel::Warning,
                format!(
                    "crawl: the site model has no room for {} operations and {} URLs more",
                    self.nodes, self.urls
                ),
            );
        }
        if self.guesses > 0 {
            say(
                NoticeLevel::Info,
                format!(
                    "crawl: {} guesses (texts that look like addresses, paths that many sites \
                     have) were not asked for, so that few requests lead nowhere",
                    self.guesses
                ),
            );
        }
        if self.out_of_scope > 0 {
            say(NoticeLevel::Info, format!("crawl: {} links lead out of scope", self.out_of_scope));
        }
        for fault in &self.faults {
            say(NoticeLevel::Error, format!("crawl: a fetch failed by a fault of ours: {fault}"));
        }
        notices
    }

    fn spent_text(&self, max_urls: u64) -> String {
        let (after, key) = match self.spent {
            Some(SkipReason::Urls) => (format!("{max_urls} URLs"), "max_urls"),
            Some(SkipReason::Time) => ("its time was up".to_owned(), "max_time"),
            Some(SkipReason::Bytes) => ("its bytes were used up".to_owned(), "max_bytes"),
            _ => return format!("crawl: stopped, {} URLs were still waiting", self.waiting),
        };
        format!(
            "crawl: stopped after {after}, {} were still waiting; raise crawl.{key} to see them",
            self.waiting
        )
    }

    fn same_kind_text(&self, templates: &Templates) -> String {
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        for (path, count) in &self.same_kind {
            *kinds.entry(templates.text(*path)).or_insert(0) += count;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
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
