//! The functions of the core library (`XPath` 1.0, §4) and a few that came later.

use std::borrow::Cow;
use std::collections::HashMap;

use super::document::{Node, NodeKind};
use super::evaluate::{Evaluator, Exhausted, Place, as_boolean};
use super::expression::{Expression, Function};
use super::value::{Value, rounded, text_number};

type Text<'a> = Cow<'a, str>;

impl<'a> Evaluator<'a> {
    pub(super) fn call(
        &self,
        function: &'a Function,
        arguments: &'a [Expression],
        place: Place,
    ) -> Result<Value<'a>, Exhausted> {
        Ok(match function {
            Function::True => Value::Boolean(true),
            Function::False => Value::Boolean(false),
            Function::Boolean => Value::Boolean(self.truth(arguments, place)?),
            Function::Not => Value::Boolean(!self.truth(arguments, place)?),
            Function::Contains | Function::StartsWith | Function::EndsWith => {
                let (text, part) = self.two(arguments, place)?;
                Value::Boolean(match function {
                    Function::Contains => text.contains(&*part),
                    Function::StartsWith => text.starts_with(&*part),
                    _ => text.ends_with(&*part),
                })
            }
            Function::Matches(pattern) => {
                let text = self.argument(arguments, place)?;
                Value::Boolean(pattern.is_match(text.as_bytes()))
            }
            Function::Lang => {
                let wanted = self.argument(arguments, place)?;
                Value::Boolean(self.is_in_language(place.node, &wanted)?)
            }
            Function::Id => Value::Nodes(self.with_ids(arguments, place)?),
            Function::Position => Value::Number(place.position as f64),
            Function::Last => Value::Number(place.size as f64),
            Function::Count | Function::Sum => {
                let nodes = self.all(arguments, place)?;
                Value::Number(match function {
                    Function::Count => nodes.len() as f64,
                    _ => self.sum(&nodes)?,
                })
            }
            Function::Number | Function::Floor | Function::Ceiling | Function::Round => {
                let number = match arguments.first() {
                    Some(argument) => self.number(argument, place)?,
                    None => text_number(&self.node_text(place.node)?),
                };
                Value::Number(match function {
                    Function::Floor => number.floor(),
                    Function::Ceiling => number.ceil(),
                    Function::Round => rounded(number),
                    _ => number,
                })
            }
            Function::StringLength => {
                Value::Number(self.argument(arguments, place)?.chars().count() as f64)
            }
            Function::Name | Function::LocalName | Function::NamespaceUri => {
                let node = match arguments {
                    [] => Some(place.node),
                    _ => self.all(arguments, place)?.first().copied(),
                };
                Value::Text(node.map_or(Cow::Borrowed(""), |node| self.name(function, node)))
            }
            Function::String
            | Function::Concat
            | Function::LowerCase
            | Function::NormalizeSpace
            | Function::Substring
            | Function::SubstringAfter
            | Function::SubstringBefore
            | Function::Translate
            | Function::UpperCase => Value::Text(self.text_of(function, arguments, place)?),
        })
    }

    fn text_of(
        &self,
        function: &Function,
        arguments: &'a [Expression],
        place: Place,
    ) -> Result<Text<'a>, Exhausted> {
        Ok(match function {
            Function::Concat => {
                let mut whole = String::new();
                for argument in arguments {
                    let text = self.text(argument, place)?;
                    self.spend_text(&text)?;
                    whole.push_str(&text);
                }
                Cow::Owned(whole)
            }
            Function::Substring => self.substring(arguments, place)?,
            Function::SubstringAfter | Function::SubstringBefore => {
                let (text, mark) = self.two(arguments, place)?;
                let parts = text.split_once(&*mark).unwrap_or_default();
                let part = match function {
                    Function::SubstringAfter => parts.1,
                    _ => parts.0,
                };
                Cow::Owned(part.to_owned())
            }
            Function::Translate => {
                let text = self.argument(arguments, place)?;
                let (from, to) = self.two(&arguments[1..], place)?;
                Cow::Owned(translated(&text, &from, &to))
            }
            Function::LowerCase => Cow::Owned(self.argument(arguments, place)?.to_lowercase()),
            Function::UpperCase => Cow::Owned(self.argument(arguments, place)?.to_uppercase()),
            Function::NormalizeSpace => {
                let text = self.argument(arguments, place)?;
                let words = text.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
                Cow::Owned(words.collect::<Vec<_>>().join(" "))
            }
            _ => self.argument(arguments, place)?,
        })
    }

    /// The first argument as a text, else the text of the place; paid for.
    fn argument(&self, arguments: &'a [Expression], place: Place) -> Result<Text<'a>, Exhausted> {
        let text = match arguments.first() {
            Some(argument) => self.text(argument, place)?,
            None => self.node_text(place.node)?,
        };
        self.spend_text(&text)?;
        Ok(text)
    }

    fn two(
        &self,
        arguments: &'a [Expression],
        place: Place,
    ) -> Result<(Text<'a>, Text<'a>), Exhausted> {
        Ok((self.argument(arguments, place)?, self.argument(&arguments[1..], place)?))
    }

    fn truth(&self, arguments: &'a [Expression], place: Place) -> Result<bool, Exhausted> {
        let value = arguments.first().map(|argument| self.evaluate(argument, place)).transpose()?;
        Ok(value.is_some_and(|value| as_boolean(&value)))
    }

    fn all(&self, arguments: &'a [Expression], place: Place) -> Result<Vec<Node>, Exhausted> {
        let nodes = arguments.first().map(|argument| self.nodes(argument, place)).transpose()?;
        Ok(nodes.unwrap_or_default())
    }

    fn sum(&self, nodes: &[Node]) -> Result<f64, Exhausted> {
        let mut sum = 0.0;
        for node in nodes {
            sum += text_number(&self.node_text(*node)?);
        }
        Ok(sum)
    }

    /// Characters from the second argument's place on, as many as the third says; both are rounded.
    fn substring(&self, arguments: &'a [Expression], place: Place) -> Result<Text<'a>, Exhausted> {
        let text = self.argument(arguments, place)?;
        let first = rounded(self.number(&arguments[1], place)?);
        let end = match arguments.get(2) {
            Some(len) => first + rounded(self.number(len, place)?),
            None => f64::INFINITY,
        };
        let places = (1_u32..).map(f64::from);
        let is_within = |position: f64| position >= first && position < end;
        let chars = text.chars().zip(places).filter(|(_, position)| is_within(*position));
        Ok(Cow::Owned(chars.map(|(c, _)| c).collect()))
    }

    fn name(&self, function: &Function, node: Node) -> Text<'a> {
        let entry = self.document.entry(node);
        let (prefix, local) = entry.name.split_once(':').unwrap_or(("", &entry.name));
        match function {
            Function::Name => Cow::Borrowed(&entry.name),
            Function::LocalName => Cow::Borrowed(local),
            _ if prefix.is_empty() && entry.kind != NodeKind::Element => Cow::Borrowed(""),
            _ => {
                let declaration =
                    if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
                Cow::Borrowed(self.inherited(node, &declaration).unwrap_or_default())
            }
        }
    }

    /// The value of an attribute of the node or of its nearest ancestor that has it.
    fn inherited(&self, node: Node, name: &str) -> Option<&'a str> {
        let mut found = None;
        self.document.walk(super::expression::Axis::AncestorOrSelf, node, &mut |node| {
            found = self.document.attribute(node, name);
            found.is_none()
        });
        found
    }

    fn is_in_language(&self, node: Node, wanted: &str) -> Result<bool, Exhausted> {
        self.spend(64)?;
        let language = self.inherited(node, "xml:lang").or_else(|| self.inherited(node, "lang"));
        let Some(language) = language else { return Ok(false) };
        let start = language.get(..wanted.len());
        let is_start = start.is_some_and(|start| start.eq_ignore_ascii_case(wanted));
        Ok(is_start && matches!(language.as_bytes().get(wanted.len()), None | Some(b'-')))
    }

    /// Elements whose `id` is one of the words in the argument; of nodes, in each of them.
    fn with_ids(&self, arguments: &'a [Expression], place: Place) -> Result<Vec<Node>, Exhausted> {
        let Some(argument) = arguments.first() else { return Ok(Vec::new()) };
        let texts = match self.evaluate(argument, place)? {
            Value::Nodes(nodes) => {
                let texts: Result<Vec<_>, _> =
                    nodes.iter().map(|node| self.node_text(*node)).collect();
                texts?
            }
            other => vec![self.as_text(other)?],
        };
        let ids = texts.iter().flat_map(|text| text.split([' ', '\t', '\r', '\n']));
        let ids: std::collections::HashSet<&str> = ids.filter(|id| !id.is_empty()).collect();
        self.spend(self.document.len() as usize)?;
        let has_id =
            |node: &Node| self.document.attribute(*node, "id").is_some_and(|id| ids.contains(id));
        Ok((0..self.document.len()).filter(has_id).collect())
    }
}

/// Each character of `from` becomes the one at its place in `to`, or nothing.
fn translated(text: &str, from: &str, to: &str) -> String {
    let mut table = HashMap::new();
    let mut to = to.chars();
    for c in from.chars() {
        let becomes = to.next();
        table.entry(c).or_insert(becomes);
    }
    text.chars().filter_map(|c| table.get(&c).copied().unwrap_or(Some(c))).collect()
}
