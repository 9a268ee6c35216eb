//! A GraphQL schema, as much of it as queries need.

use std::collections::HashMap;

/// Types by name, and where queries and mutations begin.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) types: HashMap<String, Kind>,
    pub(super) query: Option<String>,
    pub(super) mutation: Option<String>,
    pub(super) subscription: Option<String>,
}

/// What a type is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// An object or an interface.
    Fields(Vec<Field>),
    Input(Vec<Argument>),
    Enum(Vec<String>),
    /// A union, of which only the name of the type can be asked.
    Union,
    Scalar,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) of: Type,
    pub(super) description: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) of: Type,
    pub(super) has_default: bool,
}

/// A type as it is used.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Named(String),
    List(Box<Type>),
    NonNull(Box<Type>),
}

impl Type {
    /// The name without lists and marks.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(of) | Self::NonNull(of) => of.name(),
        }
    }

    /// As it is written.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::List(of) => format!("[{}]", of.written()),
            Self::NonNull(of) => format!("{}!", of.written()),
        }
    }
}

impl Argument {
    /// Whether nothing works without it.
    pub(super) fn is_required(&self) -> bool {
        matches!(self.of, Type::NonNull(_)) && !self.has_default
    }
}

impl Schema {
    /// The fields of a type; none where it has none.
    pub(super) fn fields(&self, name: &str) -> &[Field] {
        match self.types.get(name) {
            Some(Kind::Fields(fields)) => fields,
            _ => &[],
        }
    }

    /// Whether a value of the type has nothing inside that is to be chosen.
    pub(super) fn is_leaf(&self, name: &str) -> bool {
        !matches!(self.types.get(name), Some(Kind::Fields(_) | Kind::Union))
    }

    /// `Query` and the like, unless something else was said.
    pub(super) fn with_usual_roots(mut self) -> Self {
        let of = |name: &str| self.types.contains_key(name).then(|| name.to_owned());
        let (query, mutation, subscription) = (of("Query"), of("Mutation"), of("Subscription"));
        if self.query.is_none() {
            self.query = query;
            self.mutation = self.mutation.or(mutation);
            self.subscription = self.subscription.or(subscription);
        }
        self
    }
}
