//! An expression on a document, within a budget of work.

use std::borrow::Cow;
use std::cell::Cell;

use super::document::{Document, Node};
use super::expression::{Axis, Expression, Operator, Path, Start, Step};
use super::value::{Value, is_true, number_text, text_number};

/// Nodes looked at, and texts read in units of [`TEXT_UNIT`] bytes: what any page takes many times
/// over, and about a tenth of a second.
pub(super) const MAX_WORK: u64 = 8_000_000;
const TEXT_UNIT: usize = 8;

/// The budget is spent.
#[derive(Debug)]
pub(super) struct Exhausted;

/// Where an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) node: Node,
    /// From 1 to `size`.
    pub(super) position: usize,
    pub(super) size: usize,
}

impl Place {
    /// The root of a document.
    pub(super) const ROOT: Self = Self { node: 0, position: 1, size: 1 };
}

pub(super) struct Evaluator<'a> {
    pub(super) document: &'a Document,
    work: Cell<u64>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(document: &'a Document, work: u64) -> Self {
        Self { document, work: Cell::new(work) }
    }

    pub(super) fn spend(&self, work: usize) -> Result<(), Exhausted> {
        let left = self.work.get().checked_sub(work as u64);
        self.work.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Exhausted)
    }

    pub(super) fn spend_text(&self, text: &str) -> Result<(), Exhausted> {
        self.spend(1 + text.len() / TEXT_UNIT)
    }

    /// The text in `node`, paid for.
    pub(super) fn node_text(&self, node: Node) -> Result<Cow<'a, str>, Exhausted> {
        self.spend((self.document.entry(node).end - node) as usize)?;
        let text = self.document.text(node);
        self.spend_text(&text)?;
        Ok(text)
    }

    /// Puts what a top expression that gives nodes selects into `out`, unordered; where the budget is
    /// spent, the nodes that were certain until then.
    pub(super) fn select(
        &self,
        expression: &'a Expression,
        out: &mut Vec<Node>,
    ) -> Result<(), Exhausted> {
        match expression {
            Expression::Path(path) => self.path_into(path, Place::ROOT, out),
            Expression::Chain(first, rest) => {
                self.select(first, out)?;
                rest.iter().try_for_each(|(_, operand)| self.select(operand, out))
            }
            other => {
                out.extend(self.nodes(other, Place::ROOT)?);
                Ok(())
            }
        }
    }

    pub(super) fn evaluate(
        &self,
        expression: &'a Expression,
        place: Place,
    ) -> Result<Value<'a>, Exhausted> {
        self.spend(1)?;
        match expression {
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Text(text) => Ok(Value::Text(Cow::Borrowed(text))),
            Expression::Negated(operand) => Ok(Value::Number(-self.number(operand, place)?)),
            Expression::Call(function, arguments) => self.call(function, arguments, place),
            Expression::Path(path) => {
                let mut nodes = Vec::new();
                self.path_into(path, place, &mut nodes)?;
                Ok(Value::Nodes(ordered(nodes)))
            }
            Expression::Chain(first, rest) => self.chain(first, rest, place),
        }
    }

    pub(super) fn nodes(
        &self,
        expression: &'a Expression,
        place: Place,
    ) -> Result<Vec<Node>, Exhausted> {
        match self.evaluate(expression, place)? {
            Value::Nodes(nodes) => Ok(nodes),
            // The parser has looked.
            Value::Text(_) | Value::Number(_) | Value::Boolean(_) => Ok(Vec::new()),
        }
    }

    pub(super) fn number(
        &self,
        expression: &'a Expression,
        place: Place,
    ) -> Result<f64, Exhausted> {
        let value = self.evaluate(expression, place)?;
        self.as_number(value)
    }

    pub(super) fn text(
        &self,
        expression: &'a Expression,
        place: Place,
    ) -> Result<Cow<'a, str>, Exhausted> {
        let value = self.evaluate(expression, place)?;
        self.as_text(value)
    }

    pub(super) fn as_number(&self, value: Value<'a>) -> Result<f64, Exhausted> {
        Ok(match value {
            Value::Number(number) => number,
            Value::Boolean(is_true) => f64::from(u8::from(is_true)),
            Value::Text(text) => text_number(&text),
            nodes @ Value::Nodes(_) => text_number(&self.as_text(nodes)?),
        })
    }

    pub(super) fn as_text(&self, value: Value<'a>) -> Result<Cow<'a, str>, Exhausted> {
        Ok(match value {
            Value::Text(text) => text,
            Value::Number(number) => number_text(number),
            Value::Boolean(is_true) => Cow::Borrowed(if is_true { "true" } else { "false" }),
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => self.node_text(*first)?,
                None => Cow::Borrowed(""),
            },
        })
    }

    fn chain(
        &self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        place: Place,
    ) -> Result<Value<'a>, Exhausted> {
        let mut value = self.evaluate(first, place)?;
        for (operator, operand) in rest {
            value = match operator {
                Operator::Or | Operator::And => {
                    let is_decided = as_boolean(&value) == (*operator == Operator::Or);
                    let operand = || self.evaluate(operand, place);
                    Value::Boolean(as_boolean(&if is_decided { value } else { operand()? }))
                }
                Operator::Union => {
                    let Value::Nodes(mut nodes) = value else { return Ok(value) };
                    nodes.extend(self.nodes(operand, place)?);
                    self.spend(nodes.len())?;
                    Value::Nodes(ordered(nodes))
                }
                Operator::Plus
                | Operator::Minus
                | Operator::Times
                | Operator::Divide
                | Operator::Modulo => {
                    let left = self.as_number(value)?;
                    let right = self.number(operand, place)?;
                    Value::Number(calculated(*operator, left, right))
                }
                comparison => {
                    let right = self.evaluate(operand, place)?;
                    Value::Boolean(self.holds(*comparison, value, right)?)
                }
            };
        }
        Ok(value)
    }

    fn path_into(
        &self,
        path: &'a Path,
        place: Place,
        out: &mut Vec<Node>,
    ) -> Result<(), Exhausted> {
        let mut nodes = match &path.start {
            Start::Root => vec![0],
            Start::Here => vec![place.node],
            Start::Filtered(expression, predicates) => {
                let nodes = self.nodes(expression, place)?;
                if path.steps.is_empty() {
                    return self.filter(nodes, predicates, out);
                }
                let mut kept = Vec::new();
                self.filter(nodes, predicates, &mut kept)?;
                kept
            }
        };
        let Some((last, steps)) = path.steps.split_last() else {
            out.append(&mut nodes);
            return Ok(());
        };
        for step in steps {
            let mut found = Vec::new();
            self.step(step, &nodes, &mut found)?;
            nodes = ordered(found);
        }
        self.step(last, &nodes, out)
    }

    /// What a step selects from `nodes`, which are in document order.
    fn step(&self, step: &'a Step, nodes: &[Node], out: &mut Vec<Node>) -> Result<(), Exhausted> {
        let is_downwards = matches!(step.axis, Axis::Descendant | Axis::DescendantOrSelf);
        let mut covered = 0;
        for node in nodes {
            // What is in a node that was looked through has been found with it.
            let is_covered = *node < covered && !self.document.is_attribute(*node);
            if is_downwards && is_covered && step.predicates.is_empty() {
                continue;
            }
            covered = self.document.entry(*node).end;
            let found = self.on_axis(step, *node)?;
            self.filter(found, &step.predicates, out)?;
        }
        Ok(())
    }

    /// The nodes on a step's axis that pass its test, nearest first; where only the first few are
    /// asked for, not many more.
    fn on_axis(&self, step: &'a Step, node: Node) -> Result<Vec<Node>, Exhausted> {
        let enough = match step.predicates.first() {
            Some(Expression::Number(number)) => *number,
            _ => f64::INFINITY,
        };
        let mut found = Vec::new();
        let mut outcome = self.spend(1);
        self.document.walk(step.axis, node, &mut |node| {
            outcome = self.spend(1);
            if self.document.passes(step.axis, node, &step.test) {
                found.push(node);
            }
            outcome.is_ok() && (found.len() as f64) < enough
        });
        outcome.map(|()| found)
    }

    /// Puts those that fulfil every predicate into `out`, one by one; their order is that of the
    /// positions.
    fn filter(
        &self,
        nodes: Vec<Node>,
        predicates: &'a [Expression],
        out: &mut Vec<Node>,
    ) -> Result<(), Exhausted> {
        let Some((last, predicates)) = predicates.split_last() else {
            out.extend(nodes);
            return Ok(());
        };
        let mut nodes = nodes;
        for predicate in predicates {
            let mut kept = Vec::new();
            self.fulfilling(&nodes, predicate, &mut kept)?;
            nodes = kept;
        }
        self.fulfilling(&nodes, last, out)
    }

    fn fulfilling(
        &self,
        nodes: &[Node],
        predicate: &'a Expression,
        out: &mut Vec<Node>,
    ) -> Result<(), Exhausted> {
        let size = nodes.len();
        for (index, node) in nodes.iter().enumerate() {
            let place = Place { node: *node, position: index + 1, size };
            let is_fulfilled = match self.evaluate(predicate, place)? {
                #[expect(clippy::float_cmp, reason = "positions are whole numbers")]
                Value::Number(number) => number == place.position as f64,
                other => as_boolean(&other),
            };
            if is_fulfilled {
                out.push(*node);
            }
        }
        Ok(())
    }
}

pub(super) fn as_boolean(value: &Value<'_>) -> bool {
    match value {
        Value::Boolean(is_true) => *is_true,
        Value::Number(number) => is_true(*number),
        Value::Text(text) => !text.is_empty(),
        Value::Nodes(nodes) => !nodes.is_empty(),
    }
}

/// In document order, each once.
pub(super) fn ordered(mut nodes: Vec<Node>) -> Vec<Node> {
    if !nodes.is_sorted_by(|one, other| one < other) {
        nodes.sort_unstable();
        nodes.dedup();
    }
    nodes
}

fn calculated(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    }
}
