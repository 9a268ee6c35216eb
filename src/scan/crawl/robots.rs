//! What `robots.txt` asks of crawlers (RFC 9309).

use std::collections::HashMap;

use crate::model::Event;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Origin;
use crate::model::Request;
use crate::scan::traffic::Traffic;

/// Where sites ask crawlers for something.
pub(super) const ROBOTS: &str = "/robots.txt";

/// Bytes of the file that are read: what RFC 9309 §2.5 asks for.
const MAX_BYTES: usize = 500 * 1024;

/// Rules that are kept.
const MAX_RULES: usize = 5000;

/// Our name in it.
const AGENT: &str = "shakedown";

/// The rules for us; without any, everything is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Robots {
    rules: Vec<(Rule, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Allow,
    Disallow,
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
        if robots == Robots::closed() {
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
            let rule = match name.as_str() {
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
                "allow" => Rule::Allow,
                "disallow" => Rule::Disallow,
                _ => continue,
            };
            in_rules = true;
            let wanted = [(AGENT, own.as_mut()), ("*", Some(&mut general))];
            for (agent, robots) in wanted {
                if let Some(robots) = robots.filter(|_| agents.iter().any(|known| known == agent)) {
                    robots.add(rule, value);
                }
            }
        }
        own.unwrap_or(general)
    }

    /// Nothing is allowed: what a file that cannot be had means (RFC 9309 §2.3.1.4).
    pub(super) fn closed() -> Self {
        Self { rules: vec![(Rule::Disallow, "/".to_owned())] }
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
