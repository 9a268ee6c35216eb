//! What a text must contain for a regular expression to match it.
//!
//! Where many expressions are asked about one text, finding all their literals in one pass and
//! running only those whose literals are there is many times faster than running each.

use std::collections::BTreeSet;

use regex_syntax::hir::Class;
use regex_syntax::hir::Hir;
use regex_syntax::hir::HirKind;

/// Longer literals are cut: what follows hardly makes them rarer, and tables stay small.
pub const LONGEST: usize = 16;

/// Shorter literals are left out: they stand in every text. An `@` alone does not.
const SHORTEST: usize = 3;

/// The longest this many literals of a sequence are asked for.
const MOST_OF_ALL: usize = 3;

/// As many texts are told apart within one literal: `js` and `ts` of `\.[jt]s:`.
const MOST_TEXTS: usize = 12;

/// An alternative with more literals than this says little.
const MOST_OF_ANY: usize = 64;

/// A condition that is necessary, not sufficient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// Nothing is known.
    Nothing,
    /// The text contains this, whatever the case of its ASCII letters; it is in lower case and at
    /// most [`LONGEST`] bytes long.
    Literal(Vec<u8>),
    /// Each of them.
    All(Vec<Required>),
    /// At least one of them.
    Any(Vec<Required>),
}

impl Required {
    /// That a text contains `literal`, or one that differs in the case of ASCII letters.
    pub fn literal(literal: &[u8]) -> Self {
        if literal.len() < SHORTEST && literal != b"@" {
            return Self::Nothing;
        }
        let start = &literal[..literal.len().min(LONGEST)];
        Self::Literal(start.to_ascii_lowercase())
    }

    /// Each of `list`, of which only the most telling are kept.
    pub fn all(list: impl IntoIterator<Item = Self>) -> Self {
        let mut list: Vec<Self> = list.into_iter().filter(|one| *one != Self::Nothing).collect();
        list.sort_by_key(|one| std::cmp::Reverse(one.weight()));
        list.dedup();
        list.truncate(MOST_OF_ALL);
        match list.len() {
            0 => Self::Nothing,
            1 => list.remove(0),
            _ => Self::All(list),
        }
    }

    /// At least one of `list`.
    pub fn any(list: impl IntoIterator<Item = Self>) -> Self {
        let mut list: Vec<Self> = list.into_iter().collect();
        list.dedup();
        let unknown = list.is_empty() || list.contains(&Self::Nothing);
        if unknown || list.iter().map(Self::literals).sum::<usize>() > MOST_OF_ANY {
            return Self::Nothing;
        }
        if list.len() == 1 { list.remove(0) } else { Self::Any(list) }
    }

    /// The most telling literals of which one must be there.
    pub fn one_of(&self) -> Vec<&[u8]> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Literal(literal) => vec![literal],
            Self::All(list) => list.first().map(Self::one_of).unwrap_or_default(),
            Self::Any(list) => list.iter().flat_map(Self::one_of).collect(),
        }
    }

    fn literals(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Literal(_) => 1,
            Self::All(list) | Self::Any(list) => list.iter().map(Self::literals).sum(),
        }
    }

    /// The length of the shortest literal that would do.
    fn weight(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Literal(literal) if literal == b"@" => LONGEST,
            Self::Literal(literal) => literal.len(),
            Self::All(list) => list.iter().map(Self::weight).max().unwrap_or(0),
            Self::Any(list) => list.iter().map(Self::weight).min().unwrap_or(0),
        }
    }

    /// What the expression asks for.
    pub(super) fn of(hir: &Hir) -> Self {
        let mut sequence = Sequence::default();
        sequence.push(hir);
        sequence.finish()
    }
}

/// Parts that follow each other: neighbouring literals are one.
struct Sequence {
    /// What the literal that is being put together may be.
    run: Vec<Vec<u8>>,
    parts: Vec<Required>,
}

impl Default for Sequence {
    fn default() -> Self {
        Self { run: vec![Vec::new()], parts: Vec::new() }
    }
}

impl Sequence {
    fn push(&mut self, hir: &Hir) {
        if let Some(run) = exact(hir).and_then(|texts| product(&self.run, &texts)) {
            self.run = run;
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(_) | HirKind::Class(_) => {
                self.end_run();
                self.run = exact(hir).unwrap_or_else(|| vec![Vec::new()]);
                if !matches!(hir.kind(), HirKind::Literal(_)) {
                    self.end_run();
                }
            }
            HirKind::Capture(capture) => self.push(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min == 0 => self.end_run(),
            HirKind::Repetition(repetition) => {
                self.push(&repetition.sub);
                if repetition.max != Some(1) {
                    self.end_run();
                }
            }
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.push(part)),
            HirKind::Alternation(branches) => {
                // Each branch goes on from what stands before it.
                let go_on = |branch: &Hir| {
                    let mut sequence = Self { run: self.run.clone(), parts: Vec::new() };
                    sequence.push(branch);
                    sequence.finish()
                };
                match Required::any(branches.iter().map(go_on)) {
                    Required::Nothing => {
                        self.end_run();
                        self.parts.push(Required::any(branches.iter().map(Required::of)));
                    }
                    some => self.parts.push(some),
                }
                self.run = vec![Vec::new()];
            }
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::replace(&mut self.run, vec![Vec::new()]);
        self.parts.push(Required::any(run.iter().map(|literal| Required::literal(literal))));
    }

    fn finish(mut self) -> Required {
        self.end_run();
        Required::all(self.parts)
    }
}

/// All texts that the expression matches, in lower case, if they are few; what has no width matches
/// the empty one.
fn exact(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => few_letters(class),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Repetition(repetition) if repetition.max == Some(1) => {
            let mut texts = exact(&repetition.sub)?;
            if repetition.min == 0 {
                texts.push(Vec::new());
            }
            (texts.len() <= MOST_TEXTS).then_some(texts)
        }
        HirKind::Repetition(_) => None,
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![Vec::new()], |texts, part| product(&texts, &exact(part)?))
        }
        HirKind::Alternation(branches) => {
            let mut texts = Vec::new();
            for branch in branches {
                texts.extend(exact(branch)?);
                if texts.len() > MOST_TEXTS {
                    return None;
                }
            }
            Some(texts)
        }
    }
}

/// Each of the first followed by each of the second.
fn product(first: &[Vec<u8>], second: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if first.len() * second.len() > MOST_TEXTS {
        return None;
    }
    let pairs = first.iter().flat_map(|start| second.iter().map(move |end| [&start[..], end]));
    Some(pairs.map(|pair| pair.concat()).collect())
}

/// The members of a small ASCII class, in lower case.
fn few_letters(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut letters = BTreeSet::new();
    let ranges: Vec<(u32, u32)> = match class {
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Unicode(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    for (start, end) in ranges {
        if (end - start) as usize > 2 * MOST_TEXTS {
            return None;
        }
        for letter in start..=end {
            letters.insert(u8::try_from(letter).ok().filter(u8::is_ascii)?.to_ascii_lowercase());
        }
    }
    let few = !letters.is_empty() && letters.len() <= MOST_TEXTS;
    few.then(|| letters.into_iter().map(|letter| vec![letter]).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extract::Pattern;

    fn required(pattern: &str) -> Required {
        Pattern::new(pattern).expect("a valid pattern").shape().0
    }

    fn literal(text: &str) -> Required {
        Required::Literal(text.as_bytes().to_vec())
    }

    fn holds(required: &Required, text: &[u8]) -> bool {
        let lower = text.to_ascii_lowercase();
        match required {
            Required::Nothing => true,
            Required::Literal(literal) => memchr::memmem::find(&lower, literal).is_some(),
            Required::All(list) => list.iter().all(|one| holds(one, text)),
            Required::Any(list) => list.iter().any(|one| holds(one, text)),
        }
    }

    #[test]
    fn neighbours_are_one_literal_and_gaps_part_them() {
        assert_eq!(required(r"Abc\b(?:d)(e)+f*gh"), literal("abcde"));
        assert_eq!(required(r"\.[jt]s(?:on)?:\d"), {
            let all = [".json:", ".js:", ".tson:", ".ts:"];
            Required::Any(all.map(literal).to_vec())
        });
        assert_eq!(
            required(r"(?i)x-foo:\s*bar"),
            Required::All(vec![literal("x-foo:"), literal("bar")])
        );
        assert_eq!(required("abcdefghijklmnopqrstuvwxyz"), literal("abcdefghijklmnop"));
        assert_eq!(required("a.b.c"), Required::Nothing);
    }

    #[test]
    fn one_branch_that_asks_for_nothing_frees_all() {
        assert_eq!(required("abc|def"), Required::Any(vec![literal("abc"), literal("def")]));
        assert_eq!(required("abc|d"), Required::Nothing);
        assert_eq!(required("(?:abc|d)[^x]efg"), literal("efg"));
        assert_eq!(required("ab(?:cd|e.f)"), Required::Any(vec![literal("abcd"), literal("abe")]));
        assert_eq!(required("(?:abc)*def"), literal("def"));
        assert_eq!(required("(?:abc){0}"), Required::Nothing);
    }

    #[test]
    fn letters_with_cases_outside_ascii_are_no_literal() {
        assert_eq!(required("(?i)é_skull_"), literal("ull_"));
        assert_eq!(required("(?i)é_hello_"), literal("_hello_"));
    }

    proptest! {
        #[test]
        fn what_matches_contains_what_is_required(
            pattern in "(\\(\\?i\\))?([abAB]{1,4}|[abAB]{3}|\\(ab\\|ba\\)|\\(aab\\|bba\\|abab\\)\\+|a\\?|[.]|\\(abb\\)\\*|\\[ab\\]|\\[aA\\]|\\\\b|k|é|s){1,6}",
            text in "[abABkKsé\u{212a}\u{17f} ]{0,40}",
        ) {
            let compiled = Pattern::new(&pattern).expect("a valid pattern");
            if compiled.is_match(text.as_bytes()) {
                prop_assert!(holds(&compiled.shape().0, text.as_bytes()), "{pattern} on {text}");
            }
        }
    }
}
