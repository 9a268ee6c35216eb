//! Regular expressions over bytes, with the meaning they have in Go's RE2.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;
use regex::bytes::RegexBuilder;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Class;
use regex_syntax::hir::Hir;
use regex_syntax::hir::HirKind;

use super::re2;
use super::required::Required;

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

/// More parts than this may not fit into [`SIZE_LIMIT`], so it is compiled at once to find out.
const SURELY_FITS: usize = 20_000;

/// A regular expression in RE2's syntax, as rule files write it. Matching is linear in the input.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: OnceLock<Regex>,
    /// In the syntax of the `regex` crate.
    translated: String,
    is_unicode: bool,
}

impl Pattern {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// [`PatternError`] for syntax that RE2 does not have and for expressions that grow too large.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let new = Self::uncompiled(pattern);
        let regex = new.compile(SIZE_LIMIT).map_err(|error| PatternError {
            pattern: pattern.to_owned(),
            cause: one_line(&error),
        })?;
        let _ = new.regex.set(regex);
        Ok(new)
    }

    /// The same, compiled when it is first asked: of many expressions few ever are.
    ///
    /// # Errors
    /// The same.
    pub fn deferred(pattern: &str) -> Result<Self, PatternError> {
        let new = Self::uncompiled(pattern);
        match new.parsed() {
            Some(hir) if !new.is_unicode && parts(&hir) <= SURELY_FITS => Ok(new),
            _ => Self::new(pattern),
        }
    }

    fn uncompiled(pattern: &str) -> Self {
        // Byte mode compiles about 25 times faster; Unicode mode only where the pattern needs it.
        let is_unicode = re2::needs_unicode(pattern);
        Self { regex: OnceLock::new(), translated: re2::translate(pattern), is_unicode }
    }

    fn compile(&self, limit: usize) -> Result<Regex, regex::Error> {
        let mut builder = RegexBuilder::new(&self.translated);
        builder.unicode(self.is_unicode).size_limit(limit).nest_limit(NEST_LIMIT).build()
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            self.compile(usize::MAX).expect("what can be parsed can be compiled without a limit")
        })
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
        self.regex().find(text).map(|found| found.range())
    }

    /// Whether there is a match.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex().is_match(text)
    }

    /// What a text must contain for this to match it, and the length of the longest match in bytes
    /// if there is a longest.
    pub fn shape(&self) -> (Required, Option<usize>) {
        let nothing = (Required::Nothing, None);
        self.parsed().map_or(nothing, |hir| (Required::of(&hir), hir.properties().maximum_len()))
    }

    fn parsed(&self) -> Option<Hir> {
        let mut parser = ParserBuilder::new();
        let parser = parser.unicode(self.is_unicode).utf8(false).nest_limit(NEST_LIMIT);
        parser.build().parse(&self.translated).ok()
    }

    /// Where `group` stands in each match, in order; nothing if the pattern has no such group.
    pub fn groups<'a>(
        &'a self,
        text: &'a [u8],
        group: usize,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex()
            .captures_iter(text)
            .filter_map(move |captures| captures.get(group).map(|found| found.range()))
    }

    /// The same as [`Self::find`] where every match lies within one of `windows`: ordered and apart,
    /// each reaching at least four bytes further than the match.
    pub fn find_within(&self, text: &[u8], windows: &[Range<usize>]) -> Option<Range<usize>> {
        let mut found = windows.iter().filter_map(|window| {
            self.regex().find_at(&text[..window.end], window.start).map(|found| found.range())
        });
        found.next()
    }

    /// The same as [`Self::groups`] for such windows.
    pub fn groups_within<'a>(
        &'a self,
        text: &'a [u8],
        group: usize,
        windows: &'a [Range<usize>],
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        windows.iter().flat_map(move |window| {
            let mut start = window.start;
            std::iter::from_fn(move || {
                let text = text[..window.end].get(start..).map(|_| &text[..window.end])?;
                let captures = self.regex().captures_at(text, start)?;
                start = captures.get_match().end().max(start + 1);
                Some(captures.get(group).map(|found| found.range()))
            })
            .flatten()
        })
    }

    /// `text` with every match replaced, `$1` and `${name}` standing for groups; `None` when the
    /// result would be longer than `limit`.
    pub fn replace_all(&self, text: &[u8], replacement: &[u8], limit: usize) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len().min(limit));
        let mut copied = 0;
        for captures in self.regex().captures_iter(text) {
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

/// About how many states the compiled form has.
fn parts(hir: &Hir) -> usize {
    let sum =
        |list: &[Hir]| list.iter().fold(list.len(), |sum, one| sum.saturating_add(parts(one)));
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(20),
        HirKind::Capture(capture) => parts(&capture.sub).saturating_add(2),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).saturating_add(1) as usize;
            parts(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Concat(list) | HirKind::Alternation(list) => sum(list),
    }
}

/// The last line of the compiler's report says what is wrong; the ones before draw the pattern.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_later_is_refused_as_early() {
        for wrong in ["(a", "((a{100}){100}){100}", "(?=a)", "[\\w.]{1,60000}"] {
            let now = Pattern::new(wrong).expect_err("it is no pattern").to_string();
            let later = Pattern::deferred(wrong).expect_err("it is no pattern").to_string();
            assert_eq!(now, later);
        }
        for right in
            ["a{1,900}", "[a-z]{1,300}(?:x|y|[0-9]{2,40}){1,20}", "(?i)(abc|def)+\\b", "é+"]
        {
            assert!(Pattern::new(right).is_ok(), "{right}");
            let later = Pattern::deferred(right).expect("a pattern");
            assert!(later.compile(SIZE_LIMIT).is_ok(), "{right}");
        }
    }
}
