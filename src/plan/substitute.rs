//! `${env.NAME:-default}` and `${vars.name}` in scalars, replaced after YAML parsing; what is only
//! known while the load runs (`${item}`, `${rand.word}`, `${vu}`) becomes a slot.

use std::collections::BTreeMap;

use super::data::Feeders;
use super::document::{Entry, Node, Scalar, TextPiece, Value};
use super::error::Problem;
use super::names::Names;
use super::secrets::{Secrets, Vars};
use super::slots;
use crate::flow::Source;
use crate::model::did_you_mean;

/// Looks up an environment variable.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Before the names of values that setup has taken.
pub(super) const SETUP: &str = "setup.";

/// Every namespace that there is.
const NAMESPACES: [&str; 6] = ["env", "vars", "secrets", "data", "setup", "rand"];

/// What expressions may refer to.
pub(super) struct Values<'a> {
    pub(super) env: Env<'a>,
    /// Names that the environment has.
    pub(super) env_names: &'a [String],
    /// `None` while `vars` itself is substituted.
    pub(super) vars: Option<Vars>,
    /// `None` while `secrets` itself is substituted.
    pub(super) secrets: Option<Secrets>,
    /// `None` while `data` itself is substituted.
    pub(super) data: Option<Feeders>,
    /// What is substituted, where secrets may not stand in it.
    pub(super) shown: Option<String>,
    /// Whether a variable of the environment may be missing: in what is never sent.
    pub(super) lenient: bool,
    /// Variables that some scenario has in its own `env`, and what the others have instead.
    pub(super) scenario_env: BTreeMap<String, Option<String>>,
    /// Whether what is substituted is done by scenarios.
    pub(super) is_done: bool,
}

impl Values<'_> {
    /// `, did you mean …?` where a variable of the environment has a similar name.
    fn nearest_env(&self, name: &str) -> String {
        did_you_mean(name, self.env_names.iter().map(String::as_str))
            .map(|nearest| format!(", did you mean `{nearest}`?"))
            .unwrap_or_default()
    }
}

/// Replaces every expression below `node`; what cannot be replaced is reported once and becomes
/// [`Value::Unsubstituted`].
pub(super) fn substitute(
    node: &mut Node,
    values: &mut Values<'_>,
    names: &mut Names,
    problems: &mut Vec<Problem>,
) {
    match &mut node.value {
        Value::List(items) => {
            for item in items {
                substitute(item, values, names, problems);
            }
        }
        Value::Map(entries) => {
            for Entry { node, .. } in entries {
                substitute(node, values, names, problems);
            }
        }
        Value::Scalar(scalar) if scalar.text.contains("${") => {
            match expand(&scalar.text, values, names) {
                Ok(expanded) => take(scalar, expanded),
                Err((message, help)) => {
                    Problem::new(node.at.clone(), message).help(help).told_once(problems);
                    node.value = Value::Unsubstituted;
                }
            }
        }
        Value::Scalar(_) | Value::Unsubstituted => {}
    }
}

/// The text with everything replaced that is known, and its pieces if something is not.
#[derive(Default)]
struct Expanded {
    text: String,
    pieces: Vec<TextPiece>,
    /// The text with names instead of values.
    template: String,
    has_names: bool,
    has_secret: bool,
}

impl Expanded {
    /// Characters of the plan.
    fn push(&mut self, literal: &str) {
        self.template.push_str(literal);
        self.add(literal);
    }

    /// The value of what is called `name`. One with a `/` is a part of a path, not a name in it.
    fn push_value(&mut self, name: &str, value: &str) {
        if value.is_empty() || value.contains(['/', '?', '{', '$']) {
            self.template.push_str(value);
        } else {
            self.template.extend(["{", name, "}"]);
            self.has_names = true;
        }
        self.add(value);
    }

    /// The value of a secret, of which only the name is shown.
    fn push_secret(&mut self, name: &str, value: &str) {
        self.template.extend(["{", name, "}"]);
        (self.has_names, self.has_secret) = (true, true);
        self.add(value);
    }

    fn add(&mut self, known: &str) {
        self.text.push_str(known);
        match self.pieces.last_mut() {
            Some(TextPiece::Literal(text)) => text.push_str(known),
            _ if known.is_empty() => {}
            _ => self.pieces.push(TextPiece::Literal(known.to_owned())),
        }
    }

    fn push_slot(&mut self, reference: &str, source: Source) {
        let reference: String = reference.split_whitespace().collect();
        self.text.extend(["${", &reference, "}"]);
        self.template.extend(["{", &reference, "}"]);
        self.pieces.push(TextPiece::Slot(source));
    }
}

fn take(scalar: &mut Scalar, expanded: Expanded) {
    let has_slots = expanded.pieces.iter().any(|piece| matches!(piece, TextPiece::Slot(_)));
    let template = expanded.has_names.then_some(expanded.template);
    // A password of digits is no number.
    if scalar.plain && !has_slots && !expanded.has_secret {
        *scalar = Scalar { template, ..Scalar::plain(expanded.text) };
        return;
    }
    scalar.template = template;
    scalar.is_secret = expanded.has_secret;
    scalar.typed = expanded.text.clone().into();
    scalar.text = expanded.text;
    if has_slots {
        scalar.pieces = expanded.pieces;
    }
}

pub(super) type Mistake = (String, String);

fn expand(text: &str, values: &mut Values<'_>, names: &mut Names) -> Result<Expanded, Mistake> {
    let mut out = Expanded::default();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, expression) = (&rest[..at], &rest[at + 2..]);
        // `$${` stands for `${`.
        if let Some(before) = before.strip_suffix('$') {
            out.push(before);
            out.push("${");
            rest = expression;
            continue;
        }
        out.push(before);
        let Some((expression, after)) = expression.split_once('}') else {
            return Err((
                format!("`${{{expression}` is not closed"),
                "close it with `}`, or write `$${` for the characters `${`".to_owned(),
            ));
        };
        evaluate(expression, values, names, &mut out)?;
        rest = after;
    }
    out.push(rest);
    Ok(out)
}

fn evaluate(
    expression: &str,
    values: &mut Values<'_>,
    names: &mut Names,
    out: &mut Expanded,
) -> Result<(), Mistake> {
    let (reference, default) = match expression.split_once(":-") {
        Some((reference, default)) => (reference.trim(), Some(default)),
        None => (expression.trim(), None),
    };
    let (namespace, name) = reference.split_once('.').unwrap_or(("", reference));
    match namespace {
        "env" if values.is_done && values.scenario_env.contains_key(name) => {
            let elsewhere = environment(name, default, values).ok();
            values.scenario_env.insert(name.to_owned(), elsewhere);
            out.push_slot(&format!("env.{name}"), slots::named(&format!("env.{name}"), names)?);
        }
        "env" => out.push_value(name, &environment(name, default, values)?),
        "vars" => variable(name, default, values, out)?,
        "secrets" => out.push_secret(reference, &secret(name, default, values)?),
        "" | "rand" | "data" | "setup" if default.is_some() => {
            return Err((
                format!("`${{{reference}}}` takes no default here"),
                "give it where the value is extracted: `{ jsonpath: …, default: … }`".to_owned(),
            ));
        }
        "" => out.push_slot(reference, slots::bare(name, names)?),
        "rand" => out.push_slot(reference, slots::random(name, names)?),
        "setup" => out.push_slot(reference, slots::named(reference, names)?),
        "data" => {
            let Some(data) = &mut values.data else {
                return Err((
                    format!("`${{{reference}}}` is only known while the load runs"),
                    "use ${env.NAME} or ${vars.name}".to_owned(),
                ));
            };
            out.push_slot(reference, Source::Extracted(data.column(name, names)?));
        }
        other => {
            let nearest = did_you_mean(other, NAMESPACES)
                .map(|nearest| format!(", did you mean `{nearest}.{name}`?"))
                .unwrap_or_default();
            return Err((
                format!("`${{{reference}}}`: unknown namespace `{other}`{nearest}"),
                "use ${env.NAME}, ${vars.name}, ${rand.word} or the ${name} of an extraction"
                    .to_owned(),
            ));
        }
    }
    Ok(())
}

/// As in a shell, `:-` also replaces an empty value.
fn environment(
    name: &str,
    default: Option<&str>,
    values: &mut Values<'_>,
) -> Result<String, Mistake> {
    match ((values.env)(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) if values.lenient => Ok(String::new()),
        (None, None) => Err((
            format!("the environment variable `{name}` is not set{}", values.nearest_env(name)),
            format!("set it, or give a default: ${{env.{name}:-…}}"),
        )),
    }
}

fn variable(
    name: &str,
    default: Option<&str>,
    values: &Values<'_>,
    out: &mut Expanded,
) -> Result<(), Mistake> {
    let Some(vars) = &values.vars else {
        return Err((
            "a variable cannot refer to other variables".to_owned(),
            "use ${env.NAME}".to_owned(),
        ));
    };
    match (vars.get(name), default) {
        (Some(var), _) if var.is_secret => {
            may_stand(values)?;
            out.push_secret(name, &var.value);
        }
        (Some(var), _) => out.push_value(name, &var.value),
        (None, Some(default)) => out.push_value(name, default),
        (None, None) => {
            let nearest = did_you_mean(name, vars.keys().map(String::as_str))
                .map(|nearest| format!(", did you mean `vars.{nearest}`?"))
                .unwrap_or_default();
            return Err((
                format!("`vars.{name}` is not defined{nearest}"),
                format!("add it under `vars`, or give a default: ${{vars.{name}:-…}}"),
            ));
        }
    }
    Ok(())
}

fn secret(name: &str, default: Option<&str>, values: &mut Values<'_>) -> Result<String, Mistake> {
    may_stand(values)?;
    let (env, is_sent) = (values.env, !values.lenient);
    let Some(secrets) = &mut values.secrets else {
        return Err((
            "a secret cannot refer to other secrets".to_owned(),
            "use ${env.NAME}".to_owned(),
        ));
    };
    if default.is_some() {
        return Err((
            format!("`${{secrets.{name}}}` takes no default: it would stand in the plan"),
            "leave out what follows the name".to_owned(),
        ));
    }
    secrets.value(name, env, is_sent)
}

fn may_stand(values: &Values<'_>) -> Result<(), Mistake> {
    match &values.shown {
        None => Ok(()),
        Some(section) => Err((
            format!("a secret cannot stand in `{section}`, which reports show"),
            "it can stand in requests, flows, `vars`, `connection`, `auth` and `identities`"
                .to_owned(),
        )),
    }
}
