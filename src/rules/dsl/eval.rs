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

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<Value<'static>> {
        Some(match name {
            "status_code" => Value::Number(200.0),
            "body" => Value::text("Hello\nWorld"),
            "template-id" => Value::text("x"),
            "list" => Value::List(vec![Value::text("a"), Value::text("b")]),
            "yes" => Value::Bool(true),
            _ => return None,
        })
    }

    fn value_of(text: &str) -> Result<String, String> {
        let expression = Expression::parse(text).map_err(|error| format!("parse: {error}"))?;
        let value =
            expression.evaluate(&|name| variable(name)).map_err(|error| error.to_string())?;
        Ok(match value {
            Value::Null => "null".to_owned(),
            Value::Text(text) => format!("\"{}\"", String::from_utf8_lossy(&text)),
            other => String::from_utf8_lossy(&other.into_text()).into_owned(),
        })
    }

    fn gives(cases: &[(&str, &str)]) {
        for (text, wanted) in cases {
            assert_eq!(value_of(text).as_deref(), Ok(*wanted), "{text}");
        }
    }

    #[test]
    fn arithmetic_precedence_is_left_associative() {
        gives(&[
            ("1 + 2 * 3", "7"),
            ("10 - 3 - 2", "5"),
            ("2 ** 3 ** 2", "64"),
            ("-2 ** 2", "4"),
            ("7 % 4 + .5", "3.5"),
            ("0x1F + 1", "32"),
            ("1 << 4 | 1", "17"),
            ("6 & 3 == 2", "true"),
            ("~0", "-1"),
            ("1 / 0 > 1", "true"),
        ]);
    }

    #[test]
    fn logic_binds_looser_than_comparison_and_short_circuits() {
        gives(&[
            ("1 < 2 && 2 < 1 || yes", "true"),
            ("yes || missing == 1", "true"),
            ("!yes && missing == 1", "false"),
            ("!(1 == 2)", "true"),
            ("yes ? 'a' : 'b'", "\"a\""),
            ("!yes ? 'a' : 'b'", "\"b\""),
            ("(!yes ? 'a') ?? 'c'", "\"c\""),
        ]);
    }

    #[test]
    fn comparison_never_converts() {
        gives(&[
            ("status_code == \"200\"", "false"),
            ("status_code != \"200\"", "true"),
            ("'a' < 'b'", "true"),
            ("status_code in (200, 201)", "true"),
            ("'x' in ('y', 'z')", "false"),
        ]);
        assert!(value_of("'a' < 1").is_err());
        assert!(value_of("1 && yes").is_err());
        assert!(value_of("1 in 2").is_err());
    }

    #[test]
    fn a_backslash_stands_for_the_next_character_itself() {
        gives(&[
            (r#""a\nb""#, "\"anb\""),
            (r"'it\'s'", "\"it's\""),
            (r#""\\d""#, "\"\\d\""),
            ("'status ' + status_code", "\"status 200\""),
            ("[template-id]", "\"x\""),
        ]);
    }

    #[test]
    fn functions_work_on_texts_under_both_spellings() {
        gives(&[
            ("contains(body, 'World') && !contains(body, 'world')", "true"),
            ("contains(tolower(body), 'world')", "true"),
            ("contains_all(body, 'Hello', 'World')", "true"),
            ("containsany(body, 'x', 'World')", "true"),
            ("starts_with(body, 'x', 'Hell') && ends_with(body, 'World')", "true"),
            ("line_starts_with(body, 'Wor') && !line_starts_with(body, 'orl')", "true"),
            ("line_ends_with(body, 'Hello')", "true"),
            (r"regex('^Hello\\sW', body)", "true"),
            ("body =~ '(?i)WORLD' && body !~ 'x'", "true"),
            ("regex_any('l+o', 'x', body) && !regex_all('l+o', 'x', body)", "true"),
            ("len(body)", "11"),
            ("len(list)", "2"),
            ("join('-', list, 3)", "\"a-b-3\""),
            ("concat('a', 1, yes)", "\"a1true\""),
            ("repeat('ab', 2)", "\"abab\""),
            ("replace('a.b.c', '.', '')", "\"abc\""),
            (r"replace_regex('a1b22', '\\d+', '#')", "\"a#b#\""),
            ("replace_regex('ab', '(a)(b)', '$2$1')", "\"ba\""),
            ("trim('--a--', '-') + trim_left('--a', '-') + trim_right('a--', '-')", "\"aaa\""),
            ("trim_prefix('abc', 'a') + trim_suffix('abc', 'c') + trim_space(' x ')", "\"bcabx\""),
            ("to_number(' 12 ') + 1", "13"),
            ("reverse('abc') + to_upper('x') + to_string(2.50)", "\"cbaX2.5\""),
            ("equals_any('a', 'b', 'a')", "true"),
        ]);
    }

    #[test]
    fn a_missing_variable_is_an_error() {
        assert_eq!(value_of("!contains(location, 'x')"), Err("no variable `location`".to_owned()));
    }

    #[test]
    fn texts_do_not_grow_without_bound() {
        assert!(value_of("len(repeat(repeat('a', 10000), 10000))").is_err());
        assert!(value_of("len(repeat('a', 1 / 0))").is_err());
        assert!(value_of("len(replace(repeat('a', 10000), 'a', repeat('b', 10000)))").is_err());
        assert!(
            value_of("len(replace_regex(repeat('a', 10000), 'a', repeat('$0', 10000)))").is_err()
        );
    }

    #[test]
    fn deep_and_long_expressions_are_refused_before_they_cost_stack() {
        assert!(value_of(&"(".repeat(10_000)).is_err());
        assert!(value_of(&format!("1{}", " + 1".repeat(10_000))).is_err());
        assert_eq!(value_of(&format!("1{}", " + 1".repeat(499))).as_deref(), Ok("500"));
        assert!(value_of(&format!("{}1{}", "(".repeat(45), ")".repeat(45))).is_ok());
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let at = |text: &str| Expression::parse(text).map(|_| ()).expect_err("wrong");
        insta::assert_snapshot!(at("a ==!b"), @"`==!` is not an operator; separate operators with spaces");
        insta::assert_snapshot!(at("'open"), @"the text is not closed with '");
        insta::assert_snapshot!(at("!'x'"), @"`!` stands before a text or another operator");
        insta::assert_snapshot!(at("a b"), @"an operator is missing before this");
        insta::assert_snapshot!(at("f(a"), @"unknown function `f`");
        insta::assert_snapshot!(at("contains(a, 'b'"), @"this parenthesis is not closed");
        insta::assert_snapshot!(at("()"), @"these parentheses are empty");
        insta::assert_snapshot!(at("1.2.3"), @"`1.2.3` is not a number");
        insta::assert_snapshot!(at("regex('(', a)"), @"`(` is not a regular expression: unclosed group");
        assert_eq!(at("a == 1 b").at, 7);
    }
}
