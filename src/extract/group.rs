//! One group of a regular expression's first match.

use regex_automata::Input;
use regex_automata::meta;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;

use super::pattern::NEST_LIMIT;
use super::pattern::PatternError;
use super::pattern::SIZE_LIMIT;
use super::re2;

/// Groups are numbered up to this: their places are kept on the stack.
const MAX_GROUP: usize = 15;

/// A regular expression, like [`super::Pattern`], of which one group is wanted: found without an
/// allocation, which the captures of the `regex` crate cost.
#[derive(Debug, Clone)]
pub struct GroupPattern {
    text: String,
    regex: meta::Regex,
    group: usize,
}

impl GroupPattern {
    /// Compiles `pattern`; of its matches, `group` is wanted (0 is the whole match).
    ///
    /// # Errors
    /// [`PatternError`] as for [`super::Pattern`], and for a group that it does not have.
    pub fn new(pattern: &str, group: usize) -> Result<Self, PatternError> {
        let error = |cause: String| PatternError { pattern: pattern.to_owned(), cause };
        // For its words on what is wrong.
        super::Pattern::new(pattern)?;
        let config = meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)).utf8_empty(false);
        let syntax = syntax::Config::new()
            .unicode(re2::needs_unicode(pattern))
            .utf8(false)
            .nest_limit(NEST_LIMIT);
        let regex = meta::Builder::new()
            .configure(config)
            .syntax(syntax)
            .build(&re2::translate(pattern))
            .map_err(|cause| error(cause.to_string()))?;
        let groups = regex.captures_len() - 1;
        if group > groups {
            return Err(error(format!("it has {groups} groups, and group {group} is wanted")));
        }
        if group > MAX_GROUP {
            return Err(error(format!("groups above {MAX_GROUP} cannot be taken")));
        }
        Ok(Self { text: pattern.to_owned(), regex, group })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The group in each match in which it takes part.
    pub fn find_all<'a>(&self, text: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let matches = self.regex.captures_iter(text);
        matches.filter_map(|captures| Some(&text[captures.get_group(self.group)?.range()]))
    }

    /// The group in the first match; `None` also where it took no part in the match.
    pub fn find<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let mut slots: [Option<NonMaxUsize>; 2 * (MAX_GROUP + 1)] = Default::default();
        let slots = &mut slots[..2 * (self.group + 1)];
        self.regex.search_slots(&Input::new(text), slots)?;
        let [start, end] = [slots[2 * self.group]?, slots[2 * self.group + 1]?];
        Some(&text[start.get()..end.get()])
    }
}

impl PartialEq for GroupPattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.group) == (&other.text, other.group)
    }
}

impl Eq for GroupPattern {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(pattern: &str, group: usize, text: &[u8]) -> Option<Vec<u8>> {
        let pattern = GroupPattern::new(pattern, group).unwrap_or_else(|error| panic!("{error}"));
        pattern.find(text).map(<[u8]>::to_vec)
    }

    #[test]
    fn the_group_of_the_first_match_is_taken() {
        let html = b"<input name=\"csrf\" value=\"a\xff1\"><input name=\"csrf\" value=\"b\">";
        let pattern = "name=\"(csrf)\" value=\"([^\"]+)\"";
        assert_eq!(found(pattern, 2, html).as_deref(), Some(&b"a\xff1"[..]));
        assert_eq!(found(pattern, 1, html).as_deref(), Some(&b"csrf"[..]));
        assert_eq!(found("(x)?csrf", 1, html), None, "it took no part");
        assert_eq!(found("nowhere", 0, html), None);
    }

    #[test]
    fn a_group_that_is_not_there_is_refused() {
        let error = GroupPattern::new("(a)(b)", 3).expect_err("it has two");
        assert_eq!(
            error.to_string(),
            "`(a)(b)` is not a regular expression: it has 2 groups, and group 3 is wanted"
        );
        assert!(GroupPattern::new("(", 0).is_err());
        assert!(GroupPattern::new(&"(a)".repeat(16), 16).is_err());
    }

    proptest! {
        #[test]
        fn it_finds_what_the_captures_hold(text in "[ab1x]{0,30}", group in 0usize..4) {
            let pattern = "(a+)(?:(b)|(1))x?";
            let reference = regex::bytes::Regex::new(pattern).expect("valid");
            let captures = reference.captures(text.as_bytes());
            let expected = captures.and_then(|found| Some(found.get(group)?.as_bytes().to_vec()));
            prop_assert_eq!(found(pattern, group, text.as_bytes()), expected);
        }
    }
}
