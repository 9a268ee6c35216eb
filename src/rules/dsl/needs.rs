//! What must be true of a response for an expression to be true.

use crate::extract::Required;
use crate::rules::prefilter::{Fact, Need, Place};
use crate::rules::view::NAMES;

use super::ast::{Binary, Node, Prefix};
use super::eval::Expression;
use super::functions::Function;

/// Whether a name has a meaning of its own where the expression stands.
type IsLocal<'l> = dyn Fn(&str) -> bool + 'l;

impl Expression {
    /// A condition that is necessary for [`Expression::holds`] to give `true`.
    pub(in crate::rules) fn need(&self, is_local: &IsLocal<'_>) -> Need {
        truth(&self.root, is_local)
    }

    /// Whether it names a variable of which `asked` is true.
    pub(in crate::rules) fn mentions(&self, asked: &dyn Fn(&str) -> bool) -> bool {
        self.variables().any(asked)
    }
}

fn truth(node: &Node, is_local: &IsLocal<'_>) -> Need {
    let exists = exists(node, is_local);
    let more = match node {
        Node::Variable(name) if name == "is_html" && !is_local(name) => Need::Fact(Fact::Html),
        Node::Binary(operator, left, right) => operation(*operator, left, right, is_local),
        Node::Matches(text, pattern) => contains(text, pattern.shape().0, is_local),
        Node::Regex { pattern, texts, all, .. } => {
            let required = pattern.shape().0;
            let each = texts.iter().map(|text| contains(text, required.clone(), is_local));
            if *all { Need::all(each) } else { Need::any(each) }
        }
        Node::Call(function, arguments) => call(function, arguments, is_local),
        Node::Bool(_)
        | Node::Number(_)
        | Node::Text(_)
        | Node::Filled(_)
        | Node::Variable(_)
        | Node::Field(_)
        | Node::Misuse(_)
        | Node::Prefix(..)
        | Node::List(_) => Need::Nothing,
    };
    Need::all([exists, more])
}

fn operation(operator: Binary, left: &Node, right: &Node, is_local: &IsLocal<'_>) -> Need {
    match operator {
        Binary::And | Binary::Then => Need::all([truth(left, is_local), truth(right, is_local)]),
        Binary::Or | Binary::Else | Binary::Coalesce => {
            Need::any([truth(left, is_local), truth(right, is_local)])
        }
        _ => comparison(operator, left, right, is_local),
    }
}

fn comparison(operator: Binary, left: &Node, right: &Node, is_local: &IsLocal<'_>) -> Need {
    match (left, right) {
        (Node::Variable(name), Node::Number(number))
            if name == "status_code" && !is_local(name) =>
        {
            let (low, high) = match operator {
                Binary::Equal => (*number, *number),
                Binary::Less | Binary::LessEqual => (f64::NEG_INFINITY, *number),
                Binary::Greater | Binary::GreaterEqual => (*number, f64::INFINITY),
                _ => return Need::Nothing,
            };
            Need::Status { low, high }
        }
        (Node::Variable(name), Node::Text(text))
            if name == "scheme" && operator == Binary::Equal && !is_local(name) =>
        {
            match text.as_slice() {
                b"https" => Need::Fact(Fact::Https),
                b"http" => Need::Fact(Fact::Http),
                _ => Need::Nothing,
            }
        }
        _ => Need::Nothing,
    }
}

fn call(function: &Function, arguments: &[Node], is_local: &IsLocal<'_>) -> Need {
    let Some((text, others)) = arguments.split_first() else { return Need::Nothing };
    let each = others.iter().map(|other| match other {
        Node::Text(literal) => contains(text, literal_of(text, literal), is_local),
        _ => Need::Nothing,
    });
    match function.name() {
        "contains" | "contains_all" => Need::all(each),
        "contains_any" | "starts_with" | "ends_with" | "line_starts_with" | "line_ends_with" => {
            Need::any(each)
        }
        _ => Need::Nothing,
    }
}

/// What the original of a text contains when the text contains `literal`. Lower case comes from
/// letters outside ASCII too: `k` from the Kelvin sign, `i` from a capital with a dot.
fn literal_of(text: &Node, literal: &[u8]) -> Required {
    if matches!(text, Node::Variable(_)) {
        return Required::literal(literal);
    }
    let pieces = literal.split(|byte| !byte.is_ascii() || matches!(byte, b'i' | b'k'));
    Required::all(pieces.map(Required::literal))
}

/// That a text, or the text it was lower-cased from, contains what is required.
fn contains(text: &Node, required: Required, is_local: &IsLocal<'_>) -> Need {
    let place = |name: &str| Place::of(name).filter(|_| !is_local(name));
    match text {
        Node::Variable(name) => place(name).map_or(Need::Nothing, |at| Need::at(at, required)),
        Node::Call(function, arguments) if function.name() == "to_lower" => match &arguments[..] {
            [Node::Variable(name)] => {
                place(name).map_or(Need::Nothing, |at| Need::at(at, required))
            }
            _ => Need::Nothing,
        },
        _ => Need::Nothing,
    }
}

/// That every name has a value that is asked for however the expression turns out.
fn exists(node: &Node, is_local: &IsLocal<'_>) -> Need {
    let all = |nodes: &[Node]| Need::all(nodes.iter().map(|node| exists(node, is_local)));
    match node {
        Node::Bool(_)
        | Node::Number(_)
        | Node::Text(_)
        | Node::Filled(_)
        | Node::Field(_)
        | Node::Misuse(_) => Need::Nothing,
        Node::Variable(name) if is_local(name) || NAMES.contains(&name.as_str()) => Need::Nothing,
        Node::Variable(name) => Need::name(name),
        Node::Prefix(Prefix::Not | Prefix::Negate | Prefix::Complement, operand) => {
            exists(operand, is_local)
        }
        Node::Binary(
            Binary::And | Binary::Or | Binary::Then | Binary::Else | Binary::Coalesce,
            left,
            _,
        ) => exists(left, is_local),
        Node::Binary(_, left, right) => {
            Need::all([exists(left, is_local), exists(right, is_local)])
        }
        Node::Matches(text, _) => exists(text, is_local),
        Node::Regex { texts, .. } => all(texts),
        Node::Call(_, arguments) => all(arguments),
        Node::List(items) => all(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(text: &str) -> Need {
        Expression::parse(text).expect("an expression").need(&|name: &str| name == "mine")
    }

    fn literal(place: Place, text: &str) -> Need {
        Need::at(place, Required::literal(text.as_bytes()))
    }

    #[test]
    fn literals_of_bodies_and_heads_are_needed() {
        assert_eq!(need("contains(body, 'Abc')"), literal(Place::Body, "abc"));
        assert_eq!(need("body =~ 'a+bcde'"), literal(Place::Body, "bcde"));
        assert_eq!(need("contains(to_lower(all_headers), 'a link')"), literal(Place::Head, "a l"));
        assert_eq!(
            need("contains_any(response, 'abc', 'def') && !contains(body, 'ghi')"),
            Need::any([literal(Place::Whole, "abc"), literal(Place::Whole, "def")])
        );
        assert_eq!(need("contains(body, 'abc') || true"), Need::Nothing);
        assert_eq!(need("contains(to_upper(body), 'ABC')"), Need::Nothing);
        assert_eq!(need("contains(concat(body, 'abc'), 'abc')"), Need::Nothing);
    }

    #[test]
    fn names_are_needed_where_they_are_always_read() {
        assert_eq!(need("x_a == 'b'"), Need::name("x_a"));
        assert_eq!(need("!contains(x_a, 'b')"), Need::name("x_a"));
        assert_eq!(need("mine == 'b'"), Need::Nothing);
        assert_eq!(need("x_a == 'b' || x_c == 'd'"), {
            Need::all([Need::name("x_a"), Need::any([Need::name("x_a"), Need::name("x_c")])])
        });
    }

    #[test]
    fn kinds_of_documents_and_statuses_are_needed() {
        assert!(need("is_html && status_code < 300") != Need::Nothing);
        assert!(need("scheme == 'https'") != Need::Nothing);
        assert_eq!(need("status_code != 200"), Need::Nothing);
    }
}
