//! GraphQL: an operation for each field of the schema's query and mutation types.

mod introspection;
mod schema;
mod sdl;

use serde_json::{Number, Value};

use super::address;
use super::document;
use super::error::{Fault, ImportError};
use super::format::Format;
use super::operation::{Body, Imported, Operation, Sample};
use super::options::Options;
use super::text::Text;
use schema::{Argument, Field, Kind, Schema, Type};

/// Levels of what is asked for.
const DEPTH: usize = 2;
/// Fields of a level.
const MAX_FIELDS: usize = 30;
/// Inputs inside inputs.
const INPUT_DEPTH: usize = 5;

/// Reads a schema: SDL, or the answer to an introspection query.
pub(super) fn import(name: &str, text: &str, options: &Options) -> Result<Imported, ImportError> {
    let schema = if document::looks_like_json(text) {
        let root = document::parse(name, text)?;
        let found = root.pointer("/data/__schema").or_else(|| root.get("__schema"));
        introspection::schema(found.ok_or_else(|| Fault::new(name, "has no `__schema`"))?)
    } else {
        sdl::schema(name, text)?
    };
    let mut imported = Imported::new(Format::GraphQl);
    let mut path = "/graphql".to_owned();
    if let Some(target) = &options.target {
        imported.origin = Some(target.origin.to_string());
        let own = address::folder(&target.path_and_query);
        path = if own.is_empty() { path } else { own };
    }
    for (root, word) in [(&schema.query, "query"), (&schema.mutation, "mutation")] {
        let Some(root) = root else { continue };
        for field in schema.fields(root) {
            imported.operations.push(operation(&schema, field, word, &path));
        }
    }
    if let Some(root) = &schema.subscription {
        for field in schema.fields(root) {
            let text =
                format!("subscription `{}` is no request and response, left out", field.name);
            imported.warn(name, text);
        }
    }
    Ok(imported)
}

fn operation(schema: &Schema, field: &Field, word: &str, path: &str) -> Operation {
    let mut operation = Operation::new(field.name.clone(), "POST", Text::literal(path));
    operation.tags = vec![word.to_owned()];
    operation.is_unsafe = word == "mutation";
    operation.summary =
        field.description.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
    let required: Vec<&Argument> = field.arguments.iter().filter(|it| it.is_required()).collect();
    operation.optional =
        field.arguments.iter().filter(|it| !it.is_required()).map(|it| it.name.clone()).collect();
    let list = |shown: &dyn Fn(&Argument) -> String| match required.as_slice() {
        [] => String::new(),
        some => format!("({})", some.iter().map(|it| shown(it)).collect::<Vec<_>>().join(", ")),
    };
    let declared = list(&|it| format!("${}: {}", it.name, it.of.written()));
    let given = list(&|it| format!("{0}: ${0}", it.name));
    let name = &field.name;
    let selection = selection(schema, field.of.name(), DEPTH);
    let query = format!("{word} {name}{declared} {{ {name}{given}{selection} }}");
    let values = (!required.is_empty()).then(|| {
        let values =
            required.iter().map(|it| (it.name.clone(), value(schema, &it.name, &it.of, 0)));
        Sample::Map(values.collect())
    });
    operation.body = Some(Body::GraphQl(Text::literal(query), values, None));
    operation
}

/// ` { a b { c } }`: what can be had without arguments.
fn selection(schema: &Schema, name: &str, depth: usize) -> String {
    if schema.is_leaf(name) {
        return String::new();
    }
    let mut chosen = Vec::new();
    for field in schema.fields(name) {
        if chosen.len() >= MAX_FIELDS || field.arguments.iter().any(Argument::is_required) {
            continue;
        }
        let inner = field.of.name();
        if schema.is_leaf(inner) {
            chosen.push(field.name.clone());
        } else if depth > 1 {
            chosen.push(format!("{}{}", field.name, selection(schema, inner, depth - 1)));
        }
    }
    if chosen.is_empty() {
        chosen.push("__typename".to_owned());
    }
    format!(" {{ {} }}", chosen.join(" "))
}

fn value(schema: &Schema, name: &str, of: &Type, depth: usize) -> Sample {
    match of {
        Type::NonNull(of) => value(schema, name, of, depth),
        Type::List(of) => Sample::List(vec![value(schema, name, of, depth)]),
        Type::Named(of) => named(schema, name, of, depth),
    }
}

fn named(schema: &Schema, name: &str, of: &str, depth: usize) -> Sample {
    match (schema.types.get(of), of) {
        (Some(Kind::Input(_)), _) if depth >= INPUT_DEPTH => Sample::Null,
        (Some(Kind::Input(inputs)), _) => {
            let required = inputs.iter().filter(|input| input.is_required());
            let entries = required.map(|input| {
                (input.name.clone(), value(schema, &input.name, &input.of, depth + 1))
            });
            Sample::Map(entries.collect())
        }
        (Some(Kind::Enum(values)), _) => {
            values.first().map_or(Sample::Null, |value| value.as_str().into())
        }
        (_, "Int") => Sample::Number(1.into()),
        (_, "Float") => Number::from_f64(1.5).map_or(Sample::Null, Sample::Number),
        (_, "Boolean") => Sample::Bool(true),
        (_, "ID") => "1".into(),
        // Scalars of the service's own: by what they are usually called.
        (_, of) => {
            let format = match of.to_ascii_lowercase().as_str() {
                "datetime" | "timestamp" => "date-time",
                "date" => "date",
                "uuid" => "uuid",
                "uri" | "url" => "uri",
                "email" | "emailaddress" => "email",
                _ => "",
            };
            let schema =
                Value::Object([("format".to_owned(), Value::from(format))].into_iter().collect());
            Sample::Text(super::strings::of(name, &schema))
        }
    }
}
