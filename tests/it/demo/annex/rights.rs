//! Who may do what, and from where.

use reqwest::Method;

use crate::demo::client::Shop;
use crate::demo::client::encoded;

const INTERNAL: &str = "Margin of the quarter";

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    Some(match id {
        "csrf-token-unchecked" => unchecked_token(shop).await,
        "cors-null-origin" => origin(shop, "/club/points.json", "null").await,
        "cors-suffix-match" => {
            origin(shop, "/partners/offers.json", "https://evilshop.example").await
        }
        "method-override-notice" => overridden_method(shop).await,
        "acl-path-spelling" => other_spelling(shop).await,
        "acl-original-url" => {
            let headers = [("x-original-url", "/internal/report")];
            shop.send(Method::GET, "/", &headers, "").await.body.contains(INTERNAL)
        }
        "acl-forwarded-for" => forwarded(shop).await,
        "forced-browsing-prices" => members_prices(shop).await,
        "idor-invoice" => foreign_invoice(shop).await,
        "page-size-history" => long_history(shop).await,
        "open-redirect-club-next" => next_after_login(shop).await,
        "open-redirect-prefix" => return_by_prefix(shop).await,
        "host-header-reset" => host_in_the_mail(shop).await,
        "cache-unkeyed-header" => poisoned_page(shop).await,
        "cache-deception-account" => cached_account(shop).await,
        "put-assets" => put_file(shop).await,
        "trace-enabled" => traced(shop).await,
        _ => return None,
    })
}

async fn unchecked_token(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/my/address").await.header("location"), "/login");
    shop.log_in("alice").await;
    let page = shop.get("/my/address").await.body;
    let (_, rest) = page.split_once("name=\"form_token\" value=\"").expect("in either twin");
    let right = [("street", "1 New Road"), ("form_token", &rest[..32])];
    assert!(shop.post_form("/my/address", &right).await.body.contains("Saved: 1 New Road"));
    let wrong = [("street", "9 Evil Road"), ("form_token", "0123456789abcdef0123456789abcdef")];
    shop.post_form("/my/address", &wrong).await.body.contains("Saved: 9 Evil Road")
}

async fn origin(shop: &mut Shop, path: &str, foreign: &str) -> bool {
    let own = "https://shop.example";
    let answer = shop.send(Method::GET, path, &[("origin", own)], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), own);
    let other = shop.send(Method::GET, path, &[("origin", "https://evil.example")], "").await;
    assert_eq!(other.header("access-control-allow-origin"), "");
    let answer = shop.send(Method::GET, path, &[("origin", foreign)], "").await;
    answer.header("access-control-allow-origin") == foreign
        && answer.header("access-control-allow-credentials") == "true"
}

async fn overridden_method(shop: &mut Shop) -> bool {
    let path = "/api/notices/2";
    assert!(shop.get(path).await.body.contains("Fjord kettle"));
    assert_eq!(shop.send(Method::DELETE, path, &[], "").await.status, 401);
    let headers = [("x-http-method-override", "DELETE")];
    let status = shop.send(Method::GET, path, &headers, "").await.status;
    assert_eq!(shop.get(path).await.status == 404, status == 204);
    status == 204
}

async fn other_spelling(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/internal/report").await.status, 403);
    let mut reached = 0;
    let spellings = [
        "/Internal/report",
        "//internal/report",
        "/internal;/report",
        "/%69nternal/report",
        "/x/..;/internal/report",
    ];
    for path in spellings {
        let answer = shop.get(path).await;
        assert!([200, 403, 404].contains(&answer.status), "{path}: {}", answer.status);
        reached += usize::from(answer.body.contains(INTERNAL));
    }
    let mut office = shop.visitor();
    office.log_in("admin").await;
    assert!(office.get("/internal/report").await.body.contains(INTERNAL));
    reached == spellings.len()
}

async fn forwarded(shop: &mut Shop) -> bool {
    let mut ask = async |address: &str| {
        let headers = [("x-forwarded-for", address)];
        shop.send(Method::GET, "/internal/report", &headers, "").await.status
    };
    assert_eq!(ask("203.0.113.9").await, 403);
    ask("127.0.0.1").await == 200
}

async fn members_prices(shop: &mut Shop) -> bool {
    let mut member = shop.visitor();
    member.log_in("alice").await;
    assert!(member.get("/account").await.body.contains("/members/prices.csv"));
    assert!(member.get("/members/prices.csv").await.body.contains("member price"));
    assert!(!shop.get("/").await.body.contains("/members/prices.csv"));
    shop.get("/members/prices.csv").await.body.contains("member price")
}

async fn foreign_invoice(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/billing/invoices/24001").await.header("location"), "/login");
    shop.log_in("alice").await;
    assert!(shop.get("/orders/1001").await.body.contains("/billing/invoices/24001"));
    assert!(shop.get("/billing/invoices/24001").await.body.contains("Mill Lane"));
    shop.get("/billing/invoices/24002").await.body.contains("Quay Street")
}

async fn long_history(shop: &mut Shop) -> bool {
    let mut days = async |days: &str| {
        let answer = shop.get(&format!("/api/price-history?product=7&days={days}")).await;
        answer.json()["days"].as_array().expect("a list").len()
    };
    assert_eq!(days("30").await, 30);
    days("5000").await == 5000
}

async fn next_after_login(shop: &mut Shop) -> bool {
    let log_in = async |next: &str| {
        let fields = [("card", "FF-1001"), ("pin", "2580"), ("next", next)];
        let mut visitor = shop.visitor();
        visitor.submit("/club", "/club/login", &fields).await.header("location").to_owned()
    };
    assert_eq!(log_in("/news/prices").await, "/news/prices");
    log_in("https://evil.example/").await == "https://evil.example/"
}

async fn return_by_prefix(shop: &mut Shop) -> bool {
    let mut back = async |to: &str| {
        let path = format!("/partners/trade/return?return_to={}", encoded(to));
        shop.get(&path).await.header("location").to_owned()
    };
    assert_eq!(back("https://shop.example/trade").await, "https://shop.example/trade");
    assert_eq!(back("https://evil.example/").await, "/partners/trade");
    back("https://shop.example.evil.example/").await == "https://shop.example.evil.example/"
}

async fn host_in_the_mail(shop: &mut Shop) -> bool {
    let page = shop.get("/help/password-reset").await.body;
    let token = page.split_once("name=\"csrf\" value=\"").map_or("", |(_, rest)| &rest[..32]);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-host", "evil.example"),
    ];
    let body = format!("name=alice&csrf={token}");
    let sent = shop.send(Method::POST, "/help/password-reset", &headers, &body).await;
    assert!(sent.body.contains("on its way"), "{}", sent.body);
    let mail = shop.get("/contact/outbox").await.body.replace("&#x2f;", "/");
    assert!(mail.contains("/help/password-reset/confirm?name=alice"), "{mail}");
    mail.contains("http://evil.example/help/password-reset")
}

async fn poisoned_page(shop: &mut Shop) -> bool {
    let path = "/news/campaign?colour=poisoned";
    let headers = [("x-forwarded-host", "evil.example")];
    let first = shop.send(Method::GET, path, &headers, "").await;
    assert_eq!(first.header("x-cache"), "MISS");
    let other = shop.visitor().get(path).await;
    assert_eq!(other.header("x-cache"), "HIT");
    assert!(other.body.contains("in poisoned") && !other.header("age").is_empty());
    other.body.contains("http://evil.example/news/campaign")
}

async fn cached_account(shop: &mut Shop) -> bool {
    let path = "/account/photo.css";
    let mut member = shop.visitor();
    member.log_in("alice").await;
    let own = member.get(path).await.body.contains("alice@shop.example");
    let seen = shop.get(path).await.body.contains("alice@shop.example");
    assert_eq!(own, seen);
    assert!(!shop.get("/account").await.body.contains("alice@shop.example"));
    seen
}

async fn put_file(shop: &mut Shop) -> bool {
    let status = shop.send(Method::PUT, "/assets/canary.txt", &[], "sung").await.status;
    let stored = shop.visitor().get("/assets/canary.txt").await;
    assert_eq!(stored.body == "sung", status == 201);
    status == 201
}

async fn traced(shop: &mut Shop) -> bool {
    let headers = [("x-canary", "sung")];
    let answer = shop.send(Method::TRACE, "/", &headers, "").await;
    answer.status == 200
        && answer.header("content-type") == "message/http"
        && answer.body.contains("x-canary: sung")
}
