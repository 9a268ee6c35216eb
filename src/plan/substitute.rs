//! `${env.NAME:-default}` and `${vars.name}` in scalars, replaced after YAML parsing.

use std::collections::BTreeMap;

use super::document::{Entry, Node, Scalar, Value};
use super::error::Problem;
use crate::model::did_you_mean;

/// Looks up an environment variable.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Namespaces that are designed and do not exist yet.
const LATER: [&str; 4] = ["data", "secrets", "rand", "setup"];

/// What expressions may refer to.
pub(super) struct Values<'a> {
    pub(super) env: Env<'a>,
    /// By name; `None` while `vars` itself is substituted.
    pub(super) vars: Option<BTreeMap<String, String>>,
}

/// Replaces every expression below `node`; what cannot be replaced is reported once and becomes
/// [`Value::Unsubstituted`].
pub(super) fn substitute(node: &mut Node, values: &Values<'_>, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::List(items) => {
            for item in items {
                substitute(item, values, problems);
            }
        }
        Value::Map(entries) => {
            for Entry { node, .. } in entries {
                substitute(node, values, problems);
            }
        }
        Value::Scalar(scalar) if scalar.text.contains("${") => match expand(&scalar.text, values) {
            Ok(text) if scalar.plain => node.value = Value::Scalar(Scalar::plain(text)),
            Ok(text) => {
                scalar.typed = text.clone().into();
                scalar.text = text;
            }
            Err((message, help)) => {
                problems.push(Problem::new(node.at.clone(), message).help(help));
                node.value = Value::Unsubstituted;
            }
        },
        Value::Scalar(_) | Value::Unsubstituted => {}
    }
}

type Mistake = (String, String);

fn expand(text: &str, values: &Values<'_>) -> Result<String, Mistake> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, expression) = (&rest[..at], &rest[at + 2..]);
        // `$${` stands for `${`.
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = expression;
            continue;
        }
        out.push_str(before);
        let Some((expression, after)) = expression.split_once('}') else {
            return Err((
                format!("`${{{expression}` is not closed"),
                "close it with `}`, or write `$${` for the characters `${`".to_owned(),
            ));
        };
        out.push_str(&evaluate(expression, values)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn evaluate(expression: &str, values: &Values<'_>) -> Result<String, Mistake> {
    let (reference, default) = match expression.split_once(":-") {
        Some((reference, default)) => (reference.trim(), Some(default)),
        None => (expression.trim(), None),
    };
    let (namespace, name) = reference.split_once('.').unwrap_or(("", reference));
    match namespace {
        "env" => environment(name, default, values),
        "vars" => variable(name, default, values),
        "" => Err((
            format!("`${{{reference}}}`: values extracted from responses are not yet supported"),
            "use ${env.NAME} or ${vars.name}, or write `$${` for the characters `${`".to_owned(),
        )),
        later if LATER.contains(&later) => Err((
            format!("`${{{reference}}}`: `{later}.` is not yet supported"),
            "use ${env.NAME} or ${vars.name}".to_owned(),
        )),
        other => Err((
            format!("`${{{reference}}}`: unknown namespace `{other}`"),
            "use ${env.NAME} or ${vars.name}".to_owned(),
        )),
    }
}

/// As in a shell, `:-` also replaces an empty value.
fn environment(name: &str, default: Option<&str>, values: &Values<'_>) -> Result<String, Mistake> {
    match ((values.env)(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err((
            format!("the environment variable `{name}` is not set"),
            format!("set it, or give a default: ${{env.{name}:-…}}"),
        )),
    }
}

fn variable(name: &str, default: Option<&str>, values: &Values<'_>) -> Result<String, Mistake> {
    let Some(vars) = &values.vars else {
        return Err((
            "a variable cannot refer to other variables".to_owned(),
            "use ${env.NAME}".to_owned(),
        ));
    };
    if let Some(value) = vars.get(name).map(String::as_str).or(default) {
        return Ok(value.to_owned());
    }
    let nearest = did_you_mean(name, vars.keys().map(String::as_str))
        .map(|nearest| format!(", did you mean `vars.{nearest}`?"))
        .unwrap_or_default();
    Err((
        format!("`vars.{name}` is not defined{nearest}"),
        format!("add it under `vars`, or give a default: ${{vars.{name}:-…}}"),
    ))
}
