//! Logins, tokens and what is remembered of them.

use super::table::Flaw;
use super::table::Parameter;
use super::table::get;
use super::table::post;
use super::table::security;

/// See the module.
pub(super) const FLAWS: &[Flaw] = &[
    security(
        "user-enumeration-trade",
        204,
        post("/partners/trade", Parameter::Form("customer")),
        "says whether the customer number or the password was wrong",
        "says that one of them was",
    ),
    security(
        "user-enumeration-reset",
        204,
        post("/help/password-reset", Parameter::Form("name")),
        "says that there is no such account",
        "says the same for every name",
    ),
    security(
        "default-credentials-console",
        1392,
        get("/console", Parameter::RequestHeader("Authorization")),
        "HTTP Basic with admin and admin",
        "a password drawn at the start",
    ),
    security(
        "session-fixation-club",
        384,
        post("/club/login", Parameter::Whole),
        "the session keeps its id at the login, also an id that somebody else has chosen",
        "a new id at the login",
    ),
    security(
        "logout-club-session",
        613,
        post("/club/logout", Parameter::Whole),
        "the cookie is taken away, and the session goes on for whoever has kept it",
        "the session ends",
    ),
    security(
        "predictable-share-token",
        340,
        post("/gifts/wish-list", Parameter::Whole),
        "the list's secret address is a number, one more than that of the list before",
        "32 random digits",
    ),
    security(
        "jwt-none-algorithm",
        347,
        get("/api/app/profile", Parameter::RequestHeader("Authorization")),
        "a token with `alg` none needs no signature",
        "HS256 only",
    ),
    security(
        "jwt-weak-key",
        1391,
        post("/api/app/token", Parameter::Whole),
        "tokens are signed with the word `secret`",
        "with a key drawn at the start",
    ),
    security(
        "jwt-expiry-ignored",
        613,
        get("/api/app/profile", Parameter::RequestHeader("Authorization")),
        "a token is good for ever, whatever its `exp`",
        "until its `exp`",
    ),
    security(
        "jwt-kid-path",
        22,
        get("/api/app/profile", Parameter::RequestHeader("Authorization")),
        "`kid` names the file of the key, and `../` leaves the folder: ../../../dev/null is an empty key",
        "one known key file",
    ),
    security(
        "password-in-url-repairs",
        598,
        get("/help/repairs", Parameter::Query("password")),
        "the form sends its password in the address",
        "the form is posted",
    ),
    security(
        "remember-cookie-credentials",
        539,
        post("/club/login", Parameter::Form("remember")),
        "the cookie that remembers somebody is card and PIN in base64",
        "a random token",
    ),
    security(
        "otp-unlimited-reset",
        307,
        post("/help/password-reset/confirm", Parameter::Form("code")),
        "any number of wrong codes is answered alike",
        "429 with Retry-After after five wrong codes for a name",
    ),
];
