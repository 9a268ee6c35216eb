//! Parts of what is measured that only the answer decides: by status, and whether it was expected.
//!
//! They cannot be series, which are known before a request is sent. Each is counted beside its series,
//! and only where a gate asks for it.

use std::fmt;

use super::histogram::{Digits, Histogram};
use super::metric::TagMatch;
use super::timings::PhaseKind;

/// What a tag says of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AnswerTag {
    /// `status:404`; 0 is no answer, as in k6.
    Status(u16),
    /// `status:2xx`.
    Class(u16),
    /// `expected_response:true`.
    Expected(bool),
}

impl AnswerTag {
    fn parse(tag: &str, value: &str) -> Option<Self> {
        match tag {
            "status" => match value.strip_suffix("xx") {
                Some(class) => {
                    class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class)
                }
                None => value
                    .parse()
                    .ok()
                    .filter(|status| *status == 0 || (100..=599).contains(status))
                    .map(Self::Status),
            },
            "expected_response" => value.parse().ok().map(Self::Expected),
            _ => None,
        }
    }

    fn fits(self, status: u16, expected: bool) -> bool {
        match self {
            Self::Status(own) => own == status,
            Self::Class(class) => class == status / 100,
            Self::Expected(own) => own == expected,
        }
    }
}

impl fmt::Display for AnswerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status:{status}"),
            Self::Class(class) => write!(f, "status:{class}xx"),
            Self::Expected(expected) => write!(f, "expected_response:{expected}"),
        }
    }
}

/// The answers that a selector's tags fit. Its text is the tags in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerFilter(Vec<AnswerTag>);

impl AnswerFilter {
    /// The tags that are about answers.
    pub const TAGS: [&'static str; 2] = ["status", "expected_response"];

    /// What `tags` say of answers; `None` if that is nothing.
    pub fn of(tags: &[TagMatch]) -> Option<Self> {
        let tags = tags.iter().filter_map(|tag| AnswerTag::parse(&tag.tag, &tag.value));
        let mut tags: Vec<_> = tags.collect();
        tags.sort_unstable();
        tags.dedup();
        (!tags.is_empty()).then_some(Self(tags))
    }

    /// Whether such a tag may have that value.
    pub(super) fn allows(tag: &str, value: &str) -> bool {
        AnswerTag::parse(tag, value).is_some()
    }

    /// Whether an answer is one of these; `status` is 0 where none came.
    pub fn fits(&self, status: u16, expected: bool) -> bool {
        self.0.iter().all(|tag| tag.fits(status, expected))
    }
}

impl fmt::Display for AnswerFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, tag) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{tag}")?;
        }
        Ok(())
    }
}

/// Everything counted about the answers that a filter fits. Mergeable.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerTally {
    /// Exchanges.
    pub requests: u64,
    /// Of these: no response, or a status that does not count as success.
    pub failed: u64,
    /// From the intended start.
    pub latency: Histogram,
    /// Send + wait + receive.
    pub duration: Histogram,
    /// In [`PhaseKind::ALL`]'s order.
    pub phases: [Histogram; 7],
}

impl AnswerTally {
    /// An empty tally; latency and duration keep `digits`, phases two.
    pub fn new(digits: Digits) -> Self {
        Self {
            requests: 0,
            failed: 0,
            latency: Histogram::new(digits),
            duration: Histogram::new(digits),
            phases: PhaseKind::ALL.map(|_| Histogram::new(Digits::Two)),
        }
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.latency.merge(&other.latency);
        self.duration.merge(&other.duration);
        for (mine, theirs) in self.phases.iter_mut().zip(&other.phases) {
            mine.merge(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::metric::TagOp;
    use super::*;

    fn filter(tags: &[(&str, &str)]) -> Option<AnswerFilter> {
        let tag = |(tag, value): &(&str, &str)| TagMatch {
            tag: (*tag).to_owned(),
            op: TagOp::Equal,
            value: (*value).to_owned(),
        };
        AnswerFilter::of(&tags.iter().map(tag).collect::<Vec<_>>())
    }

    #[test]
    fn an_answer_fits_where_all_of_its_tags_do() {
        let class = filter(&[("status", "2xx"), ("request", "home")]).expect("one of two");
        assert!(class.fits(204, true) && class.fits(200, false) && !class.fits(304, true));
        let both = filter(&[("expected_response", "false"), ("status", "404")]).expect("two");
        assert!(both.fits(404, false) && !both.fits(404, true) && !both.fits(405, false));
        let none = filter(&[("status", "0")]).expect("one");
        assert!(none.fits(0, false) && !none.fits(200, true));
        assert_eq!(filter(&[("request", "home")]), None);
        assert_eq!(both.to_string(), "status:404,expected_response:false");
    }

    #[test]
    fn only_statuses_that_there_can_be() {
        let allowed = ["0", "100", "404", "599", "1xx", "5xx"];
        assert!(allowed.iter().all(|value| AnswerFilter::allows("status", value)));
        let refused = ["", "2", "20", "600", "6xx", "0xx", "2XX", "xx", "-1", "ok"];
        assert!(refused.iter().all(|value| !AnswerFilter::allows("status", value)));
        assert!(AnswerFilter::allows("expected_response", "true"));
        assert!(!AnswerFilter::allows("expected_response", "yes"));
    }
}
