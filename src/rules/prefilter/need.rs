//! What must be true of a response for a part of a rule to hold.

use crate::extract::Required;

use super::Hits;

/// A condition that is necessary, not sufficient.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::rules) enum Need {
    /// Nothing: it may always hold.
    #[default]
    Nothing,
    /// A literal, whatever its ASCII case, at a place.
    Literal {
        place: Place,
        text: Vec<u8>,
        id: usize,
    },
    /// A header or cookie of that name.
    Name {
        name: String,
        id: usize,
    },
    Fact(Fact),
    /// The status lies between these, ends included.
    Status {
        low: f64,
        high: f64,
    },
    All(Vec<Need>),
    Any(Vec<Need>),
}

/// Where literals are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Place {
    Body,
    Head,
    /// Head and body, in whatever order they are put together.
    Whole,
}

impl Place {
    /// The place that a part is, unless it is a single value.
    pub(in crate::rules) fn of(part: &str) -> Option<Self> {
        match part {
            "body" => Some(Self::Body),
            "header" | "all_headers" => Some(Self::Head),
            "all" | "response" => Some(Self::Whole),
            _ => None,
        }
    }
}

/// What is known of a response before anything is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Fact {
    Html,
    Https,
    Http,
}

impl Need {
    /// That `required` is met at `place`.
    pub(in crate::rules) fn at(place: Place, required: Required) -> Self {
        match required {
            Required::Nothing => Self::Nothing,
            Required::Literal(text) => Self::Literal { place, text, id: usize::MAX },
            Required::All(list) => Self::all(list.into_iter().map(|one| Self::at(place, one))),
            Required::Any(list) => Self::any(list.into_iter().map(|one| Self::at(place, one))),
        }
    }

    /// That there is a header or cookie of that name.
    pub(in crate::rules) fn name(name: &str) -> Self {
        Self::Name { name: name.to_owned(), id: usize::MAX }
    }

    /// Each of `list`.
    pub(in crate::rules) fn all(list: impl IntoIterator<Item = Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for need in list {
            match need {
                Self::Nothing => {}
                Self::All(more) => kept.extend(more),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Nothing,
            1 => kept.remove(0),
            _ => {
                kept.sort_by_key(Self::cost);
                kept.dedup();
                Self::All(kept)
            }
        }
    }

    /// At least one of `list`; nothing if one of them needs nothing.
    pub(in crate::rules) fn any(list: impl IntoIterator<Item = Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for need in list {
            match need {
                Self::Nothing => return Self::Nothing,
                Self::Any(more) => kept.extend(more),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Nothing,
            1 => kept.remove(0),
            _ => Self::Any(kept),
        }
    }

    /// What is cheap to see, and what is rarely met, is asked first.
    fn cost(&self) -> usize {
        match self {
            Self::Nothing | Self::Fact(_) | Self::Status { .. } => 1,
            Self::Name { .. } | Self::Literal { .. } => 0,
            Self::All(list) | Self::Any(list) => 1 + list.len(),
        }
    }

    /// Whether it is met.
    pub(in crate::rules) fn is_met(&self, hits: &Hits) -> bool {
        match self {
            Self::Nothing => true,
            Self::Literal { place, id, .. } => hits.has_literal(*place, *id),
            Self::Name { id, .. } => hits.has_name(*id),
            Self::Fact(fact) => hits.has_fact(*fact),
            Self::Status { low, high } => (*low..=*high).contains(&hits.status()),
            Self::All(list) => list.iter().all(|one| one.is_met(hits)),
            Self::Any(list) => list.iter().any(|one| one.is_met(hits)),
        }
    }
}
