//! What `robots.txt` asks of crawlers (RFC 9309).

use std::collections::HashMap;
use std::time::Duration;

use crate::model::Event;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Origin;
use crate::model::Request;
use crate::model::format_duration;
use crate::scan::traffic::Traffic;

/// Where sites ask crawlers for something.
pub(super) const ROBOTS: &str = "/robots.txt";

/// Bytes of the file that are read: what RFC 9309 §2.5 asks for.
const MAX_BYTES: usize = 500 * 1024;

/// Rules that are kept.
const MAX_RULES: usize = 5000;

/// Longest time between two requests that is kept: who asks for more asks not to be crawled.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// Our name in it.
const AGENT: &str = "shakedown";

/// The rules for us; without any, everything is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Robots {
    rules: Vec<(Rule, String)>,
    /// Time between two requests that is asked for, up to [`MAX_DELAY`].
    pub(super) delay: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Allow,
    Disallow,
}

/// What a line says.
#[derive(Debug, Clone, Copy)]
enum Said {
    Rule(Rule),
    Delay,
}

/// What the origins in scope ask for.
#[derive(Debug, Default)]
pub(super) struct Obeyed {
    pub(super) rules: HashMap<Origin, Robots>,
    /// Those that have no such file.
    pub(super) without: Vec<Origin>,
}

/// Reads what every origin in scope asks for; what is to be said of it is added to `events`.
pub(super) async fn ask(traffic: &Traffic, events: &mut Vec<Event>) -> Obeyed {
    let mut all = Obeyed::default();
    for origin in traffic.scope().origins().to_vec() {
        let asked = traffic.exchange(Request::get(origin.clone(), ROBOTS)).await;
        let response = asked.as_ref().ok().and_then(|exchange| exchange.response());
        if response.is_none_or(|response| response.status >= 300) {
            all.without.push(origin.clone());
        }
        let robots = match response {
            Some(response) if response.status < 300 => Robots::parse(&response.body_text()),
            Some(response) if response.status < 500 => Robots::default(),
            Some(_) | None => Robots::closed(),
        };
        if let Some(delay) = robots.delay {
            traffic.space(&origin, delay);
            let text = format!(
                "crawl: {ROBOTS} of {origin} asks for time between requests: {} (at most {})",
                format_duration(delay),
                format_duration(MAX_DELAY)
            );
            events.push(Event::Notice(Notice { level: NoticeLevel::Info, text }));
        }
        if robots.is_closed() {
            let text = format!(
                "crawl: {ROBOTS} of {origin} allows nothing or cannot be had, so nothing but what \
                 you name is fetched there"
            );
            events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
        }
        all.rules.insert(origin, robots);
    }
    all
}

impl Robots {
    /// The rules of the groups for our name, or else of those for everybody.
    pub(super) fn parse(text: &str) -> Self {
        let (mut own, mut general) = (None, Self::default());
        let mut agents: Vec<String> = Vec::new();
        let mut in_rules = false;
        for line in text[..text.floor_char_boundary(MAX_BYTES)].lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((name, value)) = line.split_once(':') else { continue };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            let said = match name.as_str() {
                "user-agent" => {
                    if std::mem::take(&mut in_rules) {
                        agents.clear();
                    }
                    agents.push(value.to_ascii_lowercase());
                    if value.eq_ignore_ascii_case(AGENT) {
                        own.get_or_insert_with(Self::default);
                    }
                    continue;
                }
                "allow" => Said::Rule(Rule::Allow),
                "disallow" => Said::Rule(Rule::Disallow),
                // Of no standard, and widely used.
                "crawl-delay" => Said::Delay,
                _ => continue,
            };
            in_rules = true;
            let wanted = [(AGENT, own.as_mut()), ("*", Some(&mut general))];
            for (agent, robots) in wanted {
                if let Some(robots) = robots.filter(|_| agents.iter().any(|known| known == agent)) {
                    match said {
                        Said::Rule(rule) => robots.add(rule, value),
                        Said::Delay => robots.delay = delay(value).or(robots.delay),
                    }
                }
            }
        }
        own.unwrap_or(general)
    }

    /// Nothing is allowed: what a file that cannot be had means (RFC 9309 §2.3.1.4).
    pub(super) fn closed() -> Self {
        Self { rules: vec![(Rule::Disallow, "/".to_owned())], delay: None }
    }

    /// Whether nothing is allowed.
    pub(super) fn is_closed(&self) -> bool {
        self.rules == Self::closed().rules
    }

    fn add(&mut self, rule: Rule, pattern: &str) {
        // An empty one says nothing.
        if !pattern.is_empty() && self.rules.len() < MAX_RULES {
            self.rules.push((rule, pattern.to_owned()));
        }
    }

    /// Whether a path with its query may be fetched: the longest pattern counts, of two of one length
    /// the one that allows.
    pub(super) fn allows(&self, path_and_query: &str) -> bool {
        let matching = self.rules.iter().filter(|(_, pattern)| fits(pattern, path_and_query));
        let longest = matching.max_by_key(|(rule, pattern)| (pattern.len(), *rule == Rule::Allow));
        longest.is_none_or(|(rule, _)| *rule == Rule::Allow)
    }
}

/// Seconds, with or without a fraction.
fn delay(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok().filter(|seconds| *seconds >= 0.0)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(MAX_DELAY).min(MAX_DELAY))
}

/// Whether a text begins as the pattern says: `*` is anything, `$` the end. Linear in both, times.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if to_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    !to_end || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_counts_and_allowing_wins() {
        let robots = Robots::parse(
            "User-agent: *\nDisallow: /a # all of it\nAllow: /a/b\nDisallow: /*.pdf$\nDisallow: /x?y=\n\
             Allow: /same\nDisallow: /same\nDisallow:\n",
        );
        for (path, allowed) in [
            ("/", true),
            ("/a/c", false),
            ("/a/b/c", true),
            ("/doc/file.pdf", false),
            ("/doc/file.pdf?x", true),
            ("/x?y=1", false),
            ("/same", true),
        ] {
            assert_eq!(robots.allows(path), allowed, "{path}");
        }
    }

    #[test]
    fn time_between_requests_is_kept_within_bounds() {
        let asked = |text: &str| Robots::parse(text).delay;
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(asked("User-agent: *\nCrawl-delay: 2.5"), ms(2500));
        assert_eq!(asked("User-agent: *\nCrawl-delay: 86400\nDisallow:"), Some(MAX_DELAY));
        assert_eq!(asked("User-agent: *\nCrawl-delay: 1e300"), Some(MAX_DELAY));
        assert_eq!(asked("User-agent: *\nCrawl-delay: inf"), Some(MAX_DELAY));
        for text in ["-1", "NaN", "soon", ""] {
            assert_eq!(asked(&format!("User-agent: *\nCrawl-delay: {text}")), None, "{text}");
        }
        let own = "User-agent: *\nCrawl-delay: 9\nUser-agent: shakedown\nCrawl-delay: 1";
        assert_eq!(asked(own), ms(1000));
    }

    #[test]
    fn a_group_of_our_own_replaces_that_of_everybody() {
        let text = "User-agent: other\nUser-agent: Shakedown\nDisallow: /ours\n\nUser-agent: *\nDisallow: /\n";
        let robots = Robots::parse(text);
        assert!(robots.allows("/free") && !robots.allows("/ours"));
        assert!(!Robots::parse("User-agent: *\nDisallow: /").allows("/free"));
        assert!(Robots::parse("User-agent: shakedown\nUser-agent: *\nDisallow:").allows("/"));
        assert!(!Robots::closed().allows("/"));
        assert!(Robots::parse("").allows("/"));
    }

    #[test]
    fn patterns_have_stars_and_an_end() {
        for (pattern, text, fitting) in [
            ("/a*b", "/axxbyy", true),
            ("/a*b$", "/axxbyy", false),
            ("/a*b$", "/axxbyyb", true),
            ("*", "/x", true),
            ("/a*", "/a", true),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
        ] {
            assert_eq!(fits(pattern, text), fitting, "{pattern} {text}");
        }
    }
}
