//! What visitors send must not harm the machine the shop runs on.

use reqwest::Method;
use serde_json::json;

use super::client::Shop;
use super::client::Twin;
use super::client::encoded;

/// Sends a condition through the blind injection and gives its answer.
async fn inject(shop: &mut Shop, condition: &str) -> bool {
    let sku = format!("none' OR ({condition}) OR '1'='2");
    let answer = shop.json(Method::POST, "/api/stock", &json!({ "sku": sku })).await;
    assert_eq!(answer.status, 200);
    answer.json()["available"].as_bool().expect("a boolean")
}

#[tokio::test]
async fn an_injected_query_without_end_is_interrupted() {
    let mut shop = Shop::start(Twin::Flawed).await;
    let count = |end| {
        format!(
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {end}) \
             SELECT count(*) FROM n) > 0"
        )
    };
    assert!(inject(&mut shop, &count("WHERE i < 9")).await, "the injection works");
    assert!(!inject(&mut shop, &count("")).await, "given up like any other error");
    assert_eq!(shop.get("/product?id=7").await.status, 200);
}

#[tokio::test]
async fn an_injected_query_cannot_take_much_memory() {
    let mut shop = Shop::start(Twin::Flawed).await;
    assert!(inject(&mut shop, "length(randomblob(1000)) = 1000").await, "the injection works");
    assert!(!inject(&mut shop, "length(randomblob(900000000)) = 900000000").await);
    assert_eq!(shop.get("/product?id=7").await.status, 200);
}

#[tokio::test]
async fn an_injected_statement_cannot_write() {
    let mut shop = Shop::start(Twin::Flawed).await;
    for statement in ["DELETE FROM products", "ATTACH DATABASE 'stolen' AS x", "DROP TABLE users"] {
        shop.get(&format!("/products?category={}", encoded(&format!("x'; {statement}; --")))).await;
    }
    assert_eq!(shop.get("/product?id=7").await.status, 200);
    shop.log_in("alice").await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let large = "x".repeat(300 << 10);
    for twin in [Twin::Flawed, Twin::Safe] {
        let mut shop = Shop::start(twin).await;
        assert_eq!(shop.post_form("/cart/add", &[("product_id", &large)]).await.status, 413);
        let body = json!({ "sku": large });
        assert_eq!(shop.json(Method::POST, "/api/stock", &body).await.status, 413);
        let kind = ("content-type", "multipart/form-data; boundary=edge");
        let file = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{large}\r\n--edge--\r\n"
        );
        assert_eq!(shop.send(Method::POST, "/upload", &[kind], &file).await.status, 413);
    }
}

#[tokio::test]
async fn broken_input_is_the_clients_fault() {
    let mut shop = Shop::start(Twin::Safe).await;
    for path in [
        "/products?page=0",
        "/products?page=-1",
        "/products?page=99999999999999999999",
        "/lang?code=%00",
        "/go?to=javascript:alert(1)",
        "/go",
    ] {
        assert_eq!(shop.get(path).await.status, 400, "{path}");
    }
    for path in [
        "/product?id=",
        "/product?id=%ff",
        "/download?file=%00",
        "/orders",
        "/uploads/x",
        "/download",
        "/api/products/x",
        "/%2e%2e/etc/passwd",
    ] {
        let status = shop.get(path).await.status;
        assert!((300..500).contains(&status) && status != 400, "{path}: {status}");
    }
    for body in [
        "",
        "{",
        "[]",
        "{\"items\":[]}",
        "{\"items\":[{\"product_id\":7,\"quantity\":-5}],\"ship_to\":\"x\"}",
    ] {
        let kind = ("content-type", "application/json");
        let answer = shop.send(Method::POST, "/api/checkout", &[kind], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["error"].is_string());
    }
}
