//! Regular expressions over bytes, with the meaning they have in Go's RE2.

use std::ops::Range;

use regex::bytes::Regex;
use regex::bytes::RegexBuilder;

use super::re2;

/// A compiled expression may take this many bytes; what needs more is a mistake or an attack.
pub(super) const SIZE_LIMIT: usize = 2 << 20;

/// Groups and classes may be nested this deep.
pub(super) const NEST_LIMIT: u32 = 60;

/// Why a text is not a regular expression.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is not a regular expression: {cause}")]
pub struct PatternError {
    /// What was given.
    pub pattern: String,
    /// The compiler's word, in one line.
    pub cause: String,
}

/// A regular expression in RE2's syntax, as rule files write it. Matching is linear in the input.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// [`PatternError`] for syntax that RE2 does not have and for expressions that grow too large.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        // Byte mode compiles about 25 times faster; Unicode mode only where the pattern needs it.
        let regex = RegexBuilder::new(&re2::translate(pattern))
            .unicode(re2::needs_unicode(pattern))
            .size_limit(SIZE_LIMIT)
            .nest_limit(NEST_LIMIT)
            .build()
            .map_err(|error| PatternError {
                pattern: pattern.to_owned(),
                cause: one_line(&error),
            })?;
        Ok(Self { regex })
    }

    /// Whether `pattern` is one, without the cost of compiling it: what is only too large is not found
    /// out.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn check(pattern: &str) -> Result<(), PatternError> {
        let mut parser =
            regex_syntax::ast::parse::ParserBuilder::new().nest_limit(NEST_LIMIT).build();
        parser.parse(&re2::translate(pattern)).map(drop).map_err(|error| PatternError {
            pattern: pattern.to_owned(),
            cause: error.kind().to_string(),
        })
    }

    /// Where the first match stands.
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        self.regex.find(text).map(|found| found.range())
    }

    /// Whether there is a match.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// Where `group` stands in each match, in order; nothing if the pattern has no such group.
    pub fn groups<'a>(
        &'a self,
        text: &'a [u8],
        group: usize,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex
            .captures_iter(text)
            .filter_map(move |captures| captures.get(group).map(|found| found.range()))
    }

    /// `text` with every match replaced, `$1` and `${name}` standing for groups; `None` when the
    /// result would be longer than `limit`.
    pub fn replace_all(&self, text: &[u8], replacement: &[u8], limit: usize) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len().min(limit));
        let mut copied = 0;
        for captures in self.regex.captures_iter(text) {
            let whole = captures.get_match();
            out.extend_from_slice(&text[copied..whole.start()]);
            captures.expand(replacement, &mut out);
            copied = whole.end();
            if out.len() > limit {
                return None;
            }
        }
        out.extend_from_slice(&text[copied..]);
        (out.len() <= limit).then_some(out)
    }
}

/// The last line of the compiler's report says what is wrong; the ones before draw the pattern.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
