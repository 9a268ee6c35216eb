//! Names and values that a request is made with.

use std::collections::BTreeMap;

use super::address::Address;
use super::loose::Loose;
use crate::rules::dsl::{Environment, Text, Value};

/// Values by name.
#[derive(Debug, Clone, Default)]
pub struct Bindings(BTreeMap<String, Value<'static>>);

impl Bindings {
    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'_>> {
        self.0.get(name).map(borrowed)
    }

    /// Sets a text.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.insert(name.into(), Value::owned(value.into()));
    }

    /// Sets several texts under one name; one alone is a text.
    pub fn set_list(&mut self, name: impl Into<String>, values: &[Vec<u8>]) {
        let value = match values {
            [one] => Value::owned(one.clone()),
            many => Value::List(many.iter().map(|value| Value::owned(value.clone())).collect()),
        };
        self.0.insert(name.into(), value);
    }

    pub(super) fn put(&mut self, name: impl Into<String>, value: Value<'static>) {
        self.0.insert(name.into(), value);
    }

    /// Takes everything of `other`, which wins.
    pub fn extend(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.0.insert(name.clone(), value.clone());
        }
    }

    /// Whether the name has a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values as text, by name.
    pub fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, value)| {
            let text = value.clone().into_text();
            (name.as_str(), String::from_utf8_lossy(&text).into_owned())
        })
    }
}

fn borrowed<'v>(value: &'v Value<'static>) -> Value<'v> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(*value),
        Value::Number(value) => Value::Number(*value),
        Value::Text(text) => Value::bytes(text),
        Value::List(items) => Value::List(items.iter().map(borrowed).collect()),
    }
}

/// `variables` or `constants` of a template.
#[derive(Debug, Default)]
pub(super) struct Variables {
    entries: Vec<(String, Entry)>,
    /// Evaluated once, when the template was loaded, because nothing in it depends on a target.
    settled: Option<Bindings>,
}

#[derive(Debug)]
enum Entry {
    Text(Text),
    Value(Value<'static>),
}

impl Variables {
    /// In the order of the file, each sees those before it.
    pub(super) fn new(pairs: Vec<(String, Loose)>, environment: &mut Environment<'_>) -> Self {
        let entry = |value: Loose| match value {
            Loose::List(items) => Entry::Value(Value::List(
                items.into_iter().map(|item| Value::owned(item.into_bytes())).collect(),
            )),
            other => Entry::Text(Text::compile(&other.text())),
        };
        let entries: Vec<(String, Entry)> =
            pairs.into_iter().map(|(name, value)| (name, entry(value))).collect();
        let mut variables = Self { entries, settled: None };
        if !variables.is_lazy() {
            variables.settled = Some(variables.evaluate(&Bindings::default(), None, environment));
        }
        variables
    }

    /// Whether something in it is known only once there is a target, an answer, or a place for calls.
    fn is_lazy(&self) -> bool {
        let own: Vec<&str> = self.entries.iter().map(|(name, _)| name.as_str()).collect();
        self.texts().any(|text| {
            text.source().contains("interactsh-url")
                || Address::NAMES.iter().any(|name| text.source().contains(name))
                || text.variables().any(|name| !own.contains(&name))
        })
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.entries.iter().filter_map(|(_, entry)| match entry {
            Entry::Text(text) => Some(text),
            Entry::Value(_) => None,
        })
    }

    /// Every variable's value. A name that `known` has keeps that value; what cannot be evaluated stays
    /// as it is written. `callback` gives a new address for calls.
    pub(super) fn evaluate(
        &self,
        known: &Bindings,
        callback: Option<&dyn Fn() -> Option<String>>,
        environment: &mut Environment<'_>,
    ) -> Bindings {
        let mut values = Bindings::default();
        for (name, entry) in &self.entries {
            if let Some(value) = known.0.get(name) {
                values.put(name.clone(), value.clone());
                continue;
            }
            if let Some(value) = self.settled.as_ref().and_then(|settled| settled.0.get(name)) {
                values.put(name.clone(), value.clone());
                continue;
            }
            let value = match entry {
                Entry::Value(value) => value.clone(),
                Entry::Text(text) => {
                    let lookup = |name: &str| {
                        if name.starts_with("interactsh-url") {
                            return callback?().map(|url| Value::owned(url.into_bytes()));
                        }
                        values.get(name).or_else(|| known.get(name))
                    };
                    let rendered = text.render(&lookup, environment);
                    Value::owned(rendered.unwrap_or_else(|_| text.source().as_bytes().to_vec()))
                }
            };
            values.put(name.clone(), value);
        }
        values
    }
}
