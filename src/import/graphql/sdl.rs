//! A schema in GraphQL's own language, through apollo-parser.

use apollo_parser::Parser;
use apollo_parser::cst;
use apollo_parser::cst::CstNode as _;

use super::schema::{Argument, Field, Kind, Schema, Type};
use crate::import::error::Fault;

/// Nesting; a schema's is a handful.
const MAX_DEPTH: usize = 100;
/// Words and marks of a schema; the largest public ones have a tenth.
const MAX_TOKENS: usize = 5_000_000;

/// Reads a schema; the first mistake is the error.
pub(super) fn schema(name: &str, text: &str) -> Result<Schema, Fault> {
    let tree = Parser::new(text).recursion_limit(MAX_DEPTH).token_limit(MAX_TOKENS).parse();
    if let Some(error) = tree.errors().next() {
        let before = &text[..text.floor_char_boundary(error.index())];
        let told = format!("no GraphQL schema: {}", error.message());
        return Err(Fault::new(name, told).behind(before));
    }
    let mut schema = Schema::default();
    for definition in tree.document().definitions() {
        define(definition, &mut schema);
    }
    Ok(schema.with_usual_roots())
}

fn define(definition: cst::Definition, schema: &mut Schema) {
    use cst::Definition as D;
    match definition {
        D::SchemaDefinition(of) => roots(of.root_operation_type_definitions(), schema),
        D::SchemaExtension(of) => roots(of.root_operation_type_definitions(), schema),
        D::ObjectTypeDefinition(of) => add(of.name(), fields(of.fields_definition()), schema),
        D::ObjectTypeExtension(of) => add(of.name(), fields(of.fields_definition()), schema),
        D::InterfaceTypeDefinition(of) => add(of.name(), fields(of.fields_definition()), schema),
        D::InterfaceTypeExtension(of) => add(of.name(), fields(of.fields_definition()), schema),
        D::InputObjectTypeDefinition(of) => {
            let inputs = of.input_fields_definition();
            let inputs = inputs.into_iter().flat_map(|inputs| inputs.input_value_definitions());
            add(of.name(), Kind::Input(inputs.filter_map(|of| argument(&of)).collect()), schema);
        }
        D::EnumTypeDefinition(of) => {
            let values = of.enum_values_definition();
            let values = values.into_iter().flat_map(|values| values.enum_value_definitions());
            let names =
                values.filter_map(|value| Some(value.enum_value()?.name()?.text().to_string()));
            add(of.name(), Kind::Enum(names.collect()), schema);
        }
        D::UnionTypeDefinition(of) => add(of.name(), Kind::Union, schema),
        D::ScalarTypeDefinition(of) => add(of.name(), Kind::Scalar, schema),
        _ => {}
    }
}

/// A type, or what an extension adds to it.
fn add(name: Option<cst::Name>, kind: Kind, schema: &mut Schema) {
    let Some(name) = name else { return };
    let name = name.text().to_string();
    match (schema.types.get_mut(&name), kind) {
        (Some(Kind::Fields(known)), Kind::Fields(more)) => known.extend(more),
        (_, kind) => drop(schema.types.insert(name, kind)),
    }
}

fn roots(definitions: cst::CstChildren<cst::RootOperationTypeDefinition>, schema: &mut Schema) {
    for definition in definitions {
        let name =
            definition.named_type().and_then(|of| of.name()).map(|name| name.text().to_string());
        let Some(operation) = definition.operation_type() else { continue };
        if operation.query_token().is_some() {
            schema.query = name;
        } else if operation.mutation_token().is_some() {
            schema.mutation = name;
        } else if operation.subscription_token().is_some() {
            schema.subscription = name;
        }
    }
}

fn fields(definition: Option<cst::FieldsDefinition>) -> Kind {
    let fields = definition.into_iter().flat_map(|fields| fields.field_definitions());
    Kind::Fields(fields.filter_map(|of| field(&of)).collect())
}

fn field(of: &cst::FieldDefinition) -> Option<Field> {
    let arguments = of.arguments_definition();
    let arguments = arguments.into_iter().flat_map(|of| of.input_value_definitions());
    let description = of.description().and_then(|of| of.string_value());
    Some(Field {
        name: of.name()?.text().to_string(),
        arguments: arguments.filter_map(|of| argument(&of)).collect(),
        of: type_of(of.ty()?)?,
        description: description
            .map(|of| of.source_string().trim().trim_matches('"').trim().to_owned()),
    })
}

fn argument(of: &cst::InputValueDefinition) -> Option<Argument> {
    Some(Argument {
        name: of.name()?.text().to_string(),
        of: type_of(of.ty()?)?,
        has_default: of.default_value().is_some(),
    })
}

fn type_of(of: cst::Type) -> Option<Type> {
    let named = |of: cst::NamedType| Some(Type::Named(of.name()?.text().to_string()));
    let list = |of: cst::ListType| Some(Type::List(Box::new(type_of(of.ty()?)?)));
    match of {
        cst::Type::NamedType(of) => named(of),
        cst::Type::ListType(of) => list(of),
        cst::Type::NonNullType(of) => {
            let inner = match (of.named_type(), of.list_type()) {
                (Some(of), _) => named(of)?,
                (None, Some(of)) => list(of)?,
                (None, None) => return None,
            };
            Some(Type::NonNull(Box::new(inner)))
        }
    }
}
