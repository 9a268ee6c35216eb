//! A text that a regular expression matches: the shortest way through it, with characters that people
//! would type.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Characters that are taken where they are allowed, in this order.
const LIKED: [char; 6] = ['a', '1', 'A', '-', ' ', '_'];

/// Longer than any example needs to be.
const MAX_LENGTH: usize = 1_000;

/// A text of `least` to `most` characters that matches; `None` where the pattern is not understood
/// (look-around, back references) or no such text was found.
pub(super) fn example(pattern: &str, least: usize, most: usize) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let regex = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().ok()?;
    let fits =
        |text: &String| (least..=most).contains(&text.chars().count()) && regex.is_match(text);
    // Every repetition that may go on is given more, until the text is long enough.
    (0..=least.min(MAX_LENGTH)).find_map(|more| {
        let mut text = String::new();
        write(&hir, more, &mut text)?;
        Some(text).filter(fits)
    })
}

fn write(hir: &Hir, more: usize, out: &mut String) -> Option<()> {
    if out.len() > MAX_LENGTH {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => out.push(character(class)?),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.map_or(usize::MAX, |most| most as usize);
            let times = (repetition.min as usize).saturating_add(more).min(most);
            for _ in 0..times {
                write(&repetition.sub, 0, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, more, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, more, out)?;
            }
        }
        HirKind::Alternation(ways) => write(ways.first()?, more, out)?,
    }
    Some(())
}

fn character(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let has =
        |c: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c));
    let liked = LIKED.into_iter().find(|c| has(*c));
    liked
        .or_else(|| ('!'..='~').find(|c| has(*c)))
        .or_else(|| Some(class.ranges().first()?.start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_matches() {
        for (pattern, least, most, expected) in [
            (r"^[A-Z]{2}\d{3}$", 0, 200, "AA111"),
            (r"^(GB|DE)-[0-9a-f]{4,8}$", 0, 200, "GB-aaaa"),
            (r"^[0-9]+(\.[0-9]{1,2})?$", 5, 200, "111.1"),
            (r"^\S+@\S+\.\S+$", 0, 200, "a@a.a"),
            (r"^[^\x00-\x7f]$", 0, 200, "\u{80}"),
            (r"\d", 3, 10, ""),
        ] {
            let made = example(pattern, least, most);
            if expected.is_empty() {
                assert_eq!(made, None, "{pattern}");
            } else {
                assert_eq!(made.as_deref(), Some(expected), "{pattern}");
            }
        }
        assert_eq!(example(r"^(?=.*\d).+$", 0, 9), None, "look-ahead is not understood");
        assert_eq!(example(r"^a{500}{500}$", 0, 9), None);
    }
}
