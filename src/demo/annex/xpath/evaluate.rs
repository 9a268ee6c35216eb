//! Finds what an expression selects.

use super::node::Kind;
use super::node::Node;
use super::parse::Expression;
use super::parse::Step;
use super::parse::parse;
use crate::demo::annex::xml::Element;

/// Nodes a query may look at, its predicates included.
const VISITS: usize = 200_000;

/// The elements that a query selects, or whose attributes and texts it does. A single value is an
/// element that has it for its text.
pub(in crate::demo::annex) fn select(root: &Element, query: &str) -> Result<Vec<Element>, String> {
    let expression = parse(query)?;
    let mut visits = 0;
    let document = Node { line: vec![root], kind: Kind::Document };
    let value =
        Context { node: &document, position: 1, size: 1 }.value(&expression, &mut visits)?;
    Ok(match value {
        Value::Nodes(nodes) => nodes.iter().map(|node| node.element().clone()).collect(),
        other => vec![Element { text: other.text(), ..Element::default() }],
    })
}

#[derive(Debug, Clone)]
enum Value<'a> {
    Nodes(Vec<Node<'a>>),
    Text(String),
    Number(f64),
    Bool(bool),
}

impl Value<'_> {
    fn text(&self) -> String {
        match self {
            Self::Nodes(nodes) => nodes.first().map(Node::text).unwrap_or_default(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Bool(value) => f64::from(u8::from(*value)),
            other => other.text().trim().parse().unwrap_or(f64::NAN),
        }
    }

    fn holds(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Bool(value) => *value,
        }
    }
}

struct Context<'c, 'a> {
    node: &'c Node<'a>,
    position: usize,
    size: usize,
}

impl<'a> Context<'_, 'a> {
    fn value(&self, expression: &Expression, visits: &mut usize) -> Result<Value<'a>, String> {
        *visits += 1;
        if *visits > VISITS {
            return Err("operation limit exceeded".to_owned());
        }
        Ok(match expression {
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Number(number) => Value::Number(*number),
            Expression::Or(left, right) => {
                Value::Bool(self.value(left, visits)?.holds() || self.value(right, visits)?.holds())
            }
            Expression::And(left, right) => {
                Value::Bool(self.value(left, visits)?.holds() && self.value(right, visits)?.holds())
            }
            Expression::Compare(sign, left, right) => {
                let (left, right) = (self.value(left, visits)?, self.value(right, visits)?);
                Value::Bool(compare(sign, &left, &right))
            }
            Expression::Add(plus, left, right) => {
                let (left, right) = (self.value(left, visits)?, self.value(right, visits)?);
                let sign = if *plus { 1.0 } else { -1.0 };
                Value::Number(left.number() + sign * right.number())
            }
            Expression::Union(left, right) => {
                match (self.value(left, visits)?, self.value(right, visits)?) {
                    (Value::Nodes(mut nodes), Value::Nodes(more)) => {
                        nodes.extend(more);
                        Value::Nodes(nodes)
                    }
                    _ => return Err("union of something that is no node-set".to_owned()),
                }
            }
            Expression::Call(name, arguments) => self.call(name, arguments, visits)?,
            Expression::Path(absolute, steps) => {
                let start = self.node.clone();
                let root = Node { line: vec![start.line[0]], kind: Kind::Document };
                let mut nodes = vec![if *absolute { root } else { start }];
                for step in steps {
                    nodes = take(step, &nodes, visits)?;
                }
                Value::Nodes(nodes)
            }
        })
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Expression],
        visits: &mut usize,
    ) -> Result<Value<'a>, String> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.value(argument, visits)?);
        }
        let text = |index: usize| values.get(index).map_or_else(|| self.node.text(), Value::text);
        Ok(match (name, values.len()) {
            ("true", 0) => Value::Bool(true),
            ("false", 0) => Value::Bool(false),
            ("position", 0) => Value::Number(self.position as f64),
            ("last", 0) => Value::Number(self.size as f64),
            ("not", 1) => Value::Bool(!values[0].holds()),
            ("count", 1) => match &values[0] {
                Value::Nodes(nodes) => Value::Number(nodes.len() as f64),
                _ => return Err("invalid type".to_owned()),
            },
            ("name" | "local-name", 0) => Value::Text(self.node.element().name.clone()),
            ("name" | "local-name", 1) => match &values[0] {
                Value::Nodes(nodes) => {
                    Value::Text(nodes.first().map(|n| n.element().name.clone()).unwrap_or_default())
                }
                _ => return Err("invalid type".to_owned()),
            },
            ("string" | "normalize-space", 0 | 1) => Value::Text(text(0).trim().to_owned()),
            ("number", 1) => Value::Number(values[0].number()),
            ("string-length", 0 | 1) => Value::Number(text(0).chars().count() as f64),
            ("contains", 2) => Value::Bool(text(0).contains(&text(1))),
            ("starts-with", 2) => Value::Bool(text(0).starts_with(&text(1))),
            ("concat", 2..) => Value::Text(values.iter().map(Value::text).collect()),
            ("substring", 2 | 3) => {
                let range = |index: usize| values.get(index).map(Value::number);
                Value::Text(substring(&text(0), range(1).unwrap_or(1.0), range(2)))
            }
            _ => return Err(format!("unregistered function or wrong arguments: {name}")),
        })
    }
}

/// The nodes that one step leads to.
fn take<'a>(step: &Step, nodes: &[Node<'a>], visits: &mut usize) -> Result<Vec<Node<'a>>, String> {
    let mut found = Vec::new();
    for node in nodes {
        let starts = if step.deep { node.with_descendants() } else { vec![node.clone()] };
        for start in starts {
            *visits += 1;
            let mut matching = start.matching(&step.test);
            for predicate in &step.predicates {
                let size = matching.len();
                let mut kept = Vec::new();
                for (index, node) in matching.into_iter().enumerate() {
                    let position = index + 1;
                    let context = Context { node: &node, position, size };
                    let holds = match context.value(predicate, visits)? {
                        Value::Number(number) => (number - position as f64).abs() < 0.5,
                        other => other.holds(),
                    };
                    if holds {
                        kept.push(node);
                    }
                }
                matching = kept;
            }
            for node in matching {
                if !nodes_have(&found, &node) {
                    found.push(node);
                }
            }
        }
    }
    Ok(found)
}

fn nodes_have(nodes: &[Node<'_>], wanted: &Node<'_>) -> bool {
    nodes.iter().any(|node| {
        node.kind == wanted.kind
            && node.line.len() == wanted.line.len()
            && std::ptr::eq(node.element(), wanted.element())
    })
}

fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let wanted = |index: usize| {
        let position = (index + 1) as f64;
        position >= start.round() && length.is_none_or(|length| position < (start + length).round())
    };
    text.chars().enumerate().filter(|(index, _)| wanted(*index)).map(|(_, c)| c).collect()
}

/// A comparison with a set of nodes holds if it does for one of them.
fn compare(sign: &str, left: &Value<'_>, right: &Value<'_>) -> bool {
    if let Value::Nodes(nodes) = left {
        return nodes.iter().any(|node| compare(sign, &Value::Text(node.text()), right));
    }
    if let Value::Nodes(nodes) = right {
        return nodes.iter().any(|node| compare(sign, left, &Value::Text(node.text())));
    }
    let equal = match (left, right) {
        (Value::Bool(_), _) | (_, Value::Bool(_)) => left.holds() == right.holds(),
        (Value::Number(_), _) | (_, Value::Number(_)) => {
            (left.number() - right.number()).abs() < f64::EPSILON
        }
        _ => left.text() == right.text(),
    };
    match sign {
        "=" => equal,
        "!=" => !equal,
        "<" => left.number() < right.number(),
        ">" => left.number() > right.number(),
        "<=" => left.number() <= right.number(),
        _ => left.number() >= right.number(),
    }
}

#[cfg(test)]
mod tests {
    use super::select;
    use crate::demo::annex::xml::Element;

    fn dealers() -> Element {
        let dealer = |login: &str, town: &str| Element {
            name: "dealer".to_owned(),
            attributes: vec![("login".to_owned(), login.to_owned())],
            children: vec![Element {
                name: "town".to_owned(),
                text: town.to_owned(),
                ..Element::default()
            }],
            ..Element::default()
        };
        Element {
            name: "dealers".to_owned(),
            children: vec![dealer("ann", "Ambleton"), dealer("ben", "Porthaven")],
            ..Element::default()
        }
    }

    #[test]
    fn queries_select_what_they_say() {
        for (query, found) in [
            ("//dealer", 2),
            ("/dealers/dealer[@login='ann']", 1),
            ("//dealer[@login='ann' or '1'='1']/town", 2),
            ("//dealer[2]/town/text()", 1),
            ("//dealer[starts-with(town, 'P') and not(@login='x')]", 1),
            ("//town[.='Ambleton']/..", 1),
            ("//dealer[@login='x'] | //town", 2),
            ("//dealer[string-length(@login)=3][last()]", 1),
            ("//*[name()='town']", 2),
            ("count(//dealer)", 1),
        ] {
            assert_eq!(select(&dealers(), query).map(|found| found.len()), Ok(found), "{query}");
        }
        for bad in ["//dealer[@login='ann''", "//", "//dealer[", "foo()", "'a"] {
            assert!(select(&dealers(), bad).is_err(), "{bad}");
        }
    }
}
