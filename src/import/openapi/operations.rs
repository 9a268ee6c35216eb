//! Every operation of a description.

use super::documents::At;
use super::parameters::{self, Parameter};
use super::security;
use super::servers;
use super::{Spec, body};
use crate::import::address::{self, Base};
use crate::import::operation::{Imported, METHODS, Operation, Secret};
use crate::import::options::Options;
use crate::import::strings;
use crate::import::text::Text;
use crate::import::variables::Variables;

/// Keys of a path that are operations, in the order in which they are looked for.
const VERBS: [&str; 9] =
    ["get", "head", "options", "post", "put", "patch", "delete", "trace", "query"];

/// Reads them all.
pub(super) fn read(spec: &Spec, options: &Options, imported: &mut Imported) {
    let root = spec.root();
    let mut base = servers::of_root(spec);
    if let Some(target) = &options.target {
        base.origin = options.origin();
        let path = address::folder(&target.path_and_query);
        base.path = if path.is_empty() { base.path } else { path };
    }
    imported.origin.clone_from(&base.origin);
    let mut reading = Reading {
        spec,
        base,
        variables: Variables::default(),
        target_given: options.target.is_some(),
    };
    for (path, at) in spec.entries(&root, "paths") {
        let Some(item) = spec.resolved(&at) else {
            spec.warn(&at, format!("every operation of `{path}` is left out"));
            continue;
        };
        if !item.value.is_object() {
            spec.warn(&at, format!("`{path}` is no mapping; its operations are left out"));
            continue;
        }
        for verb in VERBS {
            let Some(written) = item.get(verb) else { continue };
            let Some(found) = spec.resolved(&written) else {
                spec.warn(&written, format!("{} {path} is left out", verb.to_uppercase()));
                continue;
            };
            if !found.value.is_object() {
                spec.warn(
                    &found,
                    format!("{} {path} is no mapping, and left out", verb.to_uppercase()),
                );
                continue;
            }
            if !METHODS.contains(&verb.to_ascii_uppercase().as_str()) {
                let text = format!(
                    "{} {path}: the plan has no such method, left out",
                    verb.to_uppercase()
                );
                spec.warn(&found, text);
                continue;
            }
            imported.operations.push(reading.operation(
                path,
                verb,
                &item,
                &found,
                &mut imported.secrets,
            ));
        }
    }
    imported.variables = reading.variables.into_list();
    for key in ["webhooks", "x-webhooks"] {
        if root.value.get(key).is_some() {
            spec.warn(&root, format!("`{key}` are sent by the service, not to it; left out"));
        }
    }
}

struct Reading<'a> {
    spec: &'a Spec,
    base: Base,
    variables: Variables,
    target_given: bool,
}

impl Reading<'_> {
    fn operation(
        &mut self,
        path: &str,
        verb: &str,
        item: &At<'_>,
        at: &At<'_>,
        secrets: &mut Vec<Secret>,
    ) -> Operation {
        let spec = self.spec;
        let parameters = parameters::of(spec, item, at);
        let base = self.base_of(item, at);
        let mut full = Text::literal(base.path.clone());
        full.append(&self.path(path, &parameters, at));
        let own = at.text("operationId").map(str::trim).filter(|id| !id.is_empty());
        let name = own.map_or_else(|| format!("{verb}-{}", path.trim_matches('/')), str::to_owned);
        let mut operation = Operation::new(name, verb, full);
        operation.origin = base.origin.filter(|origin| self.base.origin.as_ref() != Some(origin));
        let summary = at.text("summary").filter(|text| !text.trim().is_empty());
        operation.summary = summary.or_else(|| at.text("description")).map(|text| {
            let first = text.trim().lines().next().unwrap_or_default();
            if at.is("deprecated") { format!("deprecated: {first}") } else { first.to_owned() }
        });
        let tags = at.get("tags").map(|tags| tags.items()).unwrap_or_default();
        operation.tags =
            tags.iter().filter_map(|tag| tag.value.as_str()).map(str::to_owned).collect();
        parameters::add(spec, &parameters, &mut operation);
        body::add(spec, at, &parameters, &mut operation);
        security::apply(spec, at, &mut operation, secrets);
        operation
    }

    /// An operation's own server before its path's before the description's.
    fn base_of(&self, item: &At<'_>, at: &At<'_>) -> Base {
        if self.target_given {
            return self.base.clone();
        }
        let own = servers::of(self.spec, at).or_else(|| servers::of(self.spec, item));
        own.unwrap_or_else(|| self.base.clone())
    }

    /// The path with a variable for each `{name}`.
    fn path(&mut self, path: &str, parameters: &[Parameter<'_>], at: &At<'_>) -> Text {
        // What follows `#` only tells operations apart, and is not sent.
        let mut rest = path.split('#').next().unwrap_or_default();
        let mut out = Text::literal(if rest.starts_with('/') { "" } else { "/" });
        let mut before = String::new();
        while let Some((literal, behind)) = rest.split_once('{') {
            let Some((name, after)) = behind.split_once('}') else { break };
            out.push(&address::encoded(literal));
            if let Some(segment) = literal.trim_end_matches('/').rsplit('/').next() {
                segment.clone_into(&mut before);
            }
            out.append(&self.parameter(name, &before, parameters, at));
            rest = after;
        }
        out.push(&address::encoded(rest));
        out
    }

    fn parameter(
        &mut self,
        name: &str,
        context: &str,
        parameters: &[Parameter<'_>],
        at: &At<'_>,
    ) -> Text {
        let found = parameters.iter().find(|found| found.place == "path" && found.name == name);
        let value =
            match found.and_then(|found| Some(parameters::in_path(found, found.value.as_ref()?))) {
                Some(value) if value != Text::default() => value,
                Some(_) => strings::plain(name),
                None => {
                    if found.is_none() {
                        self.spec.warn(at, format!("the path's `{{{name}}}` is described nowhere"));
                    }
                    strings::plain(name)
                }
            };
        let value = value.map(address::segment);
        self.variables.refer(name, context, value)
    }
}
