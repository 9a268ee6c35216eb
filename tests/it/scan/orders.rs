//! What people order, in JSON and on pages: whose it is, is told by no name and no address.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::notes::with_two;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flaw of its own")]
struct Flaws {
    /// Others read orders.
    orders: bool,
    /// Others read invoices.
    invoices: bool,
    /// Every list has the orders of all, so they are meant for all.
    shared: bool,
    /// Nobody needs to log in.
    open: bool,
    /// Every order has the same page, which a script fills.
    shell: bool,
    /// Invoices say nothing but where they go.
    thin: bool,
}

#[derive(Debug, Clone)]
struct Order {
    owner: String,
    /// What its list shows of it.
    label: String,
    /// What its page shows.
    to: String,
}

/// Pages that are nobody's own.
const ELSEWHERE: [&str; 12] = [
    "about", "careers", "terms", "privacy", "press", "delivery", "returns", "stores", "gifts",
    "brands", "news", "imprint",
];

struct Store {
    flaws: Flaws,
    /// What orders are called in addresses.
    word: &'static str,
    orders: Mutex<Vec<Order>>,
}

fn json(status: u16, body: &Value) -> Response {
    respond(status, "application/json", body.to_string())
}

impl Store {
    fn new(flaws: Flaws, word: &'static str) -> Self {
        let order = |who: &str, to: &str| Order {
            owner: who.to_owned(),
            label: "a parcel".to_owned(),
            to: to.to_owned(),
        };
        let orders = vec![
            order("alice", "Quay 7, Port Elm"),
            order("bob", "Mill Lane 12, Ashby"),
            order("alice", "Quay 9, Port Elm"),
        ];
        Self { flaws, word, orders: Mutex::new(orders) }
    }

    fn answer(&self, ask: &Ask) -> Response {
        if ask.path == "/api/login" {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            let name = if body.contains("alice") { "alice" } else { "bob" };
            return json(200, &json!({ "token": format!("tok-{name}-0001") }));
        }
        let token = ask.authorization.strip_prefix("Bearer tok-").unwrap_or_default();
        let who = ["alice", "bob"].into_iter().find(|name| token.starts_with(name));
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/") => {
                let word = self.word;
                html(format!("<a href=/{word}>yours</a><a href=/openapi.json>description</a>"))
            }
            ("GET", "/openapi.json") => json(200, &description()),
            _ if ask.path.starts_with("/api/") => match who {
                Some(who) => self.interface(ask, who),
                None => json(401, &json!({ "error": "log in" })),
            },
            _ if who.is_none() && !self.flaws.open => redirect("/login"),
            _ => self.page(ask, who.unwrap_or("alice")),
        }
    }

    fn interface(&self, ask: &Ask, who: &str) -> Response {
        let mut orders = self.orders.lock().expect("no handler panics");
        let id = ask.path.strip_prefix("/api/orders/").and_then(|id| id.parse::<usize>().ok());
        match (ask.method.as_str(), ask.path.as_str(), id) {
            ("POST", "/api/checkout", _) => {
                let body: Value = serde_json::from_slice(&ask.request.body).unwrap_or_default();
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                let (label, to) = (text("label"), text("ship_to"));
                orders.push(Order { owner: who.to_owned(), label, to });
                json(201, &json!({ "order_id": orders.len() - 1 }))
            }
            ("GET", "/api/orders", _) => {
                let all = orders.iter().enumerate();
                let own = all.filter(|(_, order)| order.owner == who || self.flaws.shared);
                let shown = own.map(|(id, order)| json!({ "id": id, "label": order.label }));
                json(200, &json!({ "orders": shown.collect::<Vec<_>>() }))
            }
            ("GET", _, Some(id)) => match orders.get(id) {
                Some(order) if order.owner == who || self.flaws.orders || self.flaws.shared => {
                    json(200, &json!({ "id": id, "ship_to": order.to }))
                }
                _ => json(404, &json!({ "error": "no such order" })),
            },
            _ => json(404, &json!({ "error": "no such thing" })),
        }
    }

    fn page(&self, ask: &Ask, who: &str) -> Response {
        let orders = self.orders.lock().expect("no handler panics");
        let number = |prefix: &str| ask.path.strip_prefix(prefix)?.parse::<usize>().ok();
        let greeting = format!("<header>Hello {who}</header>");
        if ask.path == "/" {
            // Who looks at the first pages alone never comes to the orders.
            let links = ELSEWHERE.map(|name| format!("<a href=/{name}>{name}</a>")).concat();
            return html(format!("{greeting}{links}<a href=/{}>yours</a>", self.word));
        }
        if let Some(name) = ELSEWHERE.iter().find(|name| ask.path == format!("/{name}")) {
            return html(format!("{greeting}<h1>All about {name}</h1>"));
        }
        if ask.path == format!("/{}", self.word) {
            let own = orders.iter().enumerate().filter(|(_, order)| order.owner == who);
            let link = |(id, _)| format!("<a href=/{}/{id}>{id}</a>", self.word);
            let links: String = own.map(link).collect();
            return html(format!("{greeting}<h1>Yours</h1>{links}"));
        }
        let of = |id: Option<usize>, all: bool| {
            let (id, order) = id.and_then(|id| Some((id, orders.get(id)?)))?;
            (order.owner == who || all).then(|| (id, order.to.clone()))
        };
        if let Some((id, to)) = of(number(&format!("/{}/", self.word)), self.flaws.orders) {
            if self.flaws.shell {
                return html("<div id=order></div><script src=/order.js></script>");
            }
            let sum = 17 * (id + 3);
            return html(format!(
                "{greeting}<h1>No. {id}</h1><p>{to}</p><b>Sum {sum}</b>\
                 <a href=/billing/invoices/{}>invoice</a>",
                id + 230
            ));
        }
        let invoice = number("/billing/invoices/").and_then(|number| number.checked_sub(230));
        if let Some((id, to)) = of(invoice, self.flaws.invoices) {
            if self.flaws.thin {
                let place = to.split(',').next().unwrap_or_default();
                return html(format!("{greeting}<h1>Invoice</h1><p>{place}</p>"));
            }
            let sum = 17 * (id + 3);
            return html(format!("{greeting}<h1>Invoice</h1><p>{to}</p><b>Sum {sum}</b>"));
        }
        not_found()
    }
}

fn description() -> Value {
    let schema = json!({"type": "object", "properties": {
        "label": {"type": "string"}, "ship_to": {"type": "string"},
    }});
    let body = json!({"content": {"application/json": {"schema": schema}}});
    let ok = json!({"200": {"description": "ok"}});
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}]);
    json!({
        "openapi": "3.0.0",
        "info": {"title": "store", "version": "1"},
        "paths": {
            "/api/checkout": {"post": {"requestBody": body, "responses": ok}},
            "/api/orders": {"get": {"responses": ok}},
            "/api/orders/{id}": {"get": {"parameters": id, "responses": ok}},
        },
    })
}

async fn scanned(setup: Setup, flaws: Flaws, word: &'static str) -> Scanned {
    let store = Arc::new(Store::new(flaws, word));
    scan(setup, move |ask| store.answer(ask)).await
}

fn found(scanned: &Scanned) -> Vec<(String, Confidence)> {
    let mut found: Vec<_> =
        scanned.found("bola").iter().map(|it| (it.path_template.clone(), it.confidence)).collect();
    found.sort();
    found
}

#[tokio::test]
async fn what_an_answer_names_is_looked_for_where_it_is_kept() {
    let of = |flaws| scanned(with_two(&["bola"]), flaws, "nothing");
    let flawed = of(Flaws { orders: true, ..Flaws::default() }).await;
    let expected = ("/api/orders/{id}".to_owned(), Confidence::Confirmed);
    assert!(found(&flawed).contains(&expected), "{:?} {:?}", found(&flawed), flawed.notices());
    for flaws in [Flaws::default(), Flaws { shared: true, ..Flaws::default() }] {
        let quiet = of(flaws).await;
        assert_eq!(found(&quiet), [], "{flaws:?}");
        assert!(quiet.outcome("bola").requests > 0);
    }
}

/// Only reads.
async fn read(flaws: Flaws, word: &'static str) -> Scanned {
    scanned(Setup { allow_unsafe: false, ..with_two(&["bola"]) }, flaws, word).await
}

#[tokio::test]
async fn pages_of_ones_own_are_known_by_what_others_pages_lead_to() {
    let flaws = Flaws { orders: true, ..Flaws::default() };
    let flawed = read(flaws, "orders").await;
    let expected = [
        ("/api/orders/{id}".to_owned(), Confidence::Firm),
        ("/orders/{id}".to_owned(), Confidence::Firm),
    ];
    assert_eq!(found(&flawed), expected, "{:?}", flawed.notices());
    let detail = &flawed.found("bola")[0].detail;
    assert!(detail.contains("texts that tell it from theirs"), "{detail}");
    // By its name it may be meant for all.
    let lessons = read(flaws, "lessons").await;
    assert!(found(&lessons).contains(&("/lessons/{id}".to_owned(), Confidence::Tentative)));
    for flaws in [
        Flaws::default(),
        Flaws { orders: true, open: true, ..Flaws::default() },
        Flaws { orders: true, shell: true, ..Flaws::default() },
    ] {
        let quiet = read(flaws, "orders").await;
        let pages: Vec<_> =
            found(&quiet).into_iter().filter(|(path, _)| !path.starts_with("/api")).collect();
        assert_eq!(pages, [], "{flaws:?}");
        assert!(quiet.outcome("bola").requests > 0);
    }
}

#[tokio::test]
async fn what_ones_own_pages_lead_to_is_asked_for_as_another() {
    let flawed = read(Flaws { invoices: true, ..Flaws::default() }, "orders").await;
    let expected = [("/billing/invoices/{id}".to_owned(), Confidence::Firm)];
    assert_eq!(found(&flawed), expected, "{:?}", flawed.notices());
    let quiet = read(Flaws::default(), "orders").await;
    assert_eq!(found(&quiet), []);
}

#[tokio::test]
async fn what_somebody_wrote_tells_their_page_where_it_says_little_else() {
    let of = |invoices| async move {
        let flaws = Flaws { invoices, thin: true, ..Flaws::default() };
        let scanned = scanned(with_two(&["bola"]), flaws, "orders").await;
        let found = scanned.found("bola");
        let details: Vec<String> = found.iter().map(|it| it.detail.clone()).collect();
        (found.iter().map(|it| it.path_template.clone()).collect::<Vec<_>>(), details)
    };
    let (paths, details) = of(true).await;
    assert_eq!(paths, ["/billing/invoices/{id}"], "{details:?}");
    assert!(details[0].contains("only the pages of `alice` lead to"), "{details:?}");
    assert_eq!(of(false).await.0, [""; 0]);
}
