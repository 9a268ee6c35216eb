//! Runs a query.

use std::cell::Cell;
use std::collections::BTreeMap;

use apollo_parser::Parser;
use apollo_parser::cst;
use apollo_parser::cst::CstNode as _;
use apollo_parser::cst::Definition;
use apollo_parser::cst::Selection;
use apollo_parser::cst::SelectionSet;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::schema;
use crate::demo::accounts;
use crate::demo::accounts::Member;
use crate::demo::catalogue;
use crate::demo::catalogue::Product;
use crate::demo::catalogue::Review;
use crate::demo::store::Db;

/// Fields answered for one query, whatever the limits say: the shop must survive it.
const FIELDS_EVER: usize = 20_000;
const DEPTH_EVER: usize = 60;

/// What a query may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Ask for the schema.
    pub(super) introspection: bool,
    /// See the customers.
    pub(super) customers: bool,
    /// At most so many levels, and so many aliases.
    pub(super) complexity: Option<usize>,
}

/// The data of a query, or what is wrong with it.
pub(super) fn run(
    db: &Db<'_>,
    query: &str,
    variables: Value,
    limits: Limits,
) -> Result<Value, String> {
    let tree = Parser::new(query).recursion_limit(200).token_limit(20_000).parse();
    if let Some(error) = tree.errors().next() {
        return Err(format!("Syntax Error: {}", error.message()));
    }
    let mut fragments = BTreeMap::new();
    let mut operation = None;
    for definition in tree.document().definitions() {
        match definition {
            Definition::OperationDefinition(found) => operation = operation.or(Some(found)),
            Definition::FragmentDefinition(found) => {
                let name = found.fragment_name().and_then(|name| name.name());
                let name = name.map(|name| name.text().to_string()).unwrap_or_default();
                fragments.extend(found.selection_set().map(|set| (name, set)));
            }
            _ => return Err("Only executable definitions are allowed.".to_owned()),
        }
    }
    let operation = operation.ok_or("Must provide an operation.")?;
    let is_query = operation.operation_type().is_none_or(|kind| kind.query_token().is_some());
    if !is_query {
        return Err("Schema is not configured for mutations.".to_owned());
    }
    let set = operation.selection_set().ok_or("Must provide fields.")?;
    let (fields, aliases) = (Cell::new(0), Cell::new(0));
    let run = Run { db, fragments, variables, limits, fields, aliases };
    let mut data = Map::new();
    run.select(&set, &Thing::Query, 1, &mut data)?;
    Ok(Value::Object(data))
}

/// Something that has fields.
enum Thing {
    Query,
    Product(Product),
    Review(Review, i64),
    Customer(Member),
    /// A part of the schema.
    Schema(Value),
}

enum Answer {
    Plain(Value),
    One(Thing),
    Many(Vec<Thing>),
}

struct Run<'a> {
    db: &'a Db<'a>,
    fragments: BTreeMap<String, SelectionSet>,
    variables: Value,
    limits: Limits,
    fields: Cell<usize>,
    aliases: Cell<usize>,
}

impl Run<'_> {
    /// Puts what a set of fields selects of a thing into `data`.
    fn select(
        &self,
        set: &SelectionSet,
        thing: &Thing,
        depth: usize,
        data: &mut Map<String, Value>,
    ) -> Result<(), String> {
        self.check(depth)?;
        for selection in set.selections() {
            let inner = match selection {
                Selection::Field(field) => {
                    self.field(&field, thing, depth, data)?;
                    None
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name().and_then(|name| name.name());
                    let name = name.map(|name| name.text().to_string()).unwrap_or_default();
                    let known = self.fragments.get(&name).cloned();
                    Some(known.ok_or(format!("Unknown fragment \"{name}\"."))?)
                }
                Selection::InlineFragment(fragment) => fragment.selection_set(),
            };
            if let Some(inner) = inner {
                self.select(&inner, thing, depth + 1, data)?;
            }
        }
        Ok(())
    }

    fn check(&self, depth: usize) -> Result<(), String> {
        let limit = self.limits.complexity;
        if depth > DEPTH_EVER || limit.is_some_and(|limit| depth > limit) {
            return Err("The query is nested too deeply.".to_owned());
        }
        if limit.is_some_and(|limit| self.aliases.get() > limit) {
            return Err("The query has too many aliases.".to_owned());
        }
        if self.fields.get() > FIELDS_EVER {
            return Err("The query takes too long.".to_owned());
        }
        Ok(())
    }

    fn field(
        &self,
        field: &cst::Field,
        thing: &Thing,
        depth: usize,
        data: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let name = field.name().map(|name| name.text().to_string()).unwrap_or_default();
        let alias = field.alias().and_then(|alias| alias.name());
        self.fields.set(self.fields.get() + 1);
        self.aliases.set(self.aliases.get() + usize::from(alias.is_some()));
        self.check(depth)?;
        let key = alias.map_or_else(|| name.clone(), |alias| alias.text().to_string());
        let answer = self.resolve(thing, &name, field)?;
        let set = field.selection_set();
        let object = |thing: &Thing| {
            let set = set.as_ref();
            let set = set.ok_or(format!("Field \"{name}\" must have a selection of subfields."))?;
            let mut object = Map::new();
            self.select(set, thing, depth + 1, &mut object)?;
            Ok::<_, String>(Value::Object(object))
        };
        let value = match &answer {
            Answer::Plain(value) => value.clone(),
            Answer::One(thing) => object(thing)?,
            Answer::Many(things) => {
                Value::Array(things.iter().map(object).collect::<Result<_, _>>()?)
            }
        };
        data.insert(key, value);
        Ok(())
    }

    fn resolve(&self, thing: &Thing, name: &str, field: &cst::Field) -> Result<Answer, String> {
        let plain = |value: Value| Ok(Answer::Plain(value));
        match (thing, name) {
            (Thing::Query, "__schema" | "__type") if !self.limits.introspection => {
                Err("GraphQL introspection is not allowed.".to_owned())
            }
            (Thing::Query, "__schema") => Ok(Answer::One(Thing::Schema(schema::schema()))),
            (Thing::Query, "__type") => {
                let name = self.argument(field, "name");
                Ok(schema_part(schema::named(name.as_str().unwrap_or_default())))
            }
            (Thing::Query, "product") => {
                let id = self.argument(field, "id").as_i64().unwrap_or(0);
                self.product(id)
            }
            (Thing::Query, "products") => {
                let first = self.argument(field, "first").as_u64().unwrap_or(10);
                let products = catalogue::page(self.db, "", 1).map_err(failed)?.into_iter();
                let first = usize::try_from(first).unwrap_or(24);
                Ok(Answer::Many(products.take(first).map(Thing::Product).collect()))
            }
            (Thing::Query, "customers") if !self.limits.customers => {
                Err("You may not see the customers.".to_owned())
            }
            (Thing::Query, "customers") => {
                let members = accounts::members(self.db).map_err(failed)?;
                Ok(Answer::Many(members.into_iter().map(Thing::Customer).collect()))
            }
            (Thing::Product(product), "reviews") => {
                let reviews = catalogue::reviews(self.db, product.id).map_err(failed)?;
                let review = |review| Thing::Review(review, product.id);
                Ok(Answer::Many(reviews.into_iter().map(review).collect()))
            }
            (Thing::Review(_, product), "product") => self.product(*product),
            (Thing::Schema(value), name) => Ok(schema_part(value[name].clone())),
            (thing, "__typename") => plain(json!(thing.type_name())),
            (thing, name) => match thing.plain_field(name) {
                Some(value) => plain(value),
                None => Err(thing.unknown(name)),
            },
        }
    }

    fn product(&self, id: i64) -> Result<Answer, String> {
        let product = catalogue::by_id(self.db, id).map_err(failed)?;
        Ok(product.map_or(Answer::Plain(Value::Null), |found| Answer::One(Thing::Product(found))))
    }

    /// An argument's value; a variable's comes with the request.
    fn argument(&self, field: &cst::Field, wanted: &str) -> Value {
        let arguments = field.arguments().into_iter().flat_map(|all| all.arguments());
        let mut named = arguments
            .filter(|argument| argument.name().is_some_and(|name| name.text() == wanted))
            .filter_map(|argument| argument.value());
        match named.next() {
            Some(cst::Value::Variable(variable)) => {
                self.variables[variable.text().as_str()].clone()
            }
            Some(cst::Value::StringValue(text)) => Value::String(text.into()),
            Some(other) => {
                serde_json::from_str(other.syntax().text().to_string().trim()).unwrap_or_default()
            }
            None => Value::Null,
        }
    }
}

impl Thing {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Product(_) => "Product",
            Self::Review(..) => "Review",
            Self::Customer(_) => "Customer",
            Self::Schema(_) => "__Type",
        }
    }

    fn plain_field(&self, name: &str) -> Option<Value> {
        Some(match (self, name) {
            (Self::Product(product), "id") => json!(product.id),
            (Self::Product(product), "sku") => json!(product.sku),
            (Self::Product(product), "name") => json!(product.name),
            (Self::Product(product), "brand") => json!(product.brand),
            (Self::Product(product), "priceCents") => json!(product.price_cents),
            (Self::Review(review, _), "author") => json!(review.author),
            (Self::Review(review, _), "rating") => json!(review.rating),
            (Self::Review(review, _), "text") => json!(review.text),
            (Self::Customer(member), "id") => json!(member.id),
            (Self::Customer(member), "name") => json!(member.name),
            (Self::Customer(member), "email") => json!(member.email),
            (Self::Customer(member), "note") => json!(member.note),
            _ => return None,
        })
    }

    fn unknown(&self, name: &str) -> String {
        let type_name = self.type_name();
        let distance = |known: &&str| strsim::levenshtein(known, name);
        let close = schema::fields(type_name).min_by_key(distance);
        let close = close.filter(|known| distance(known) <= 2);
        let hint = close.map(|known| format!(" Did you mean \"{known}\"?")).unwrap_or_default();
        format!("Cannot query field \"{name}\" on type \"{type_name}\".{hint}")
    }
}

fn schema_part(value: Value) -> Answer {
    match value {
        Value::Array(parts) => Answer::Many(parts.into_iter().map(Thing::Schema).collect()),
        Value::Object(_) => Answer::One(Thing::Schema(value)),
        plain => Answer::Plain(plain),
    }
}

fn failed(_error: rusqlite::Error) -> String {
    "Something went wrong on our side.".to_owned()
}
