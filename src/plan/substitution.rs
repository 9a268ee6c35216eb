//! Everything that is substituted in a plan, in its order: secrets, variables and rows first, because
//! the rest refers to them.

use super::data::Feeders;
use super::document::{Entry, Node, Value};
use super::file::{Overrides, PLAN};
use super::reader::Reader;
use super::requests;
use super::scenarios;
use super::secrets::{self, Secrets, Var, Vars};
use super::substitute::{Env, Values, substitute};

/// What scenarios do: there `${env.NAME}` is their own.
const DONE: [&str; 2] = ["requests", "flows"];

/// Substitutes what will be read: `secrets` and then `vars` first.
pub(super) fn substitute_all(
    tree: &mut Node,
    env: Env<'_>,
    overrides: &Overrides,
    reader: &mut Reader,
) {
    let Value::Map(entries) = &mut tree.value else { return };
    let mut values = Values {
        env,
        env_names: &overrides.env_names,
        vars: None,
        secrets: None,
        data: None,
        shown: None,
        lenient: false,
        scenario_env: scenarios::env_names(entries),
        is_done: false,
    };
    let secrets = section(entries, "secrets").map(|node| {
        substitute(node, &mut values, &mut reader.names, &mut reader.problems);
        &*node
    });
    values.secrets = Some(Secrets::new(secrets, overrides, reader));
    values.vars = Some(vars(entries, &mut values, reader));
    values.data = Some(feeders(entries, &mut values, reader));
    for Entry { key, node, .. } in entries {
        values.is_done = DONE.contains(&key.as_str());
        values.shown = (!secrets::SECTIONS.contains(&key.as_str())).then(|| key.clone());
        if key == "requests" {
            substitute_requests(node, &mut values, reader);
        } else if !["vars", "secrets", "data"].contains(&key.as_str())
            && PLAN.known.contains(&key.as_str())
        {
            substitute(node, &mut values, &mut reader.names, &mut reader.problems);
        }
    }
    reader.scenario_env = values.scenario_env;
    if let Some(data) = values.data {
        reader.data = data.into_data(reader);
    }
    if let Some(secrets) = values.secrets {
        reader.redactor = secrets.redactor();
        reader.warnings.extend(secrets.unused());
    }
}

fn feeders(entries: &mut [Entry], values: &mut Values<'_>, reader: &mut Reader) -> Feeders {
    values.shown = Some("data".to_owned());
    let node = section(entries, "data").map(|node| {
        substitute(node, values, &mut reader.names, &mut reader.problems);
        &*node
    });
    Feeders::new(node, reader)
}

fn section<'a>(entries: &'a mut [Entry], key: &str) -> Option<&'a mut Node> {
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
}

fn vars(entries: &mut [Entry], values: &mut Values<'_>, reader: &mut Reader) -> Vars {
    let mut vars = Vars::new();
    let Some(node) = section(entries, "vars") else { return vars };
    substitute(node, values, &mut reader.names, &mut reader.problems);
    for Entry { key, node, .. } in reader.entries(node, "vars").unwrap_or_default() {
        if let Some(value) = reader.text(node, "a text, a number, true or false") {
            let is_secret = node.scalar().is_some_and(|scalar| scalar.is_secret);
            vars.insert(key.clone(), Var { value: value.to_owned(), is_secret });
        }
    }
    vars
}

/// A request that is never sent needs no secret to be there.
fn substitute_requests(node: &mut Node, values: &mut Values<'_>, reader: &mut Reader) {
    if let Value::Map(entries) = &mut node.value {
        for Entry { node, .. } in entries {
            let enabled = node.get(requests::ENABLED).and_then(Node::scalar);
            values.lenient = enabled.is_some_and(|scalar| scalar.text == "false");
            substitute(node, values, &mut reader.names, &mut reader.problems);
        }
        values.lenient = false;
    } else {
        substitute(node, values, &mut reader.names, &mut reader.problems);
    }
}
