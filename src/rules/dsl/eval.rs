//! What an expression is worth.

use crate::extract::Pattern;
use crate::extract::PatternError;

use super::ast::{Binary, Node, Prefix};
use super::environment::{Environment, without};
use super::functions::bounded;
use super::lexer::ParseError;
use super::parser::{Markers, parse};
use super::render::RenderError;
use super::value::Value;

/// Why an expression has no value. In a matcher this is "does not hold".
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A variable that does not exist.
    #[error("no variable `{0}`")]
    Missing(String),
    /// `name.Field`: no value has fields.
    #[error("`{0}`: no value has fields")]
    Field(String),
    /// An operator got a kind of value that it does not work with.
    #[error("`{operator}` cannot take {kind}")]
    Operand {
        /// The operator.
        operator: &'static str,
        /// What it got.
        kind: &'static str,
    },
    /// A function got an argument that it cannot work with.
    #[error("`{function}`: {problem}")]
    Argument {
        /// The function.
        function: &'static str,
        /// What is wrong with the argument.
        problem: &'static str,
    },
    /// A function that cannot be called as it is.
    #[error(transparent)]
    Misuse(ParseError),
    /// A pattern that only evaluation knew.
    #[error(transparent)]
    Pattern(PatternError),
    /// A text would be longer, or a list have more entries, than is sensible.
    #[error("the text would grow too long")]
    TooLong,
    /// A marker in a string holds an expression that has no value.
    #[error(transparent)]
    Marker(Box<RenderError>),
}

/// A parsed expression.
#[derive(Debug)]
pub struct Expression {
    pub(super) root: Node,
}

/// Finds the value of a name. It is called once for each time that a name is used, and only for
/// names that are used, so it may hand out something new each time.
pub type Lookup<'l, 'v> = dyn Fn(&str) -> Option<Value<'v>> + 'l;

impl Expression {
    /// The expression that `text` is, on its own: a line of a matcher or an extractor.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong at which byte.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let expression = Self::tolerant(text)?;
        match expression.misuse() {
            Some(misuse) => Err(misuse.clone()),
            None => Ok(expression),
        }
    }

    /// As [`Self::parse`], but as Nuclei reads its templates: a call that cannot work is only an
    /// error when it is evaluated, and [`Self::misuse`] tells of it before.
    ///
    /// # Errors
    /// [`ParseError`] where the grammar does not hold.
    pub fn tolerant(text: &str) -> Result<Self, ParseError> {
        parse(text, Markers::Expressions).map(|root| Self { root })
    }

    /// The expression that `text` is within a text that is rendered.
    pub(super) fn in_text(text: &str) -> Result<Self, ParseError> {
        parse(text, Markers::Names).map(|root| Self { root })
    }

    /// What the expression is worth.
    ///
    /// # Errors
    /// [`EvalError`] for missing variables and values of the wrong kind.
    pub fn evaluate<'v>(
        &'v self,
        lookup: &Lookup<'_, 'v>,
        environment: &mut Environment<'_>,
    ) -> Result<Value<'v>, EvalError> {
        Machine { lookup, environment }.value(&self.root)
    }

    /// Whether the value is `true`.
    ///
    /// # Errors
    /// [`EvalError`] if there is no value or it is no boolean.
    pub fn holds(
        &self,
        lookup: &Lookup<'_, '_>,
        environment: &mut Environment<'_>,
    ) -> Result<bool, EvalError> {
        truth("a condition", &self.evaluate(&|name| lookup(name), environment)?)
    }

    /// As [`Self::holds`], for expressions that are deterministic.
    pub(in crate::rules) fn holds_always(
        &self,
        lookup: &Lookup<'_, '_>,
    ) -> Result<bool, EvalError> {
        without(|environment| self.holds(lookup, environment))
    }

    /// The first call that cannot work: with a wrong number of arguments, with a pattern that does
    /// not compile, or of a function that is refused. Also in markers of its strings.
    pub fn misuse(&self) -> Option<&ParseError> {
        first_misuse(&self.root)
    }

    /// The names of variables that it mentions, also in markers of its strings, each once.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let mut names = Vec::new();
        collect_variables(&self.root, true, &mut names);
        unique(names)
    }

    /// Those of them that stand outside of strings.
    pub(super) fn bare_variables(&self) -> impl Iterator<Item = &str> {
        let mut names = Vec::new();
        collect_variables(&self.root, false, &mut names);
        unique(names)
    }

    /// The names of functions that it calls, also in markers of its strings, each once.
    pub fn functions(&self) -> impl Iterator<Item = &'static str> {
        let mut names = Vec::new();
        collect_functions(&self.root, &mut names);
        unique(names)
    }

    /// Whether the same variables always give the same value.
    pub fn is_deterministic(&self) -> bool {
        deterministic(&self.root)
    }
}

fn unique<T: Copy + PartialEq>(names: Vec<T>) -> impl Iterator<Item = T> {
    let mut kept: Vec<T> = Vec::new();
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept.into_iter()
}

fn collect_variables<'n>(node: &'n Node, in_texts: bool, names: &mut Vec<&'n str>) {
    match node {
        Node::Variable(name) => names.push(name),
        Node::Filled(text) if in_texts => names.extend(text.variables()),
        _ => {
            let children = node.children().into_iter();
            children.for_each(|child| collect_variables(child, in_texts, names));
        }
    }
}

fn collect_functions(node: &Node, names: &mut Vec<&'static str>) {
    match node {
        Node::Call(function, _) => names.push(function.name()),
        Node::Regex { function, .. } => names.push(function),
        Node::Filled(text) => names.extend(text.functions()),
        _ => {}
    }
    node.children().into_iter().for_each(|child| collect_functions(child, names));
}

fn first_misuse(node: &Node) -> Option<&ParseError> {
    match node {
        Node::Misuse(error) => Some(error),
        Node::Filled(text) => text.problems().next(),
        _ => node.children().into_iter().find_map(first_misuse),
    }
}

fn deterministic(node: &Node) -> bool {
    let own = match node {
        Node::Call(function, arguments) => function.is_pure(arguments.len()),
        Node::Filled(text) => text.is_deterministic(),
        _ => true,
    };
    own && node.children().into_iter().all(deterministic)
}

/// One evaluation.
struct Machine<'m, 'l, 'v, 'e> {
    lookup: &'m Lookup<'l, 'v>,
    environment: &'m mut Environment<'e>,
}

impl<'v> Machine<'_, '_, 'v, '_> {
    fn value(&mut self, node: &'v Node) -> Result<Value<'v>, EvalError> {
        match node {
            Node::Bool(value) => Ok(Value::Bool(*value)),
            Node::Number(value) => Ok(Value::Number(*value)),
            Node::Text(text) => Ok(Value::bytes(text)),
            Node::Filled(text) => text
                .render(self.lookup, self.environment)
                .map(Value::owned)
                .map_err(|error| EvalError::Marker(Box::new(error))),
            Node::Variable(name) => {
                (self.lookup)(name).ok_or_else(|| EvalError::Missing(name.clone()))
            }
            Node::Field(name) => Err(EvalError::Field(name.clone())),
            Node::Misuse(error) => Err(EvalError::Misuse(ParseError::clone(error))),
            Node::Prefix(prefix, operand) => prefixed(*prefix, self.value(operand)?),
            Node::Binary(operator, left, right) => self.binary(*operator, left, right),
            Node::Matches(text, pattern) => matches(&self.value(text)?, pattern),
            Node::Regex { pattern, texts, all, .. } => self.regex(pattern, texts, *all),
            Node::Call(function, arguments) => {
                let arguments = self.values(arguments)?;
                function.call(arguments, self.environment)
            }
            Node::List(items) => self.values(items).map(Value::List),
        }
    }

    fn values(&mut self, nodes: &'v [Node]) -> Result<Vec<Value<'v>>, EvalError> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn regex(
        &mut self,
        pattern: &Pattern,
        texts: &'v [Node],
        all: bool,
    ) -> Result<Value<'v>, EvalError> {
        let texts: Vec<_> = self.values(texts)?.into_iter().map(Value::into_text).collect();
        let mut matches = texts.iter().map(|text| pattern.is_match(text));
        let holds =
            if all { matches.all(|matches| matches) } else { matches.any(|matches| matches) };
        Ok(Value::Bool(holds))
    }

    fn binary(
        &mut self,
        operator: Binary,
        left: &'v Node,
        right: &'v Node,
    ) -> Result<Value<'v>, EvalError> {
        let first = self.value(left)?;
        match operator {
            Binary::And if !truth("&&", &first)? => Ok(Value::Bool(false)),
            Binary::And => truth("&&", &self.value(right)?).map(Value::Bool),
            Binary::Or if truth("||", &first)? => Ok(Value::Bool(true)),
            Binary::Or => truth("||", &self.value(right)?).map(Value::Bool),
            Binary::Then if truth("?", &first)? => self.value(right),
            Binary::Then => Ok(Value::Null),
            Binary::Else | Binary::Coalesce => match first {
                Value::Null => self.value(right),
                other => Ok(other),
            },
            _ => strict(operator, first, self.value(right)?),
        }
    }
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
        let (left, right) = (left.into_shown(), right.into_shown());
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
