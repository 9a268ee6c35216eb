//! What a step depends on, as a plan writes it: `"${total} > 100"`.

use super::document::{Node, TextPiece};
use super::reader::Reader;
use crate::extract::GroupPattern;
use crate::flow::Bound;
use crate::flow::Condition;
use crate::flow::ConditionTest;
use crate::flow::Place;
use crate::flow::Source;
use crate::flow::Template;
use crate::flow::Variable;

/// How it is compared; where two begin alike, the longer one first.
const OPERATORS: [(&str, Operator); 8] = [
    ("==", Operator::Equals(true)),
    ("!=", Operator::Equals(false)),
    ("=~", Operator::Matches(true)),
    ("!~", Operator::Matches(false)),
    ("<=", Operator::Compares(Bound::AtMost)),
    (">=", Operator::Compares(Bound::AtLeast)),
    ("<", Operator::Compares(Bound::Below)),
    (">", Operator::Compares(Bound::Above)),
];

const HELP: &str = "write `\"${item}\"` (it has a value), `\"!${item}\"`, `\"${kind} == book\"`, \
                    `\"${total} >= 100\"` or `\"${name} =~ ^a\"`; there are == != < <= > >= =~ !~";

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equals(bool),
    Compares(Bound),
    Matches(bool),
}

/// The condition, or `None` and a problem.
pub(super) fn condition(node: &Node, reader: &mut Reader) -> Option<Condition> {
    let Some(scalar) = node.scalar().filter(|scalar| !scalar.typed.is_null()) else {
        reader.wrong_type(node, "a condition like \"${total} > 100\"");
        return None;
    };
    let whole = [TextPiece::Literal(scalar.text.clone())];
    let pieces = if scalar.pieces.is_empty() { &whole[..] } else { &scalar.pieces };
    let made = match split(pieces) {
        Some((left, operator, right)) => compared(&left, operator, &right),
        None => given(pieces),
    };
    made.map_err(|text| reader.problem_with_help(&node.at, text, HELP)).ok()
}

/// Values that are there for certain where it holds.
pub(super) fn implied(condition: &Condition) -> impl Iterator<Item = Variable> {
    let is_there = match condition.test {
        ConditionTest::Given(is) | ConditionTest::Equals(is, _) | ConditionTest::Matches(is, _) => {
            is
        }
        ConditionTest::Compares(..) => true,
    };
    condition.templates().filter(move |_| is_there).flat_map(variables)
}

/// Values that a template is made of.
pub(super) fn variables(template: &Template) -> impl Iterator<Item = Variable> {
    template.pieces().iter().filter_map(|piece| {
        let crate::flow::Piece::Slot(slot) = piece else { return None };
        let Source::Extracted(variable) = slot.source else { return None };
        Some(variable)
    })
}

fn given(pieces: &[TextPiece]) -> Result<Condition, String> {
    let (is_given, rest) = match pieces {
        [TextPiece::Literal(text), rest @ ..] if text.trim() == "!" => (false, rest),
        pieces => (true, pieces),
    };
    let is_blank =
        |piece: &&TextPiece| matches!(piece, TextPiece::Literal(text) if text.trim().is_empty());
    let parts: Vec<&TextPiece> = rest.iter().filter(|piece| !is_blank(piece)).collect();
    match parts[..] {
        [slot @ TextPiece::Slot(_)] => Ok(Condition {
            left: template(std::slice::from_ref(slot)),
            test: ConditionTest::Given(is_given),
        }),
        _ => Err("a condition asks about one value, or compares two".to_owned()),
    }
}

fn compared(
    left: &[TextPiece],
    operator: Operator,
    right: &[TextPiece],
) -> Result<Condition, String> {
    if left.is_empty() || (right.is_empty() && !matches!(operator, Operator::Equals(_))) {
        return Err("one side of the condition is empty".to_owned());
    }
    let test = match operator {
        Operator::Equals(equals) => ConditionTest::Equals(equals, template(right)),
        Operator::Compares(bound) => ConditionTest::Compares(bound, template(right)),
        Operator::Matches(matches) => {
            let [TextPiece::Literal(pattern)] = right else {
                return Err("a regular expression stands there as it is, without values".to_owned());
            };
            let pattern = GroupPattern::new(pattern, 0).map_err(|error| error.to_string())?;
            ConditionTest::Matches(matches, pattern)
        }
    };
    Ok(Condition { left: template(left), test })
}

/// What stands before the first operator and behind it, without spaces and quotes around it.
fn split(pieces: &[TextPiece]) -> Option<(Vec<TextPiece>, Operator, Vec<TextPiece>)> {
    pieces.iter().enumerate().find_map(|(index, piece)| {
        let TextPiece::Literal(text) = piece else { return None };
        let found = OPERATORS.iter().filter_map(|(sign, operator)| {
            Some((text.find(sign)?, std::cmp::Reverse(sign.len()), *operator))
        });
        let (at, length, operator) = found.min_by_key(|(at, length, _)| (*at, *length))?;
        let (before, after) = (&text[..at], &text[at + length.0..]);
        let literal = |text: &str| TextPiece::Literal(text.to_owned());
        let mut left = pieces[..index].to_vec();
        left.push(literal(before));
        let mut right = vec![literal(after)];
        right.extend_from_slice(&pieces[index + 1..]);
        Some((bare(left), operator, bare(right)))
    })
}

/// Without spaces around it, then without quotes around it.
fn bare(mut pieces: Vec<TextPiece>) -> Vec<TextPiece> {
    if let Some(TextPiece::Literal(text)) = pieces.first_mut() {
        *text = text.trim_start().to_owned();
    }
    if let Some(TextPiece::Literal(text)) = pieces.last_mut() {
        *text = text.trim_end().to_owned();
    }
    if let [TextPiece::Literal(text)] = &mut pieces[..] {
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned));
        *text = quoted.unwrap_or_else(|| std::mem::take(text));
    }
    pieces.retain(|piece| !matches!(piece, TextPiece::Literal(text) if text.is_empty()));
    pieces
}

fn template(pieces: &[TextPiece]) -> Template {
    let mut template = Template::default();
    for piece in pieces {
        match piece {
            TextPiece::Literal(text) => template.push_literal(text.as_bytes()),
            TextPiece::Slot(source) => template.push_slot(source.clone(), Place::Raw),
        }
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> TextPiece {
        TextPiece::Literal(text.to_owned())
    }

    fn slot(number: u16) -> TextPiece {
        TextPiece::Slot(Source::Extracted(Variable(number)))
    }

    fn parsed(pieces: &[TextPiece]) -> Result<Condition, String> {
        match split(pieces) {
            Some((left, operator, right)) => compared(&left, operator, &right),
            None => given(pieces),
        }
    }

    #[test]
    fn every_form_is_understood() {
        let text = |text: &str| {
            let mut template = Template::default();
            template.push_literal(text.as_bytes());
            template
        };
        let condition = |test| Ok(Condition { left: template(&[slot(1)]), test });
        assert_eq!(parsed(&[slot(1)]), condition(ConditionTest::Given(true)));
        assert_eq!(parsed(&[literal("! "), slot(1)]), condition(ConditionTest::Given(false)));
        for (written, test) in [
            ("==book", ConditionTest::Equals(true, text("book"))),
            (" == ' book '", ConditionTest::Equals(true, text(" book "))),
            (" == \"\"", ConditionTest::Equals(true, Template::default())),
            (" != a=b", ConditionTest::Equals(false, text("a=b"))),
            (" >= 1", ConditionTest::Compares(Bound::AtLeast, text("1"))),
            (" < -1", ConditionTest::Compares(Bound::Below, text("-1"))),
        ] {
            assert_eq!(parsed(&[slot(1), literal(written)]), condition(test), "{written}");
        }
        let pattern = GroupPattern::new("^a =b", 0).expect("a pattern");
        let matches = ConditionTest::Matches(false, pattern);
        assert_eq!(parsed(&[slot(1), literal(" !~ ^a =b")]), condition(matches));
        let two = ConditionTest::Equals(true, template(&[slot(2)]));
        assert_eq!(parsed(&[slot(1), literal(" == "), slot(2)]), condition(two));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for pieces in [
            vec![literal("word")],
            vec![literal("a"), slot(1)],
            vec![slot(1), slot(2)],
            vec![slot(1), literal(" > ")],
            vec![literal("== 1")],
            vec![slot(1), literal(" =~ ("), slot(1)],
            vec![slot(1), literal(" =~ (")],
        ] {
            assert!(parsed(&pieces).is_err(), "{pieces:?}");
        }
    }
}
