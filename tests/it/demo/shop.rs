//! The shop as such: it works, it stays on loopback, it cleans up.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use reqwest::Method;
use scraper::Html;
use scraper::Selector;
use serde_json::Value;
use shakedown::demo;
use shakedown::demo::DemoError;
use shakedown::demo::Dials;
use shakedown::demo::ShopOptions;
use tokio::io::AsyncWriteExt as _;

use super::client::Shop;
use super::client::Twin;

const TWINS: [Twin; 2] = [Twin::Flawed, Twin::Safe];

#[tokio::test]
async fn an_address_that_is_not_loopback_is_refused() {
    for address in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::from([192, 0, 2, 1])] {
        let options =
            ShopOptions { port: 0, address, safe: true, maze: false, dials: Dials::default() };
        let refused = demo::serve(options, |_| panic!("must not listen"), async {}).await;
        assert!(matches!(refused, Err(DemoError::NotLoopback(a)) if a == address));
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let shop = Shop::start(Twin::Safe).await;
    let (port, address) = (shop.address.port(), shop.address.ip());
    let options = ShopOptions { port, address, safe: true, maze: false, dials: Dials::default() };
    let refused = demo::serve(options, |_| panic!("must not listen"), async {}).await;
    assert!(matches!(refused, Err(DemoError::Listen { .. })));
}

#[tokio::test]
async fn it_ends_when_told_to() {
    for twin in TWINS {
        let mut shop = Shop::start(twin).await;
        assert_eq!(shop.get("/healthz").await.status, 200);
        shop.stop().await.expect("a clean end");
    }
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_it_alive() {
    let mut shop = Shop::start(Twin::Safe).await;
    let mut hanging = tokio::net::TcpStream::connect(shop.address).await.expect("it listens");
    hanging
        .write_all(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nna")
        .await
        .expect("sent");
    assert_eq!(shop.get("/healthz").await.status, 200);
    shop.stop().await.expect("a clean end");
}

#[tokio::test]
async fn somebody_can_buy_something() {
    for twin in TWINS {
        let mut shop = Shop::start(twin).await;
        shop.log_in("alice").await;
        let added = shop
            .submit("/product?id=7", "/cart/add", &[("product_id", "7"), ("quantity", "2")])
            .await;
        assert_eq!((added.status, added.header("location")), (303, "/cart"));
        shop.submit("/cart", "/cart/coupon", &[("code", "WELCOME10")]).await;
        let cart = shop.get("/cart").await;
        assert!(cart.body.contains("Coupon WELCOME10: 10 % off"), "{}", cart.body);
        let placed = shop.submit("/checkout", "/checkout", &[("ship_to", "12 Mill Lane")]).await;
        assert!(placed.body.contains("/orders/1007"), "{}", placed.body);
        let order = shop.get("/orders/1007").await;
        // 2 × 59.01 minus a tenth, rounded in the shop's favour.
        assert!(
            order.body.contains("12 Mill Lane") && order.body.contains("€ 106.22"),
            "{}",
            order.body
        );
        assert_eq!(shop.visitor().get("/orders/1007").await.header("location"), "/login");
    }
}

#[tokio::test]
async fn the_admin_pages_are_for_the_admin() {
    for twin in TWINS {
        let mut shop = Shop::start(twin).await;
        assert_eq!(shop.get("/admin").await.header("location"), "/login");
        shop.log_in("bob").await;
        assert_eq!(shop.get("/admin").await.status, 403);
        let mut office = shop.visitor();
        office.log_in("admin").await;
        let fields = [("code", "SUMMER20"), ("percent", "20")];
        assert_eq!(office.submit("/admin", "/admin/coupons", &fields).await.status, 303);
        assert_eq!(shop.get("/api/coupons/SUMMER20").await.json()["percent"], 20);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_404_in_the_callers_format() {
    for twin in TWINS {
        let mut shop = Shop::start(twin).await;
        for path in ["/nowhere", "/product/nowhere", "/orders.bak"] {
            let answer = shop.get(path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(answer.header("content-type").starts_with("text/html"));
        }
        let answer = shop.get("/api/nowhere").await;
        assert_eq!(answer.status, 404);
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn every_response_has_timings_and_a_backend() {
    for twin in TWINS {
        let mut shop = Shop::start(twin).await;
        for path in
            ["/", "/nowhere", "/product?id=x", "/api/orders", "/static/theme.css", "/cart/add"]
        {
            let answer = shop.get(path).await;
            let timing = answer.header("server-timing");
            for metric in ["db;dur=", "app;dur=", "total;dur="] {
                assert!(timing.contains(metric), "{path}: {timing}");
            }
            assert!(answer.header("x-served-by").starts_with("app-"), "{path}");
        }
    }
}

/// Everything linked from `/`, as an anonymous visitor.
async fn crawl(shop: &mut Shop) -> (BTreeSet<String>, BTreeSet<String>) {
    let links = Selector::parse("a[href], link[href], img[src]").expect("a selector");
    let forms = Selector::parse("form[action]").expect("a selector");
    let (mut seen, mut actions) = (BTreeSet::from(["/".to_owned()]), BTreeSet::new());
    let mut frontier = VecDeque::from(["/".to_owned()]);
    while let Some(path) = frontier.pop_front() {
        let answer = shop.get(&path).await;
        assert!(answer.status < 400, "{path}: {}", answer.status);
        let page = Html::parse_document(&answer.body);
        for link in page.select(&links) {
            let target = link.attr("href").or(link.attr("src")).expect("selected");
            if target.starts_with('/') && seen.insert(target.to_owned()) {
                frontier.push_back(target.to_owned());
            }
        }
        let action = |form: scraper::ElementRef| form.attr("action").expect("selected").to_owned();
        actions.extend(page.select(&forms).map(action));
    }
    (seen, actions)
}

#[tokio::test]
async fn customers_and_the_admin_find_their_pages_by_links() {
    for (name, own) in [("alice", "/orders/1003"), ("admin", "/admin")] {
        let mut shop = Shop::start(Twin::Safe).await;
        shop.log_in(name).await;
        let (seen, actions) = crawl(&mut shop).await;
        for path in [own, "/account", "/orders"] {
            assert!(seen.contains(path), "{name}: {path} is not linked");
        }
        for action in ["/account", "/logout"] {
            assert!(actions.contains(action), "{name}: no form leads to {action}");
        }
    }
}

#[tokio::test]
async fn a_crawler_reaches_everything_and_finds_no_dead_link() {
    let mut shop = Shop::start(Twin::Safe).await;
    let (seen, actions) = crawl(&mut shop).await;
    let products = seen.iter().filter(|path| path.starts_with("/product?id=")).count();
    assert_eq!(products, 240);
    for path in [
        "/bestsellers",
        "/cart",
        "/checkout",
        "/downloads",
        "/download?file=care.txt",
        "/lang?code=de",
        "/login",
        "/openapi.json",
        "/preview",
        "/track",
        "/upload",
        "/services",
        "/help/faq/returns",
        "/community/gallery/photos",
        "/help/password-reset/confirm",
    ] {
        assert!(seen.contains(path), "{path} is not linked");
    }
    for action in [
        "/cart/add",
        "/cart/coupon",
        "/checkout",
        "/login",
        "/newsletter",
        "/preview",
        "/product/review",
        "/search",
        "/track",
        "/upload",
        "/club/login",
        "/partners/dealers",
        "/community/guestbook",
        "/partners/webhooks",
        "/gifts/wish-list",
    ] {
        assert!(actions.contains(action), "no form leads to {action}");
    }
}

#[tokio::test]
async fn every_operation_of_the_openapi_document_works() {
    for twin in TWINS {
        let mut shop = Shop::start(twin).await;
        shop.log_in("alice").await;
        let document = shop.get("/openapi.json").await.json();
        assert_eq!(document["openapi"], "3.1.0");
        let mut operations = 0;
        for (template, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let method =
                    Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
                let answer = call(&mut shop, method.clone(), template, operation).await;
                let expected = match operation["operationId"].as_str() {
                    // The example password is nobody's; the list of users is not for customers.
                    // The app has tokens of its own.
                    Some("login" | "appToken" | "appProfile") => vec![401],
                    Some("listUsers") if twin == Twin::Safe => vec![403],
                    _ => vec![200, 201],
                };
                assert!(expected.contains(&answer.status), "{method} {template}: {answer:?}");
                operations += 1;
            }
        }
        assert!(operations >= 14, "{operations}");
    }
}

async fn call(
    shop: &mut Shop,
    method: Method,
    template: &str,
    operation: &Value,
) -> super::client::Answer {
    let mut path = template.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().expect("parameters") {
        let name = parameter["name"].as_str().expect("a name");
        let example = parameter["schema"]["example"].to_string().replace('"', "");
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            _ => query.push(format!("{name}={example}")),
        }
    }
    let path = format!("{path}?{}", query.join("&"));
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let Some(properties) = schema["properties"].as_object() else {
        let example = operation["requestBody"]["content"]["application/xml"]["example"].as_str();
        return shop.send(method, &path, &[], example.unwrap_or("")).await;
    };
    let examples =
        properties.iter().map(|(name, schema)| (name.clone(), schema["example"].clone()));
    shop.json(method, &path, &Value::Object(examples.collect())).await
}
