//! Which templates run.

use std::path::Path;

use globset::GlobBuilder;
use globset::GlobMatcher;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::head::Head;
use crate::rules::dsl::{Environment, Expression};

/// Tags of templates that run only when they are asked for: they put a service out of action, guess
/// at length, need a foothold on the target, or shoot at random.
pub const DEFAULT_EXCLUDED_TAGS: [&str; 4] = ["dos", "fuzz", "local", "bruteforce"];

/// What runs of the templates that change known requests (`fuzzing`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fuzzed {
    /// None of them.
    #[default]
    No,
    /// They and no others.
    Only,
    /// They beside the others.
    Too,
}

/// Which templates are wanted. Different kinds of condition must all hold, within one kind any.
#[derive(Debug, Default)]
pub struct Selection {
    /// Any of these tags.
    pub tags: Vec<String>,
    /// None of these tags.
    pub exclude_tags: Vec<String>,
    /// These tags are wanted although they are excluded.
    pub include_tags: Vec<String>,
    /// Any of these severities, by their words.
    pub severities: Vec<String>,
    /// None of these severities.
    pub exclude_severities: Vec<String>,
    /// Ids, with `*` and `?`.
    pub ids: Patterns,
    /// No such id.
    pub exclude_ids: Patterns,
    /// Any of these authors.
    pub authors: Vec<String>,
    /// `http` or `workflow`.
    pub protocols: Vec<String>,
    /// Not these.
    pub exclude_protocols: Vec<String>,
    /// Paths below which nothing runs.
    pub exclude_paths: Vec<String>,
    /// Paths below which everything runs, whatever is excluded.
    pub include_paths: Vec<String>,
    /// All of these hold.
    pub conditions: Vec<Expression>,
    /// What of those that change known requests.
    pub fuzzed: Fuzzed,
    /// Run what addresses others than the target.
    pub self_contained: bool,
    /// Somebody listens for calls from outside.
    pub callbacks: bool,
}

/// Ids with wildcards, whatever their case.
#[derive(Debug, Default)]
pub struct Patterns(Vec<GlobMatcher>);

impl Patterns {
    /// Compiles them.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let compile = |text: &str| {
            let glob = GlobBuilder::new(text.trim()).case_insensitive(true).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
        };
        texts.into_iter().map(compile).collect::<Result<_, _>>().map(Self)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, id: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(id))
    }
}

/// Why a template is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeftOut {
    /// One of its tags is excluded.
    Tag,
    /// Its path is excluded.
    Path,
    /// It is none of those that were asked for.
    NotAskedFor,
    /// It addresses others than the target.
    SelfContained,
    /// It changes known requests, which was not asked for.
    Dast,
    /// It does not change known requests, and only such were asked for.
    NotDast,
    /// It needs somebody who listens for calls.
    Callbacks,
}

impl LeftOut {
    /// The stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Tag => "excluded-tag",
            Self::Path => "excluded-path",
            Self::NotAskedFor => "not-selected",
            Self::SelfContained => "self-contained",
            Self::Dast => "dast",
            Self::NotDast => "not-dast",
            Self::Callbacks => "no-callbacks",
        }
    }
}

impl Selection {
    /// Whether it runs.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, head: &Head) -> Result<(), LeftOut> {
        if below_any(&head.path, &self.include_paths) {
            return self.judge_kind(head);
        }
        let has = |list: &[String], value: &str| {
            list.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(value))
        };
        let any = |list: &[String], values: &[String]| {
            list.is_empty() || values.iter().any(|value| has(list, value))
        };
        let is_excluded =
            |tag: &String| has(&self.exclude_tags, tag) && !has(&self.include_tags, tag);
        if head.tags.iter().any(is_excluded) {
            return Err(LeftOut::Tag);
        }
        if below_any(&head.path, &self.exclude_paths) {
            return Err(LeftOut::Path);
        }
        let is_wanted = any(&self.tags, &head.tags)
            && any(&self.authors, &head.authors)
            && (self.severities.is_empty() || has(&self.severities, &head.severity))
            && !has(&self.exclude_severities, &head.severity)
            && (self.ids.is_empty() || self.ids.has(&head.id))
            && !self.exclude_ids.has(&head.id)
            && (self.protocols.is_empty() || has(&self.protocols, &head.protocol))
            && !has(&self.exclude_protocols, &head.protocol)
            && self.conditions.iter().all(|condition| holds(condition, head));
        if !is_wanted {
            return Err(LeftOut::NotAskedFor);
        }
        self.judge_kind(head)
    }

    fn judge_kind(&self, head: &Head) -> Result<(), LeftOut> {
        if head.self_contained && !self.self_contained {
            return Err(LeftOut::SelfContained);
        }
        if head.protocol == "http" {
            match (self.fuzzed, head.fuzzing) {
                (Fuzzed::No, true) => return Err(LeftOut::Dast),
                (Fuzzed::Only, false) => return Err(LeftOut::NotDast),
                (Fuzzed::No, false) | (Fuzzed::Only, true) | (Fuzzed::Too, _) => {}
            }
        }
        if head.callbacks && !self.callbacks {
            return Err(LeftOut::Callbacks);
        }
        Ok(())
    }
}

fn holds(condition: &Expression, head: &Head) -> bool {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut environment = Environment::new(&mut random, 0);
    condition.holds(&|name| head.fact(name), &mut environment).unwrap_or(false)
}

/// Whether `path` is one of these files, or below one of these folders; whole names count, from the
/// end of what leads to the templates.
fn below_any(path: &str, places: &[String]) -> bool {
    let path = Path::new(path);
    places.iter().any(|place| {
        let place = Path::new(place.trim());
        path.starts_with(place) || path.ancestors().any(|above| above.ends_with(place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            id: "CVE-2031-1".to_owned(),
            path: "/t/http/cves/2031/CVE-2031-1.yaml".to_owned(),
            tags: vec!["cve".to_owned(), "dos".to_owned()],
            authors: vec!["ann".to_owned()],
            severity: "high".to_owned(),
            protocol: "http".to_owned(),
            metadata: vec![("max-request".to_owned(), "2".to_owned())],
            cvss_score: Some(8.1),
            ..Head::default()
        }
    }

    fn judged(change: impl FnOnce(&mut Selection)) -> Result<(), LeftOut> {
        let mut selection = Selection::default();
        change(&mut selection);
        selection.judge(&head())
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn kinds_must_all_hold_and_of_one_kind_any() {
        assert_eq!(judged(|_| ()), Ok(()));
        assert_eq!(judged(|s| s.tags = words(&["x", "CVE"])), Ok(()));
        assert_eq!(judged(|s| s.tags = words(&["x"])), Err(LeftOut::NotAskedFor));
        assert_eq!(judged(|s| s.severities = words(&["low", "high"])), Ok(()));
        assert_eq!(judged(|s| s.exclude_severities = words(&["high"])), Err(LeftOut::NotAskedFor));
        let ids = |list: &[&str]| Patterns::new(list.iter().copied()).expect("patterns");
        assert_eq!(judged(|s| s.ids = ids(&["cve-2031-*"])), Ok(()));
        assert_eq!(judged(|s| s.ids = ids(&["cve-2030-*"])), Err(LeftOut::NotAskedFor));
        let both = |s: &mut Selection| {
            s.tags = words(&["cve"]);
            s.authors = words(&["bob"]);
        };
        assert_eq!(judged(both), Err(LeftOut::NotAskedFor));
    }

    #[test]
    fn exclusion_wins_unless_asked_for_by_name() {
        assert_eq!(judged(|s| s.exclude_tags = words(&["dos"])), Err(LeftOut::Tag));
        let asked = |s: &mut Selection| {
            s.exclude_tags = words(&["dos"]);
            s.include_tags = words(&["dos"]);
        };
        assert_eq!(judged(asked), Ok(()));
        assert_eq!(judged(|s| s.exclude_paths = words(&["http/cves"])), Err(LeftOut::Path));
        assert_eq!(judged(|s| s.exclude_paths = words(&["ttp/cves"])), Ok(()));
        assert_eq!(judged(|s| s.exclude_paths = words(&["/t/http"])), Err(LeftOut::Path));
    }

    #[test]
    fn what_changes_known_requests_runs_alone_beside_or_not_at_all() {
        let judged = |fuzzed, fuzzing| {
            let selection = Selection { fuzzed, ..Selection::default() };
            selection.judge(&Head { fuzzing, ..head() })
        };
        assert_eq!(judged(Fuzzed::No, false), Ok(()));
        assert_eq!(judged(Fuzzed::No, true), Err(LeftOut::Dast));
        assert_eq!(judged(Fuzzed::Only, false), Err(LeftOut::NotDast));
        assert_eq!(judged(Fuzzed::Only, true), Ok(()));
        assert_eq!((judged(Fuzzed::Too, false), judged(Fuzzed::Too, true)), (Ok(()), Ok(())));
    }

    #[test]
    fn conditions_see_metadata_and_scores() {
        let condition = |text: &str| {
            let text = text.to_owned();
            judged(|s| s.conditions = vec![Expression::parse(&text).expect("an expression")])
        };
        assert_eq!(condition("max_request == 2 && cvss_score > 8"), Ok(()));
        assert_eq!(condition("contains(tags, 'cve') && severity == 'high'"), Ok(()));
        assert_eq!(condition("cvss_score > 9"), Err(LeftOut::NotAskedFor));
        assert_eq!(condition("no_such_name == 1"), Err(LeftOut::NotAskedFor));
    }
}
