//! `form_from`: a form that was found on a page is sent back, in the encoding that it asks for.

use super::bodies::FORM_FROM;
use super::document::{Node, Value};
use super::file::Overrides;
use super::multipart;
use super::names::is_name;
use super::pairs::{Pair, encoded, pairs, urlencoded};
use super::reader::{Fields, Reader};
use super::slots::{self, Use};
use crate::flow::FoundForm;
use crate::flow::FoundType;
use crate::flow::HeaderTemplate;
use crate::flow::Place;
use crate::flow::Source;
use crate::flow::Template;
use crate::flow::Variable;
use crate::model::Header;

/// What stands as `Content-Type` until it is known.
const UNKNOWN_TYPE: &str = "${form_from}";

/// The value that `form_from` names, and where.
pub(super) fn form_from(request: &Fields<'_>, reader: &mut Reader) -> Option<Use> {
    let node = request.get(FORM_FROM)?;
    let name = reader.text(node, "the name of a form that was extracted")?;
    match slots::named(name, &mut reader.names) {
        Ok(Source::Extracted(variable)) => Some(Use { variable, at: node.at.clone() }),
        _ => None,
    }
}

/// The body of the request called `name`, with the fields of its `form` or `multipart` in place of
/// the form's own; the header that says what it is.
pub(super) fn body(
    name: &str,
    from: &Node,
    request: &Fields<'_>,
    overrides: &Overrides,
    reader: &mut Reader,
) -> (Template, Option<HeaderTemplate>) {
    let of_parts = request.get("multipart");
    let own = pairs(request.get("form"), "form", reader);
    let parts = match of_parts {
        Some(node) => multipart::parts(node, reader),
        None => own.iter().map(multipart::field).collect(),
    };
    let mut body = Template::default();
    let Some(form) = variable(from, reader) else { return (body, None) };
    let boundary = multipart::boundary(name, &parts, overrides.seed);
    let names: Vec<String> = match of_parts.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| encoded(&entry.key)).collect(),
        _ => own.iter().map(|pair: &Pair<'_>| encoded(&pair.name)).collect(),
    };
    let found = FoundForm {
        form,
        without: names.into_iter().map(String::into_bytes).collect(),
        pairs: of_parts.is_none().then(|| urlencoded(&own)),
        parts: multipart::joined(&parts, &boundary),
        boundary: boundary.clone(),
    };
    body.push_slot(Source::Form(Box::new(found)), Place::Raw);
    let mut value = Template::default();
    let found = FoundType { form, is_parts: of_parts.is_some(), boundary };
    value.push_slot(Source::FormType(Box::new(found)), Place::Header);
    let header = HeaderTemplate {
        name: "Content-Type".to_owned(),
        written: UNKNOWN_TYPE.as_bytes().to_vec(),
        value,
    };
    (body, Some(header))
}

/// The header as it stands until the form is known.
pub(super) fn unknown_type() -> Header {
    Header::new("Content-Type", UNKNOWN_TYPE)
}

fn variable(node: &Node, reader: &mut Reader) -> Option<Variable> {
    let expected =
        "the name of a form that was extracted: `page` for `extract: { page: { form: … } }`";
    let name = reader.text(node, expected)?.to_owned();
    if !is_name(&name) || slots::RESERVED.contains(&name.as_str()) {
        reader.problem_with_help(
            &node.at,
            format!("`{name}` is not the name of an extracted form"),
            "write the name alone, without `${` and `}`",
        );
        return None;
    }
    match slots::named(&name, &mut reader.names) {
        Ok(Source::Extracted(variable)) => Some(variable),
        Ok(_) => None,
        Err((problem, help)) => {
            reader.problem_with_help(&node.at, problem, help);
            None
        }
    }
}
