//! Technologies first: templates that look at a target's own page say what it is built with, and templates
//! for other technologies are left out.
//!
//! A technology is a word that such a template has: the name of one of its matchers, or one of its tags that
//! is no general one. A template is for the technologies among its tags. Where it is for none, it runs;
//! where it is for some, one of them must have been seen. So nothing is left out that the page could not
//! have shown, which is where this differs from Nuclei's `-as`: that runs nothing but what fits.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::hit::Hit;
use crate::rules::template::Template;

/// Tags that say what a template does, not what it is for.
const GENERAL: [&str; 44] = [
    "api",
    "bucket",
    "cdn",
    "cms",
    "config",
    "cve",
    "default",
    "defaultpage",
    "detect",
    "detection",
    "devops",
    "discovery",
    "edb",
    "exposure",
    "favicon",
    "files",
    "fingerprint",
    "framework",
    "gateway",
    "generic",
    "headers",
    "hosting",
    "httpserver",
    "intrusive",
    "iot",
    "javascript",
    "js",
    "login",
    "misc",
    "misconfig",
    "network",
    "osint",
    "oss",
    "panel",
    "passive",
    "proxy",
    "server",
    "tech",
    "top100",
    "top200",
    "version",
    "waf",
    "web",
    "webserver",
];

/// The technologies that a target's page can show.
#[derive(Debug, Default)]
pub(super) struct Technologies {
    /// Templates that look at nothing but the target's own page.
    pub(super) detectors: Vec<Arc<Template>>,
    known: BTreeSet<String>,
}

/// Those that were seen at one target.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeSet<String>);

impl Technologies {
    /// Of templates that look for technologies, those that cost next to nothing.
    pub(super) fn new(candidates: &[Arc<Template>]) -> Self {
        let mut found = Self::default();
        for template in candidates.iter().filter(|template| template.asks_for_the_page_alone()) {
            found.known.extend(own_words(template));
            let names = template.matcher_names();
            found.known.extend(names.map(word).filter(|word| is_telling(word)));
            found.detectors.push(Arc::clone(template));
        }
        found
    }

    /// Whether a template is for technologies none of which was seen.
    pub(super) fn rule_out(&self, template: &Template, seen: &Seen) -> bool {
        let tags = template.info.tags.iter().map(|tag| word(tag));
        let mut its = tags.filter(|tag| self.known.contains(tag)).peekable();
        its.peek().is_some() && !its.any(|tag| seen.0.contains(&tag))
    }
}

impl Seen {
    /// What detectors found.
    pub(super) fn add(&mut self, hits: &[Hit]) {
        for hit in hits {
            self.0.extend(own_words(&hit.template));
            if let Some(name) = &hit.matcher_name {
                // `apache-tomcat` is both of them, too.
                let parts = name.split(['-', '_', ' ']).chain([name.as_str()]);
                self.0.extend(parts.map(word).filter(|word| is_telling(word)));
            }
        }
    }

    /// For people.
    pub(super) fn list(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// Technologies among a template's tags.
fn own_words(template: &Template) -> impl Iterator<Item = String> + '_ {
    template.info.tags.iter().map(|tag| word(tag)).filter(|word| is_telling(word))
}

/// Letters and digits alone: `Node.js` and `nodejs` are one.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_telling(word: &str) -> bool {
    let is_year = word.strip_prefix("cve").is_some_and(|rest| rest.parse::<u32>().is_ok());
    word.len() > 1 && !is_year && GENERAL.binary_search(&word).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_words_are_sorted_and_tell_nothing() {
        assert!(GENERAL.is_sorted());
        assert_eq!(word("Node.js"), "nodejs");
        for (word, expected) in [("nginx", true), ("tech", false), ("cve2021", false), ("c", false)]
        {
            assert_eq!(is_telling(word), expected, "{word}");
        }
    }
}
