//! Demonstrations of what responses tell and lack.

use super::client::Shop;

const PROTECTING: &[&str] =
    &["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"];

pub(super) async fn headers_missing(shop: &mut Shop) -> bool {
    let mut missing = 0;
    let mut asked = 0;
    for path in ["/", "/product?id=7", "/nowhere", "/api/products", "/static/theme.css"] {
        let answer = shop.get(path).await;
        asked += PROTECTING.len();
        missing += PROTECTING.iter().filter(|name| answer.header(name).is_empty()).count();
        assert!(!answer.header("content-security-policy").contains("unsafe"));
    }
    assert!(missing == 0 || missing == asked, "all or none: {missing} of {asked}");
    missing > 0
}

pub(super) async fn cookie_flags_missing(shop: &mut Shop) -> bool {
    let mut bare = 0;
    for path in ["/", "/lang?code=de"] {
        let cookie = shop.visitor().get(path).await.header("set-cookie").to_owned();
        assert!(cookie.contains("Path=/"), "{path}: {cookie}");
        bare += usize::from(!cookie.contains("HttpOnly") && !cookie.contains("SameSite"));
    }
    bare == 2
}

pub(super) async fn version(shop: &mut Shop) -> bool {
    let answer = shop.get("/").await;
    let tells = |name| answer.header(name).chars().any(|c| c.is_ascii_digit());
    assert_eq!(tells("server"), tells("x-powered-by"));
    tells("server")
}

pub(super) async fn stack_trace(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/products?page=2").await.status, 200);
    let answer = shop.get("/products?page=two").await;
    let traced = answer.body.contains("stack backtrace:");
    assert_eq!(answer.status, if traced { 500 } else { 400 });
    assert!(!answer.header("content-type").contains("html") || !traced);
    traced
}

pub(super) async fn traceback(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/api/products?page=2").await.json()["page"], 2);
    let answer = shop.get("/api/products?page=two").await;
    let traced = answer.body.contains("Traceback (most recent call last)");
    assert_eq!(answer.status, if traced { 500 } else { 400 });
    traced
}

pub(super) async fn password_hash(shop: &mut Shop) -> bool {
    shop.log_in("alice").await;
    let account = shop.get("/api/account").await.json();
    assert_eq!(account["name"], "alice");
    account.get("password_hash").is_some()
}

pub(super) async fn debug_page(shop: &mut Shop) -> bool {
    let named = shop.get("/robots.txt").await.body.contains("/debug");
    let answer = shop.get("/debug").await;
    assert_eq!(answer.status == 200, named);
    answer.status == 200 && answer.body.contains("SECRET_KEY")
}

pub(super) async fn source_backup(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/contact.html").await.status, 200);
    let backup = shop.get("/contact.html.bak").await;
    assert_eq!(shop.get("/contact.html~").await.status, backup.status);
    backup.status == 200 && backup.body.contains("smtp_password")
}
