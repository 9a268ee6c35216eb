//! Insertion points: the places in a request where a value can be replaced, the rest staying as it is.
//!
//! What is meant to be filled in (values of queries, forms, JSON, XML, paths) is found by
//! [`insertion_points`]; what applications read beside that (cookies, headers, names of parameters,
//! file names) by [`mod@aside`].

mod aside;
mod graphql;
mod insertion;
mod json;
mod pairs;
mod parts;
mod path;
#[cfg(test)]
mod tests;
mod xml;

pub(crate) use aside::aside;
pub(crate) use insertion::InsertionPoint;
pub(crate) use insertion::body_parameters;
pub(crate) use insertion::body_values;
pub(crate) use insertion::in_template;
pub(crate) use insertion::insertion_points;
pub(crate) use insertion::insertion_points_in;
pub(crate) use insertion::parameter;
pub(crate) use insertion::parameters;
pub(crate) use insertion::place_all;
pub(crate) use insertion::with_parameter;
pub(crate) use insertion::with_point;
