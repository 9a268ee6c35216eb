//! What was not meant to be seen.

use super::table::Flaw;
use super::table::Parameter;
use super::table::get;
use super::table::post;
use super::table::security;

/// See the module.
pub(super) const FLAWS: &[Flaw] = &[
    security(
        "graphql-introspection",
        200,
        post("/graphql", Parameter::Json("query")),
        "`__schema` and `__type` are answered",
        "an error says that they are not",
    ),
    security(
        "directory-listing-assets",
        548,
        get("/assets/", Parameter::Whole),
        "the folder's files are listed, among them some that nothing links",
        "403, and only the linked file is given",
    ),
    security(
        "source-map-offers",
        540,
        get("/static/offers.js.map", Parameter::Whole),
        "the script names its map, and the map has the sources with a key",
        "no map",
    ),
    security(
        "actuator-environment",
        489,
        get("/actuator/env", Parameter::Whole),
        "an operator's page (named in robots.txt) shows the environment with passwords",
        "404",
    ),
];
