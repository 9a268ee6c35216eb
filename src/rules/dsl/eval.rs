//! What an expression is worth.

use crate::extract::Pattern;
use crate::extract::PatternError;

use super::ast::{Binary, Node, Prefix};
use super::functions::bounded;
use super::lexer::ParseError;
use super::parser::parse;
use super::value::Value;

/// Why an expression has no value. In a matcher this is "does not hold".
#[derive(Debug, thiserror::Error)]
pub(in crate::rules) enum EvalError {
    #[error("no variable `{0}`")]
    Missing(String),
    #[error("`{operator}` cannot take {kind}")]
    Operand { operator: &'static str, kind: &'static str },
    #[error(transparent)]
    Pattern(PatternError),
    #[error("the text would grow too long")]
    TooLong,
}

/// A parsed expression.
#[derive(Debug)]
pub(in crate::rules) struct Expression {
    root: Node,
}

/// Finds the value of a name.
pub(in crate::rules) type Lookup<'l, 'v> = dyn Fn(&str) -> Option<Value<'v>> + 'l;

impl Expression {
    pub(in crate::rules) fn parse(text: &str) -> Result<Self, ParseError> {
        parse(text).map(|root| Self { root })
    }

    pub(in crate::rules) fn evaluate<'v>(
        &'v self,
        lookup: &Lookup<'_, 'v>,
    ) -> Result<Value<'v>, EvalError> {
        value(&self.root, lookup)
    }

    /// Whether the value is `true`; an error or another kind of value is not.
    pub(in crate::rules) fn holds<'v>(
        &'v self,
        lookup: &Lookup<'_, 'v>,
    ) -> Result<bool, EvalError> {
        match self.evaluate(lookup)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(EvalError::Operand { operator: "a condition", kind: other.kind() }),
        }
    }
}

fn value<'v>(node: &'v Node, lookup: &Lookup<'_, 'v>) -> Result<Value<'v>, EvalError> {
    match node {
        Node::Bool(value) => Ok(Value::Bool(*value)),
        Node::Number(value) => Ok(Value::Number(*value)),
        Node::Text(text) => Ok(Value::bytes(text)),
        Node::Variable(name) => lookup(name).ok_or_else(|| EvalError::Missing(name.clone())),
        Node::Prefix(prefix, operand) => prefixed(*prefix, value(operand, lookup)?),
        Node::Binary(operator, left, right) => binary(*operator, left, right, lookup),
        Node::Matches(text, pattern) => matches(&value(text, lookup)?, pattern),
        Node::Regex { pattern, texts, all } => {
            let texts: Vec<_> = values(texts, lookup)?.into_iter().map(Value::into_text).collect();
            let holds = if *all {
                texts.iter().all(|text| pattern.is_match(text))
            } else {
                texts.iter().any(|text| pattern.is_match(text))
            };
            Ok(Value::Bool(holds))
        }
        Node::Call(function, arguments) => function.call(values(arguments, lookup)?),
        Node::List(items) => values(items, lookup).map(Value::List),
    }
}

fn values<'v>(nodes: &'v [Node], lookup: &Lookup<'_, 'v>) -> Result<Vec<Value<'v>>, EvalError> {
    nodes.iter().map(|node| value(node, lookup)).collect()
}

fn prefixed(prefix: Prefix, operand: Value<'_>) -> Result<Value<'_>, EvalError> {
    match (prefix, operand) {
        (Prefix::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (Prefix::Negate, Value::Number(value)) => Ok(Value::Number(-value)),
        (Prefix::Complement, Value::Number(value)) => Ok(Value::Number(!integer(value) as f64)),
        (prefix, other) => {
            let operator = match prefix {
                Prefix::Not => "!",
                Prefix::Negate => "-",
                Prefix::Complement => "~",
            };
            Err(EvalError::Operand { operator, kind: other.kind() })
        }
    }
}

fn binary<'v>(
    operator: Binary,
    left: &'v Node,
    right: &'v Node,
    lookup: &Lookup<'_, 'v>,
) -> Result<Value<'v>, EvalError> {
    let first = value(left, lookup)?;
    match operator {
        Binary::And if !truth("&&", &first)? => Ok(Value::Bool(false)),
        Binary::And => truth("&&", &value(right, lookup)?).map(Value::Bool),
        Binary::Or if truth("||", &first)? => Ok(Value::Bool(true)),
        Binary::Or => truth("||", &value(right, lookup)?).map(Value::Bool),
        Binary::Then if truth("?", &first)? => value(right, lookup),
        Binary::Then => Ok(Value::Null),
        Binary::Else | Binary::Coalesce => match first {
            Value::Null => value(right, lookup),
            other => Ok(other),
        },
        _ => strict(operator, first, value(right, lookup)?),
    }
}

/// Operators that always look at both sides.
fn strict<'v>(operator: Binary, left: Value<'v>, right: Value<'v>) -> Result<Value<'v>, EvalError> {
    let holds = match operator {
        Binary::Equal => left == right,
        Binary::NotEqual => left != right,
        Binary::Less => order("<", &left, &right)? == Some(std::cmp::Ordering::Less),
        Binary::Greater => order(">", &left, &right)? == Some(std::cmp::Ordering::Greater),
        Binary::LessEqual => order("<=", &left, &right)?.is_some_and(std::cmp::Ordering::is_le),
        Binary::GreaterEqual => order(">=", &left, &right)?.is_some_and(std::cmp::Ordering::is_ge),
        Binary::In => match right {
            Value::List(items) => items.contains(&left),
            other => return Err(EvalError::Operand { operator: "in", kind: other.kind() }),
        },
        Binary::Matches => return dynamic_match(&left, right),
        Binary::MatchesNot => return prefixed(Prefix::Not, dynamic_match(&left, right)?),
        Binary::Add => return add(left, right),
        _ => return arithmetic(operator, &left, &right).map(Value::Number),
    };
    Ok(Value::Bool(holds))
}

fn add<'v>(left: Value<'v>, right: Value<'v>) -> Result<Value<'v>, EvalError> {
    if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) {
        let (left, right) = (left.into_text(), right.into_text());
        bounded(left.len().checked_add(right.len()))?;
        return Ok(Value::owned([left, right].concat()));
    }
    Ok(Value::Number(number("+", &left)? + number("+", &right)?))
}

fn arithmetic(operator: Binary, left: &Value<'_>, right: &Value<'_>) -> Result<f64, EvalError> {
    let name = "an arithmetic operator";
    let (left, right) = (number(name, left)?, number(name, right)?);
    let (a, b) = (integer(left), integer(right));
    let shift = u32::try_from(b).unwrap_or(u32::MAX);
    Ok(match operator {
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        Binary::Modulo => left % right,
        Binary::Power => left.powf(right),
        Binary::BitAnd => (a & b) as f64,
        Binary::BitOr => (a | b) as f64,
        Binary::BitXor => (a ^ b) as f64,
        Binary::ShiftLeft => a.checked_shl(shift).unwrap_or(0) as f64,
        Binary::ShiftRight => a.checked_shr(shift).unwrap_or(if a < 0 { -1 } else { 0 }) as f64,
        other => unreachable!("{other:?} is no arithmetic operator"),
    })
}

/// Towards zero, saturating.
#[expect(clippy::cast_possible_truncation, reason = "the operators work on integers")]
fn integer(value: f64) -> i64 {
    value as i64
}

fn truth(operator: &'static str, value: &Value<'_>) -> Result<bool, EvalError> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(EvalError::Operand { operator, kind: other.kind() }),
    }
}

fn number(operator: &'static str, value: &Value<'_>) -> Result<f64, EvalError> {
    match value {
        Value::Number(value) => Ok(*value),
        other => Err(EvalError::Operand { operator, kind: other.kind() }),
    }
}

/// Two numbers or two texts have an order; nothing else.
fn order(
    operator: &'static str,
    left: &Value<'_>,
    right: &Value<'_>,
) -> Result<Option<std::cmp::Ordering>, EvalError> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Ok(left.partial_cmp(right)),
        (Value::Text(left), Value::Text(right)) => Ok(Some(left.cmp(right))),
        (Value::Number(_) | Value::Text(_), other) | (other, _) => {
            Err(EvalError::Operand { operator, kind: other.kind() })
        }
    }
}

fn matches<'v>(text: &Value<'_>, pattern: &Pattern) -> Result<Value<'v>, EvalError> {
    match text {
        Value::Text(text) => Ok(Value::Bool(pattern.is_match(text))),
        other => Err(EvalError::Operand { operator: "=~", kind: other.kind() }),
    }
}

fn dynamic_match<'v>(text: &Value<'_>, pattern: Value<'_>) -> Result<Value<'v>, EvalError> {
    let pattern = pattern.into_text();
    let pattern = Pattern::new(&String::from_utf8_lossy(&pattern)).map_err(EvalError::Pattern)?;
    matches(text, &pattern)
}
