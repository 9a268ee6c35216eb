//! Texts that match a field's `pattern`.
//!
//! Patterns are JavaScript's; those with parts that only JavaScript has (looking around, back
//! references) are not understood, and nothing is claimed of them.

use regex::Regex;
use regex::RegexBuilder;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Longer patterns are not read.
const MAX_PATTERN: usize = 500;

/// Memory for one pattern.
const MAX_COMPILED: usize = 1 << 20;

/// Brackets within brackets.
const MAX_NESTED: u32 = 50;

/// Characters of a text that is made.
const MAX_MADE: usize = 400;

/// How much longer than needed a text is made to reach a minimum.
const LONGER: u32 = 100;

/// The whole value must match it; `None` where the pattern is not understood.
pub(super) fn matcher(pattern: &str) -> Option<Regex> {
    if pattern.len() > MAX_PATTERN {
        return None;
    }
    let whole = format!("^(?:{pattern})$");
    RegexBuilder::new(&whole).size_limit(MAX_COMPILED).nest_limit(MAX_NESTED).build().ok()
}

/// A text of that many characters that matches; `None` where none was found.
pub(super) fn matching(pattern: &str, min: usize, max: usize) -> Option<String> {
    let matcher = matcher(pattern)?;
    let hir = ParserBuilder::new().nest_limit(MAX_NESTED).build().parse(pattern).ok()?;
    (0..=LONGER).find_map(|longer| {
        let mut maker = Maker { out: String::new(), longer };
        maker.add(&hir);
        let length = maker.out.chars().count();
        let fits = (min..=max).contains(&length) && matcher.is_match(&maker.out);
        fits.then_some(maker.out)
    })
}

struct Maker {
    out: String,
    /// Repetitions beyond the fewest.
    longer: u32,
}

impl Maker {
    fn add(&mut self, hir: &Hir) {
        if self.out.len() >= MAX_MADE {
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => self.out.extend(a_member(class)),
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX);
                let times = repetition.min.saturating_add(self.longer).min(most);
                for _ in 0..times {
                    if self.out.len() >= MAX_MADE {
                        return;
                    }
                    self.add(&repetition.sub);
                }
            }
            HirKind::Capture(capture) => self.add(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.add(part)),
            HirKind::Alternation(branches) => {
                if let Some(first) = branches.first() {
                    self.add(first);
                }
            }
        }
    }
}

/// A letter or a digit if the class has one.
fn a_member(class: &Class) -> Option<char> {
    const LIKED: [char; 7] = ['a', 'A', '0', 'b', 'B', '1', '-'];
    let Class::Unicode(class) = class else { return None };
    let has =
        |c: &char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(c));
    let visible = || {
        let ranges = class.ranges().iter();
        ranges
            .flat_map(|range| (range.start()..=range.end()).take(128))
            .find(char::is_ascii_graphic)
    };
    LIKED
        .into_iter()
        .find(has)
        .or_else(visible)
        .or_else(|| class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_made_that_match() {
        for (pattern, min, max, expected) in [
            ("[0-9]{5}", 0, 100, Some("00000")),
            (r"[A-Z]{2}-\d{4}-[a-f0-9]{3}", 0, 100, Some("AA-0000-aaa")),
            (r"^(?:B|HH)\s?[A-Z]{1,2}\s?\d{1,4}$", 0, 100, Some("BA0")),
            (r".+@shop\.example", 0, 100, Some("a@shop.example")),
            (r"\+[0-9]{2} [0-9]{3,} [0-9]{4,}", 0, 100, Some("+00 000 0000")),
            ("[a-z]+", 6, 8, Some("aaaaaaa")),
            ("[a-z]{2}", 5, 8, None),
            ("(?=.*[A-Z]).{8,}", 0, 100, None),
            ("(", 0, 100, None),
        ] {
            let made = matching(pattern, min, max);
            match expected {
                Some("aaaaaaa") => assert!((6..=8).contains(&made.expect(pattern).len())),
                _ => assert_eq!(made.as_deref(), expected, "{pattern}"),
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_made_matches(pattern in r"[a-c0-9\[\](){},|*+?.\\d^$-]{0,20}") {
            if let Some(made) = matching(&pattern, 0, MAX_MADE) {
                prop_assert!(matcher(&pattern).expect("it was understood").is_match(&made));
            }
        }
    }
}
