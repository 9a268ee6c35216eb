//! A GraphQL endpoint over the catalogue: parsed by `apollo-parser`, answered here.

mod answer;
mod run;
mod schema;

pub(in crate::demo) use answer::get;
pub(in crate::demo) use answer::post;
