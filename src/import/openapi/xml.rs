//! A body in XML, from a value of its schema and what the schema says of elements and attributes
//! (OpenAPI 3, "XML Object").

use quick_xml::escape::escape;

use super::Spec;
use super::documents::At;
use crate::import::operation::Sample;
use crate::import::text::Text;

/// Elements inside elements.
const MAX_DEPTH: usize = 20;

/// The document; `None` where its root has no name that XML knows.
pub(super) fn document(spec: &Spec, schema: &At<'_>, value: &Sample) -> Option<Text> {
    let called = schema.text("$ref").and_then(|reference| reference.rsplit('/').next());
    let schema = spec.resolved(schema)?;
    let mut out = Text::literal("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let element = Element::of(Some(&schema), called.unwrap_or("root"))?;
    element.write(spec, Some(&schema), value, 0, &mut out);
    Some(out)
}

/// An element's name with its namespace.
struct Element {
    name: String,
    namespace: String,
}

impl Element {
    /// As the schema calls it, else as it usually is; `None` where that is no name in XML.
    fn of(schema: Option<&At<'_>>, usual: &str) -> Option<Self> {
        let xml = schema.and_then(|schema| schema.get("xml"));
        let said = |key: &str| xml.as_ref().and_then(|xml| xml.text(key));
        let name = said("name").unwrap_or(usual);
        let prefix = said("prefix").filter(|prefix| is_name(prefix));
        let name = prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}:{name}"));
        let namespace = said("namespace").map(|namespace| {
            let key = prefix.map_or_else(|| "xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
            format!(" {key}=\"{}\"", escape(namespace))
        });
        is_name(&name).then(|| Self { name, namespace: namespace.unwrap_or_default() })
    }

    fn write(
        &self,
        spec: &Spec,
        schema: Option<&At<'_>>,
        value: &Sample,
        depth: usize,
        out: &mut Text,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        let Self { name, namespace } = self;
        out.push(&format!("<{name}{namespace}"));
        if let Sample::Map(entries) = value {
            let own = |key: &str| schema.and_then(|schema| property(spec, schema, key));
            let (attributes, elements): (Vec<_>, Vec<_>) = entries
                .iter()
                .map(|(key, value)| (key, own(key), value))
                .partition(|(_, schema, _)| is_attribute(schema.as_ref()));
            for (key, schema, value) in attributes {
                let Some(attribute) = Self::of(schema.as_ref(), key) else {
                    continue;
                };
                out.push(&format!(" {}=\"", attribute.name));
                out.append(&escaped(value));
                out.push("\"");
            }
            out.push(">");
            for (key, schema, value) in elements {
                child(spec, key, schema.as_ref(), value, depth + 1, out);
            }
        } else {
            out.push(">");
            match value {
                Sample::List(items) => {
                    let item = schema.and_then(|schema| spec.get(schema, "items"));
                    each(spec, "item", item.as_ref(), items, depth + 1, out);
                }
                value => out.append(&escaped(value)),
            }
        }
        out.push(&format!("</{name}>"));
    }
}

/// A property: an element, or one for each item of a list.
fn child(
    spec: &Spec,
    key: &str,
    schema: Option<&At<'_>>,
    value: &Sample,
    depth: usize,
    out: &mut Text,
) {
    let Sample::List(items) = value else {
        if let Some(element) = Element::of(schema, key) {
            element.write(spec, schema, value, depth, out);
        }
        return;
    };
    let item = schema.and_then(|schema| spec.get(schema, "items"));
    let wraps = schema.and_then(|schema| schema.get("xml")).is_some_and(|xml| xml.is("wrapped"));
    let wrapper = Element::of(schema, key).filter(|_| wraps);
    if let Some(Element { name, namespace }) = &wrapper {
        out.push(&format!("<{name}{namespace}>"));
    }
    each(spec, key, item.as_ref(), items, depth, out);
    if let Some(Element { name, .. }) = &wrapper {
        out.push(&format!("</{name}>"));
    }
}

/// An element for each item of a list.
fn each(
    spec: &Spec,
    usual: &str,
    schema: Option<&At<'_>>,
    items: &[Sample],
    depth: usize,
    out: &mut Text,
) {
    let Some(element) = Element::of(schema, usual) else { return };
    for item in items {
        element.write(spec, schema, item, depth, out);
    }
}

/// The schema of a property, wherever the schema or its parts say it.
fn property<'a>(spec: &'a Spec, schema: &At<'a>, key: &str) -> Option<At<'a>> {
    let own = spec.get(schema, "properties").and_then(|all| spec.get(&all, key));
    own.or_else(|| {
        let parts = schema.get("allOf")?;
        let parts = parts.items();
        parts.iter().find_map(|part| {
            let part = spec.resolved(part)?;
            let all = spec.get(&part, "properties")?;
            spec.get(&all, key)
        })
    })
}

fn is_attribute(schema: Option<&At<'_>>) -> bool {
    schema.and_then(|schema| schema.get("xml")).is_some_and(|xml| xml.is("attribute"))
}

fn escaped(value: &Sample) -> Text {
    value.as_text().map(|text| escape(text).into_owned())
}

/// As far as people name elements: a letter or `_` first, no spaces.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.:".contains(c))
}
