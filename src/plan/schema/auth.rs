//! Logins and who they are for.

use serde_json::json;

use super::shape::{
    Object, any_of, anything, boolean, described, duration, example, fields, list, named, object,
    of, one_or_many, scalar, text, whole, word,
};

pub(super) fn objects() -> Vec<Object> {
    vec![
        auth(),
        identity(),
        totp(),
        user(),
        api_key(),
        sigv4(),
        oauth2(),
        form(),
        apply(),
        verify(),
        expect(),
        relogin(),
    ]
}

fn auth() -> Object {
    object!(
        "auth",
        auth::schemes::AUTH,
        "A way to be logged in. `${name}` is a value of whoever logs in."
    )
    .key("basic", of("credentials"), "HTTP Basic.")
    .key("bearer", text(), "A token that the plan has.")
    .key("api_key", of("api-key"), "A key that the plan has.")
    .key("digest", of("credentials"), "HTTP Digest (RFC 7616).")
    .key("aws_sigv4", of("aws-sigv4"), "Requests are signed with AWS Signature Version 4.")
    .key("oauth2", of("oauth2"), "A token of OAuth 2.0, renewed before it ends.")
    .key("form", of("login-form"), "A login form, found on its page and filled in.")
    .key(
        "login",
        list(&described(json!({ "type": "object" }), "A step of a flow, or a request.")),
        "Steps that log in: requests as under `requests`, or steps as under `flows`.",
    )
    .key("apply", of("apply"), "What requests get; without it, the cookies that were set.")
    .key("verify", of("verify"), "A request whose answer tells whether one is logged in.")
    .key("relogin", of("relogin"), "What says that a login is lost, and how often to try again.")
    .key("totp", any_of(&[text(), of("totp")]), "What `${totp}` is computed from (RFC 6238).")
    .key(
        "shared",
        boolean(),
        "One login serves all users of a generator thread; so it is for a client's own token.",
    )
    .key("origins", list(&text()), "Who gets what is applied, beside the target.")
}

fn identity() -> Object {
    object!("identity", auth::identities::IDENTITY, "A named user.")
        .key("auth", text(), "The auth that logs them in.")
        .key("role", text(), "What they may do, in your words; it stands in the report.")
        .key(
            "vars",
            described(
                json!({ "type": "object", "additionalProperties": scalar() }),
                "Values by name.",
            ),
            "Values that only they have: `${user}` in the auth.",
        )
        .key("totp", any_of(&[text(), of("totp")]), "What their `${totp}` is computed from.")
        .required(&["auth"])
}

fn totp() -> Object {
    object!("totp", auth::identities::TOTP, "What one-time passwords are computed from.")
        .key("secret", text(), "In base32, as it is shown beside the QR code.")
        .key_or("algorithm", word(&["SHA1", "SHA256"]), "SHA1", "The hash.")
        .key_or("digits", whole(6, 8), 6, "How many.")
        .key_or("period", whole(1, 3600), 30, "Seconds for which a code holds.")
        .required(&["secret"])
}

fn user() -> Object {
    object!("credentials", auth::schemes::USER, "A name and a password.")
        .key("user", text(), "The name.")
        .key("password", text(), "The password.")
        .required(&["user", "password"])
}

fn api_key() -> Object {
    object!("api-key", auth::schemes::API_KEY, "A key and where it stands.")
        .key("header", example(text(), &["X-Api-Key"]), "The name of a header.")
        .key("query", text(), "The name of a parameter.")
        .key("cookie", text(), "The name of a cookie.")
        .key("value", text(), "The key.")
        .required(&["value"])
}

fn sigv4() -> Object {
    object!("aws-sigv4", auth::schemes::SIGV4, "What requests are signed with.")
        .key("access_key", text(), "The access key's id.")
        .key("secret_key", text(), "Its secret.")
        .key("session_token", text(), "Of temporary credentials.")
        .key("region", example(text(), &["eu-central-1"]), "The region.")
        .key("service", example(text(), &["execute-api", "s3"]), "The service.")
        .required(&["access_key", "secret_key", "region", "service"])
}

fn oauth2() -> Object {
    object!("oauth2", auth::oauth2::OAUTH2, "What a token is asked for with; with `user` and `password` it is the user's, else the client's own.")
        .key("token_url", text(), "The token endpoint: a path of the target, or a URL in scope.")
        .key("client_id", text(), "The client's name.")
        .key("client_secret", text(), "The client's secret.")
        .key("scope", one_or_many(&text()), "What the token is for.")
        .key("user", text(), "The user's name.")
        .key("password", text(), "The user's password.")
        .key_or(
            "client_auth",
            word(&["basic", "body"]),
            "basic",
            "Where the client's name and secret stand: in a header, or in the form.",
        )
        .key("extra", named(&text()), "More fields of the form: audience, resource.")
        .required(&["token_url", "client_id"])
}

fn form() -> Object {
    object!("login-form", auth::schemes::FORM, "A login form.")
        .key("url", text(), "The page that shows it: a path of the target, or a URL in scope.")
        .key("user", text(), "The name that goes into it.")
        .key("password", text(), "The password that goes into it.")
        .key("user_field", text(), "The name of the name's field, where it is not found.")
        .key("password_field", text(), "The name of the password's field, where it is not found.")
        .required(&["url", "user", "password"])
}

fn apply() -> Object {
    object!("apply", auth::schemes::APPLY, "What requests get once somebody is logged in.")
        .key("header", fields(), "Headers, before those that requests have.")
        .key("query", fields(), "Parameters.")
        .key("cookie", fields(), "Cookies, beside those that were set.")
}

fn verify() -> Object {
    object!("verify", auth::proof::VERIFY, "A request whose answer tells whether one is logged in.")
        .key("get", example(text(), &["/me"]), "GET: a path of the target, or a URL in scope.")
        .key("post", text(), "POST.")
        .key("head", text(), "HEAD.")
        .key("headers", fields(), "Header fields.")
        .key("query", fields(), "Names and values behind `?`.")
        .key("json", anything(), "A body in JSON, written as YAML.")
        .key("form", fields(), "A body as HTML forms send it.")
        .key("target", text(), "The name of a target; without it, `default`.")
        .key("use", text(), "A request of the plan that asks, instead of one written here.")
        .key("checks", list(&of("check")), "What must hold of the answer.")
        .key("expect", of("verify-expect"), "What the answer must be; without it, 200 to 299.")
        .key("logged_in", text(), "A regular expression that the body must match.")
        .key("logged_out", text(), "A regular expression that the body must not match.")
        .key(
            "every",
            duration(),
            "How often it is asked again; in a scan, every minute without it.",
        )
}

fn expect() -> Object {
    object!("verify-expect", auth::proof::EXPECT, "What an answer must be.").key(
        "status",
        one_or_many(&whole(100, 999)),
        "Its status, or one of several.",
    )
}

fn relogin() -> Object {
    object!("relogin", auth::proof::RELOGIN, "What says that a login is lost.")
        .key("on_status", one_or_many(&whole(100, 999)), "Statuses; 401 without it.")
        .key("on_body", text(), "A regular expression that a body matches.")
        .key(
            "on_redirect_to",
            text(),
            "A path to which an answer redirects; a form's own without it.",
        )
        .key_or("max", whole(1, 100), 3, "Attempts in a row before the login counts as lost.")
}
