//! What a step depends on: `${total} > 100`.

use std::cmp::Ordering;

use super::check::Bound;
use super::template::Context;
use super::template::Template;
use crate::extract::GroupPattern;

/// A question about values that the iteration has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What is looked at.
    pub left: Template,
    /// What must hold of it.
    pub test: ConditionTest,
}

/// What must hold. A value that is missing is equal to nothing, on no side of anything, and
/// matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionTest {
    /// It is there and not empty; or it is not.
    Given(bool),
    /// It is the same as another text, as numbers where both are some; or it is not.
    Equals(bool, Template),
    /// It is on that side of another, as numbers where both are some, else by bytes.
    Compares(Bound, Template),
    /// A regular expression's whole match is found in it; or it is not.
    Matches(bool, GroupPattern),
}

impl Condition {
    /// Whether it holds in `context`.
    pub fn holds(&self, context: &Context<'_>) -> bool {
        let left = rendered(&self.left, context);
        match &self.test {
            ConditionTest::Given(given) => left.is_some_and(|left| !left.is_empty()) == *given,
            ConditionTest::Equals(equal, right) => {
                let order = compare(left.as_deref(), rendered(right, context).as_deref());
                (order == Some(Ordering::Equal)) == *equal
            }
            ConditionTest::Compares(bound, right) => {
                let order = compare(left.as_deref(), rendered(right, context).as_deref());
                order.is_some_and(|order| bound.holds(order))
            }
            ConditionTest::Matches(matches, pattern) => {
                left.is_some_and(|left| pattern.find(&left).is_some()) == *matches
            }
        }
    }

    /// Every template that it is made of.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let right = match &self.test {
            ConditionTest::Equals(_, right) | ConditionTest::Compares(_, right) => Some(right),
            ConditionTest::Given(_) | ConditionTest::Matches(..) => None,
        };
        std::iter::once(&self.left).chain(right)
    }
}

/// The text, if all of it is there.
fn rendered(template: &Template, context: &Context<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    template.render(context, &mut out).ok().map(|()| out)
}

fn compare(left: Option<&[u8]>, right: Option<&[u8]>) -> Option<Ordering> {
    let (left, right) = (left?, right?);
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(left.cmp(right)),
    }
}

fn number(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Place;
    use crate::flow::Source;
    use crate::flow::Values;
    use crate::flow::Variable;

    fn text(text: &str) -> Template {
        let mut template = Template::default();
        template.push_literal(text.as_bytes());
        template
    }

    fn holds(value: Option<&str>, test: ConditionTest) -> bool {
        let mut values = Values::default();
        if let Some(value) = value {
            values.set(Variable(3), |out| {
                out.extend_from_slice(value.as_bytes());
                true
            });
        }
        let mut left = Template::default();
        left.push_slot(Source::Extracted(Variable(3)), Place::Raw);
        let context =
            Context { values: Some(&values), user: 1, iteration: 0, step: 0, message: 0, seed: 0 };
        Condition { left, test }.holds(&context)
    }

    #[test]
    fn what_is_missing_is_nothing() {
        assert!(
            !holds(None, ConditionTest::Given(true)) && holds(None, ConditionTest::Given(false))
        );
        assert!(!holds(Some(""), ConditionTest::Given(true)));
        assert!(holds(Some("0"), ConditionTest::Given(true)), "a text is there");
        assert!(!holds(None, ConditionTest::Equals(true, text(""))));
        assert!(holds(None, ConditionTest::Equals(false, text(""))));
        for bound in [Bound::Below, Bound::AtMost, Bound::Above, Bound::AtLeast] {
            assert!(!holds(None, ConditionTest::Compares(bound, text("1"))));
        }
        let any = || GroupPattern::new("", 0).expect("a pattern");
        assert!(!holds(None, ConditionTest::Matches(true, any())));
        assert!(holds(None, ConditionTest::Matches(false, any())));
    }

    #[test]
    fn numbers_are_compared_as_such_and_texts_by_bytes() {
        assert!(holds(Some("10"), ConditionTest::Compares(Bound::Above, text("9"))));
        assert!(holds(Some("1.0"), ConditionTest::Equals(true, text("1"))));
        assert!(holds(Some("10a"), ConditionTest::Compares(Bound::Below, text("9"))));
        assert!(!holds(Some("nan"), ConditionTest::Equals(true, text("inf"))));
        assert!(holds(Some("nan"), ConditionTest::Equals(true, text("nan"))), "words, not numbers");
        let pattern = GroupPattern::new("^a+$", 0).expect("a pattern");
        assert!(holds(Some("aa"), ConditionTest::Matches(true, pattern.clone())));
        assert!(!holds(Some("ab"), ConditionTest::Matches(true, pattern)));
    }
}
