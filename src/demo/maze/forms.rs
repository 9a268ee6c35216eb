//! Forms: what they take, and what comes after them.

use axum::http::Method;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;

use super::answer::is_read;
use super::answer::not_allowed;
use super::fields::Sent;
use super::leaf::leaf;
use super::once::Step;
use super::rooms::Rooms;
use super::rules::DAY;
use super::rules::MAIL;
use super::rules::PHONE;
use super::rules::Rule;
use super::rules::WEB;

/// A form's action: what its fields must be.
struct Action {
    method: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, Rule)],
}

const fn get(path: &'static str, fields: &'static [(&'static str, Rule)]) -> Action {
    Action { method: "GET", path, fields }
}

const fn post(path: &'static str, fields: &'static [(&'static str, Rule)]) -> Action {
    Action { method: "POST", path, fields }
}

const A: &[(&str, Rule)] = &[("a", Rule::OneOf(&["1"]))];
const ANY: f64 = f64::INFINITY;

const ACTIONS: &[Action] = &[
    get("/maze/base/archive/2024/find-issue", &[("number", Rule::OneOf(&["3"]))]),
    get("/maze/comments/hidden-form", &[("code", Rule::OneOf(&["7"]))]),
    get(
        "/maze/forms/find",
        &[
            ("q", Rule::Filled),
            ("in", Rule::OneOf(&["all", "books"])),
            ("lang", Rule::OneOf(&["en"])),
        ],
    ),
    get("/maze/forms/buttons-first", &[("a", Rule::OneOf(&["1"])), ("do", Rule::OneOf(&["show"]))]),
    get(
        "/maze/forms/buttons-second",
        &[("a", Rule::OneOf(&["1"])), ("do", Rule::OneOf(&["print"]))],
    ),
    post("/maze/forms/buttons-third", A),
    get(
        "/maze/forms/buttons-image",
        &[
            ("a", Rule::OneOf(&["1"])),
            ("at.x", Rule::Number { min: 0.0, max: ANY, step: 1.0 }),
            ("at.y", Rule::Number { min: 0.0, max: ANY, step: 1.0 }),
        ],
    ),
    get(
        "/maze/forms/outside-sent",
        &[("needed", Rule::OneOf(&["here"])), ("pick", Rule::OneOf(&["one"]))],
    ),
    get(
        "/maze/forms/outside-button",
        &[("needed", Rule::OneOf(&["here"])), ("pick", Rule::OneOf(&["one"]))],
    ),
    get("/maze/forms/outside-table", &[("cell", Rule::OneOf(&["2"]))]),
    get("/maze/forms/nested-noscript", A),
    get("/maze/forms/nested-shadow", A),
    get("/maze/forms/nested-dialog", A),
    get("/maze/forms/nested-details", A),
    get("/maze/forms/nested-shouting", A),
    get("/maze/forms/nested-unclosed", A),
    get("/maze/app/entry-form/made", &[("word", Rule::Filled)]),
    post("/maze/forms/plain-sent", &[("line", Rule::OneOf(&["a b"]))]),
    post("/maze/forms/inputs-sent", INPUTS),
    post("/maze/forms/choices-sent", CHOICES),
    post("/maze/forms/limits-sent", LIMITS),
    post("/maze/forms/names-sent", NAMES),
    post("/maze/forms/address-sent", ADDRESS),
    post("/maze/forms/account-made", ACCOUNT),
    post(
        "/maze/forms/upload-picture",
        &[
            ("picture", Rule::File("image/png", ".png", b"\x89PNG\r\n\x1a\n")),
            ("title", Rule::Filled),
            ("album", Rule::OneOf(&["a-9"])),
        ],
    ),
    post("/maze/forms/upload-table", &[("table", Rule::File("text/csv", ".csv", b""))]),
    post("/maze/forms/upload-paper", &[("paper", Rule::File("application/pdf", ".pdf", b"%PDF-"))]),
    post("/maze/forms/upload-any", &[("about", Rule::Filled)]),
];

const INPUTS: &[(&str, Rule)] = &[
    ("text", Rule::Filled),
    ("mail", MAIL),
    ("site", WEB),
    ("phone", PHONE),
    ("count", Rule::Number { min: -ANY, max: ANY, step: 1.0 }),
    ("volume", Rule::Number { min: 10.0, max: 20.0, step: 1.0 }),
    ("day", DAY),
    ("at", Rule::Matches(r"\d{2}:\d{2}(:\d{2})?")),
    ("moment", Rule::Matches(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")),
    ("month", Rule::Matches(r"\d{4}-\d{2}")),
    ("week", Rule::Matches(r"\d{4}-W\d{2}")),
    ("colour", Rule::Matches("#[0-9a-f]{6}")),
    ("agree", Rule::OneOf(&["yes"])),
    ("size", Rule::OneOf(&["s", "m"])),
    ("secret", Rule::Filled),
    ("kept", Rule::OneOf(&["k-3317"])),
    ("note", Rule::Filled),
    ("word", Rule::Filled),
    ("given", Rule::Filled),
    ("fixed", Rule::OneOf(&["f-12"])),
    ("off", Rule::Absent),
];

const CHOICES: &[(&str, Rule)] = &[
    ("country", Rule::OneOf(&["Austria", "de"])),
    ("extras", Rule::OneOf(&["gift", "card", "bow"])),
    ("never", Rule::Absent),
    ("topics[]", Rule::AllOf(&["a", "b"])),
    ("bare", Rule::OneOf(&["on"])),
    ("pay", Rule::OneOf(&["card", "bill"])),
    ("colour", Rule::OneOf(&["red", "green"])),
    ("go", Rule::OneOf(&["Send it"])),
];

const LIMITS: &[(&str, Rule)] = &[
    ("seats", Rule::Number { min: 3.0, max: 9.0, step: 3.0 }),
    ("price", Rule::Number { min: 0.5, max: 2.0, step: 0.25 }),
    ("below", Rule::Number { min: -ANY, max: -5.0, step: 1.0 }),
    ("arrival", Rule::Between(r"\d{4}-\d{2}-\d{2}", "2031-03-02", "2031-03-09")),
    ("slot", Rule::Between(r"\d{2}:\d{2}", "14:30", "15:00")),
    ("slot", Rule::TimeStep(900)),
    (
        "start",
        Rule::Between(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", "2031-01-01T10:00", "9999-12-31T23:59"),
    ),
    ("expires", Rule::Between(r"\d{4}-\d{2}", "2031-05", "9999-12")),
    ("holiday", Rule::Between(r"\d{4}-W\d{2}", "2031-W10", "2031-W12")),
    ("zip", Rule::Matches("[0-9]{5}")),
    ("serial", Rule::Matches(r"[A-Z]{2}-\d{4}-[a-f0-9]{3}")),
    ("plate", Rule::Matches(r"(?:B|HH)\s?[A-Z]{1,2}\s?\d{1,4}")),
    ("nick", Rule::Length(6, 8)),
    ("story", Rule::Length(40, 200)),
    ("pin", Rule::Matches(r"\d{4,6}")),
    ("mail", Rule::Matches(r"[^@\s]+@shop\.example")),
    ("phone", Rule::Matches(r"\+[0-9]{2} [0-9]{3,} [0-9]{4,}")),
    ("site", Rule::Matches("https://.*")),
    ("stars", Rule::OneOf(&["1", "3", "5"])),
];

const NAMES: &[(&str, Rule)] = &[
    ("first_name", Rule::Filled),
    ("lastName", Rule::Filled),
    ("email", MAIL),
    ("email_confirm", Rule::Same("email")),
    ("phone", PHONE),
    ("zip_code", Rule::Matches(r"\d{5}")),
    ("city", Rule::Filled),
    ("country", Rule::Filled),
    ("birthday", DAY),
    ("quantity", Rule::Number { min: 1.0, max: 99.0, step: 1.0 }),
    ("price", Rule::Number { min: 0.0, max: ANY, step: 0.01 }),
    ("website", WEB),
    ("age", Rule::Number { min: 1.0, max: 130.0, step: 1.0 }),
    ("password", Rule::Length(8, 72)),
    ("password_confirmation", Rule::Same("password")),
];

const ADDRESS: &[(&str, Rule)] = &[
    ("f1", Rule::Filled),
    ("f2", Rule::Filled),
    ("f3", Rule::Filled),
    ("f4", Rule::Matches("[0-9A-Z -]{4,10}")),
    ("f5", Rule::Matches("[A-Z]{2}")),
    ("f6", MAIL),
    ("f7", PHONE),
    ("f8", Rule::Card),
    ("f9", Rule::Matches(r"\d{2}/\d{2}|\d{4}-\d{2}")),
    ("f10", Rule::Matches(r"\d{3,4}")),
    ("f11", DAY),
    ("f12", WEB),
];

const ACCOUNT: &[(&str, Rule)] = &[
    ("username", Rule::Matches("[a-z][a-z0-9_]{3,15}")),
    ("email", MAIL),
    ("password", Rule::Length(12, 72)),
    ("password2", Rule::Same("password")),
    ("terms", Rule::OneOf(&["on"])),
    ("action", Rule::OneOf(&["register"])),
];

/// A page with a form that is another one each time.
pub(super) fn page(rooms: &Rooms, method: &Method, path: &str) -> Option<Response> {
    let form = match path {
        "/maze/forms/token" => format!(
            "<form method=\"post\" action=\"token-sent\"><input type=\"hidden\" name=\"csrf_token\" value=\"{}\">\
             <textarea name=\"text\" required></textarea><button>Send</button></form>",
            rooms.once.issue(Step::Token)
        ),
        "/maze/forms/token-search" => format!(
            "<form action=\"token-find\"><input type=\"hidden\" name=\"_token\" value=\"{}\">\
             <input name=\"q\" required><button>Find</button></form>",
            rooms.once.issue(Step::Token)
        ),
        "/maze/forms/order" => {
            "<form method=\"post\" action=\"order-address\"><input name=\"name\" required>\
             <input name=\"street\" required><button>Go on</button></form>"
                .to_owned()
        }
        _ => return None,
    };
    Some(if is_read(method) { html("A form", &form) } else { not_allowed("GET, HEAD") })
}

/// The answer to a form.
pub(super) fn answer(rooms: &Rooms, method: &Method, path: &str, sent: &Sent) -> Option<Response> {
    if let Some(answer) = steps(rooms, method, path, sent) {
        return Some(answer);
    }
    let action = ACTIONS.iter().find(|action| action.path == path)?;
    if action.method == "POST" && *method != Method::POST {
        return Some(not_allowed("POST"));
    }
    let wrong: Vec<&str> = action
        .fields
        .iter()
        .filter(|(name, rule)| !rule.holds(name, sent))
        .map(|(name, _)| *name)
        .collect();
    Some(if wrong.is_empty() { leaf(path) } else { refused(&wrong.join(", ")) })
}

/// Forms that lead somewhere.
fn steps(rooms: &Rooms, method: &Method, path: &str, sent: &Sent) -> Option<Response> {
    let order = sent.value("order");
    let is_post = *method == Method::POST;
    match path {
        "/maze/forms/token-find" => {
            if !rooms.once.spend(sent.value("_token"), Step::Token) {
                return Some(refused("_token"));
            }
            Some(html("Found", "<a href=\"token-results\">Results</a>"))
        }
        "/maze/forms/token-sent" if is_post => {
            if sent.value("text").is_empty()
                || !rooms.once.spend(sent.value("csrf_token"), Step::Token)
            {
                return Some(refused("csrf_token, text"));
            }
            Some(html("Sent", "<a href=\"token-thanks\">What comes next</a>"))
        }
        "/maze/forms/order-address" if is_post => {
            if sent.value("name").is_empty() || sent.value("street").is_empty() {
                return Some(refused("name, street"));
            }
            let order = rooms.once.issue(Step::Payment);
            let form = format!(
                "<form method=\"post\" action=\"order-payment\"><input type=\"hidden\" name=\"order\" value=\"{order}\">\
                 <select name=\"pay\" required><option value=\"\">How?</option><option value=\"bill\">Bill</option></select>\
                 <button>Go on</button></form>"
            );
            Some(html("Payment", &form))
        }
        "/maze/forms/order-payment" if is_post => {
            if sent.value("pay") != "bill" || !rooms.once.spend(order, Step::Payment) {
                return Some(refused("order, pay"));
            }
            let order = rooms.once.issue(Step::Confirm);
            let form = format!(
                "<form method=\"post\" action=\"order-confirm\"><input type=\"hidden\" name=\"order\" value=\"{order}\">\
                 <input type=\"checkbox\" name=\"sure\" required><button>Order</button></form>"
            );
            Some(html("Confirm", &form))
        }
        "/maze/forms/order-confirm" if is_post => {
            if sent.value("sure") != "on" || !rooms.once.spend(order, Step::Confirm) {
                return Some(refused("order, sure"));
            }
            Some(Redirect::to("/maze/forms/order-thanks").into_response())
        }
        _ => None,
    }
}

fn html(title: &str, content: &str) -> Response {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\"><head><title>{title}</title></head><body><h1>{title}</h1>{content}</body></html>\n"
    ))
    .into_response()
}

fn refused(fields: &str) -> Response {
    let text = format!(
        "<!doctype html>\n<title>Not yet</title><h1>Not yet</h1><p>Please look at: {fields}.</p>\n"
    );
    (StatusCode::UNPROCESSABLE_ENTITY, Html(text)).into_response()
}
