//! Who may do and see what, from where, and how much of it.

use super::table::Flaw;
use super::table::Parameter;
use super::table::any;
use super::table::customer;
use super::table::get;
use super::table::post;
use super::table::security;

/// See the module.
pub(super) const FLAWS: &[Flaw] = &[
    security(
        "csrf-token-unchecked",
        352,
        customer(post("/my/address", Parameter::Form("form_token"))),
        "the form has a token, and nobody looks at it",
        "without the right one 403",
    ),
    security(
        "cors-null-origin",
        942,
        get("/club/points.json", Parameter::RequestHeader("Origin")),
        "`Origin: null` is allowed, with credentials",
        "the shop's own origin only",
    ),
    security(
        "cors-suffix-match",
        942,
        get("/partners/offers.json", Parameter::RequestHeader("Origin")),
        "every origin that ends in `shop.example` is allowed, with credentials: also https://evilshop.example",
        "three known origins",
    ),
    security(
        "method-override-notice",
        650,
        any("GET", "/api/notices/{id}", Parameter::RequestHeader("X-HTTP-Method-Override")),
        "DELETE is for the office, but a GET with the header `X-HTTP-Method-Override: DELETE` is not checked",
        "the header is not read",
    ),
    security(
        "acl-path-spelling",
        289,
        get("/internal/report", Parameter::Whole),
        "guarded by its spelling: `/Internal/report`, `//internal/report`, `/internal;/report` and `/%69nternal/report` get there",
        "the path is brought into one form before it is looked at",
    ),
    security(
        "acl-original-url",
        290,
        get("/", Parameter::RequestHeader("X-Original-URL")),
        "the guard looks at the request's path, the routes at this header",
        "the header is not read",
    ),
    security(
        "acl-forwarded-for",
        290,
        get("/internal/report", Parameter::RequestHeader("X-Forwarded-For")),
        "an address of the inside in this header opens it (also X-Real-IP and X-Client-IP)",
        "the headers are not read",
    ),
    security(
        "forced-browsing-prices",
        425,
        get("/members/prices.csv", Parameter::Whole),
        "linked for members only, and given to everybody",
        "the login is asked for",
    ),
    security(
        "idor-invoice",
        639,
        customer(get("/billing/invoices/{number}", Parameter::Path("number"))),
        "any logged-in customer reads any invoice; the numbers follow one another",
        "another customer's invoice is 404",
    ),
    security(
        "graphql-field-authorisation",
        862,
        post("/graphql", Parameter::Json("query")),
        "`customers` with addresses and notes answers everybody",
        "an admin's bearer token only",
    ),
    security(
        "graphql-unlimited",
        770,
        post("/graphql", Parameter::Json("query")),
        "any depth and any number of aliases are answered",
        "six levels and six aliases",
    ),
    security(
        "page-size-history",
        770,
        get("/api/price-history", Parameter::Query("days")),
        "as many days as are asked for",
        "at most 90",
    ),
    security(
        "open-redirect-club-next",
        601,
        post("/club/login", Parameter::Form("next")),
        "after the login, any address in `next` is gone to",
        "paths of the shop; anything else leads to /club",
    ),
    security(
        "open-redirect-prefix",
        601,
        get("/partners/trade/return", Parameter::Query("return_to")),
        "addresses that start with `https://shop.example` are gone to: also https://shop.example.evil.example",
        "that origin, with a slash or nothing behind it",
    ),
    security(
        "host-header-reset",
        640,
        post("/help/password-reset", Parameter::RequestHeader("X-Forwarded-Host")),
        "the link in the mail is built from Host or X-Forwarded-Host (GET /contact/outbox shows the mail)",
        "from the shop's own address",
    ),
    security(
        "cache-unkeyed-header",
        349,
        get("/news/campaign", Parameter::RequestHeader("X-Forwarded-Host")),
        "the header is written into a page that is cached by its address alone",
        "the header is not read; the page is cached too",
    ),
    security(
        "cache-deception-account",
        525,
        customer(get("/account/{*rest}", Parameter::Path("rest"))),
        "the account page answers to every path below it, and the cache keeps those that end like a static file, for everybody",
        "404 below the account",
    ),
    security(
        "put-assets",
        749,
        any("PUT", "/assets/{name}", Parameter::Path("name")),
        "PUT stores a file that GET then gives",
        "405 with Allow",
    ),
    security(
        "trace-enabled",
        749,
        any("TRACE", "/", Parameter::Whole),
        "TRACE gives the request's head back, cookies included",
        "405",
    ),
];
