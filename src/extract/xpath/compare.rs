//! Comparisons; of nodes, one pair that fulfils them is enough (`XPath` 1.0, §3.4).

use std::borrow::Cow;
use std::collections::HashSet;

use super::document::Node;
use super::evaluate::{Evaluator, Exhausted, as_boolean};
use super::expression::Operator;
use super::value::{Value, text_number};

impl<'a> Evaluator<'a> {
    pub(super) fn holds(
        &self,
        operator: Operator,
        left: Value<'a>,
        right: Value<'a>,
    ) -> Result<bool, Exhausted> {
        match (left, right) {
            (left @ Value::Boolean(_), right) | (left, right @ Value::Boolean(_)) => {
                let number = |value: &Value<'_>| f64::from(u8::from(as_boolean(value)));
                Ok(compared(operator, number(&left), number(&right)))
            }
            (Value::Nodes(left), Value::Nodes(right)) => self.sets(operator, &left, &right),
            (Value::Nodes(nodes), single) => self.any(operator, &nodes, &single),
            (single, Value::Nodes(nodes)) => self.any(turned(operator), &nodes, &single),
            (Value::Text(left), Value::Text(right)) if is_equality(operator) => {
                self.spend_text(&left)?;
                Ok((left == right) == (operator == Operator::Equal))
            }
            (left, right) => Ok(compared(operator, self.as_number(left)?, self.as_number(right)?)),
        }
    }

    /// Whether it holds between one of `nodes` and a string or a number.
    fn any(
        &self,
        operator: Operator,
        nodes: &[Node],
        single: &Value<'a>,
    ) -> Result<bool, Exhausted> {
        let number = match single {
            Value::Text(text) if is_equality(operator) => {
                return self
                    .any_text(nodes, |other| (other == text) == (operator == Operator::Equal));
            }
            Value::Text(text) => text_number(text),
            Value::Number(number) => *number,
            Value::Boolean(_) | Value::Nodes(_) => return Ok(false),
        };
        self.any_text(nodes, |other| compared(operator, text_number(other), number))
    }

    fn any_text(&self, nodes: &[Node], test: impl Fn(&str) -> bool) -> Result<bool, Exhausted> {
        for node in nodes {
            if test(&self.node_text(*node)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether it holds between one of `left` and one of `right`, without looking at each pair.
    fn sets(&self, operator: Operator, left: &[Node], right: &[Node]) -> Result<bool, Exhausted> {
        let texts = |nodes: &[Node]| -> Result<Vec<Cow<'a, str>>, Exhausted> {
            nodes.iter().map(|node| self.node_text(*node)).collect()
        };
        let (left, right) = (texts(left)?, texts(right)?);
        let (Some(first), Some(_)) = (left.first(), right.first()) else { return Ok(false) };
        if operator == Operator::Equal {
            let known: HashSet<&str> = left.iter().map(|text| &**text).collect();
            return Ok(right.iter().any(|text| known.contains(&**text)));
        }
        if operator == Operator::NotEqual {
            return Ok(left.iter().chain(&right).any(|text| text != first));
        }
        let numbers = |texts: &[Cow<'_, str>]| -> Vec<f64> {
            texts.iter().map(|text| text_number(text)).filter(|number| !number.is_nan()).collect()
        };
        let (left, right) = (numbers(&left), numbers(&right));
        let least = |numbers: &[f64]| numbers.iter().copied().reduce(f64::min);
        let most = |numbers: &[f64]| numbers.iter().copied().reduce(f64::max);
        let extremes = match operator {
            Operator::Less | Operator::LessOrEqual => (least(&left), most(&right)),
            _ => (most(&left), least(&right)),
        };
        Ok(matches!(extremes, (Some(left), Some(right)) if compared(operator, left, right)))
    }
}

fn is_equality(operator: Operator) -> bool {
    matches!(operator, Operator::Equal | Operator::NotEqual)
}

/// The operator that says the same with its sides exchanged.
fn turned(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        other => other,
    }
}

#[expect(clippy::float_cmp, reason = "the language says equal")]
fn compared(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        _ => left >= right,
    }
}
