//! Postman's `{{name}}`: values of collection and environments, and its random ones.

use serde_json::Value;

use super::{is_on, plain};
use crate::import::address;
use crate::import::operation::Secret;
use crate::import::secrets::{is_secret, variable_name};
use crate::import::text::Text;
use crate::import::variables::{self, fit};

/// Variables that lead to variables.
const MAX_DEPTH: usize = 10;

/// Values by name; an environment's go before the collection's.
#[derive(Debug, Default)]
pub(super) struct Variables {
    known: Vec<Known>,
    used: variables::Variables,
    secrets: Vec<Secret>,
}

#[derive(Debug)]
struct Known {
    name: String,
    value: String,
    is_secret: bool,
}

impl Variables {
    /// Takes an environment's values; `false` if it is none.
    pub(super) fn environment(&mut self, root: &Value) -> bool {
        let root = root.get("environment").unwrap_or(root);
        let Some(values) = root.get("values").and_then(Value::as_array) else { return false };
        let is_on = |value: &&Value| value.get("enabled").and_then(Value::as_bool) != Some(false);
        values.iter().filter(is_on).for_each(|value| self.add(value));
        true
    }

    /// Takes a collection's values.
    pub(super) fn collection(&mut self, root: &Value) {
        let values = root.get("variable").and_then(Value::as_array);
        values.into_iter().flatten().filter(|value| is_on(value)).for_each(|value| self.add(value));
    }

    fn add(&mut self, variable: &Value) {
        let name = variable.get("key").or_else(|| variable.get("id")).and_then(Value::as_str);
        let Some(name) = name.filter(|name| !self.known.iter().any(|known| known.name == *name))
        else {
            return;
        };
        let value = variable.get("value").map(plain).unwrap_or_default();
        let says_so = variable.get("type").and_then(Value::as_str) == Some("secret");
        let is_secret = says_so || is_secret(name);
        self.known.push(Known { name: name.to_owned(), value, is_secret });
    }

    /// A text with a reference for each `{{name}}`.
    pub(super) fn text(&mut self, text: &str) -> Text {
        self.replaced(text, str::to_owned)
    }

    /// The same in a URL: values that cannot stand there as they are stand there encoded, without
    /// a reference.
    pub(super) fn url(&mut self, text: &str) -> Text {
        self.replaced(text, address::encoded)
    }

    /// The same in a header, which is one line.
    pub(super) fn line(&mut self, text: &str) -> Text {
        self.replaced(text, |value| value.replace(|c: char| c.is_control(), " "))
    }

    fn replaced(&mut self, text: &str, fit: impl Fn(&str) -> String) -> Text {
        let mut out = Text::default();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let Some((name, after)) = behind.split_once("}}") else { break };
            out.push(before);
            out.append(&self.reference(name.trim(), &fit));
            rest = after;
        }
        out.push(rest);
        out
    }

    /// A variable of the plan with a value of its own.
    pub(super) fn named(&mut self, name: &str, value: Text) -> Text {
        self.used.refer(name, "path", value)
    }

    /// A secret, which is to be set in the environment.
    pub(super) fn secret(&mut self, name: &str, purpose: &str) -> Text {
        let name = variable_name(name);
        self.declare(Secret::new(name.clone(), purpose));
        Text::secret(&name)
    }

    /// Some value that is to be set in the environment.
    fn unset(&mut self, name: &str) -> Text {
        let purpose = format!("`{name}`, which has no value in the file");
        let name = variable_name(name);
        self.declare(Secret::variable(name.clone(), purpose));
        Text::environment(&name)
    }

    fn declare(&mut self, secret: Secret) {
        if !self.secrets.iter().any(|known| known.name == secret.name) {
            self.secrets.push(secret);
        }
    }

    fn reference(&mut self, name: &str, fit: &impl Fn(&str) -> String) -> Text {
        if let Some(random) = name.strip_prefix('$') {
            return random_value(random);
        }
        match self.known.iter().find(|known| known.name == name) {
            Some(known) if !known.is_secret && !known.value.is_empty() => {
                let value = self.expanded(&known.value.clone(), 0);
                let fitted = fit(&value);
                if fitted != value {
                    return Text::literal(fitted);
                }
                self.used.refer(name, "collection", Text::literal(value))
            }
            Some(known) if known.is_secret => self.secret(name, &format!("`{name}`")),
            _ => self.unset(name),
        }
    }

    /// A text with the values put in, as far as they are known.
    fn expanded(&self, text: &str, depth: usize) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let Some((name, after)) = behind.split_once("}}") else { break };
            out.push_str(before);
            let known = self.known.iter().find(|known| known.name == name.trim());
            match known.filter(|known| depth < MAX_DEPTH && !known.is_secret) {
                Some(known) if out.len() < 10_000 => {
                    out.push_str(&self.expanded(&known.value, depth + 1));
                }
                _ => out.extend(["{{", name, "}}"]),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The host with its scheme, values put in, and what follows as it is written. The host is
    /// empty if nothing says where it is.
    pub(super) fn split_host(&self, url: &str) -> (String, String) {
        let (host, rest) = url.split_at(host_end(url));
        let host = self.expanded(host, 0);
        if host.contains("{{") {
            return (String::new(), rest.to_owned());
        }
        // The value may have a path of its own, or a query.
        let whole = format!("{host}{rest}");
        let (host, rest) = whole.split_at(host_end(&whole));
        (host.to_owned(), rest.to_owned())
    }

    /// Every variable that the requests refer to, and every secret.
    pub(super) fn into_used(self) -> (Vec<(String, Text)>, Vec<Secret>) {
        (self.used.into_list(), self.secrets)
    }
}

/// Where a URL's host ends.
fn host_end(url: &str) -> usize {
    let start = url.find("://").map_or(0, |at| at + 3);
    url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at)
}

/// Postman makes them up, and so does the plan.
fn random_value(name: &str) -> Text {
    match name {
        "guid" | "randomUUID" => Text::reference("rand.uuid"),
        "randomInt" => Text::reference("rand.int(0,1000)"),
        "timestamp" => Text::literal("1767225600"),
        "isoTimestamp" => Text::literal("2026-01-01T00:00:00.000Z"),
        "randomEmail" | "randomExampleEmail" => {
            let mut email = Text::reference("rand.word");
            email.push("@example.com");
            email
        }
        name if name.starts_with("random") => Text::reference("rand.word"),
        other => Text::literal(fit(other)),
    }
}
