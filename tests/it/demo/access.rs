//! Demonstrations of what visitors may do and should not.

use reqwest::Method;
use serde_json::json;

use super::client::Shop;

/// An order of bob's; alice's are the odd ones.
const FOREIGN_ORDER: i64 = 1002;
const OWN_ORDER: i64 = 1001;

pub(super) async fn foreign_order_page(shop: &mut Shop) -> bool {
    assert_eq!(shop.get(&format!("/orders/{OWN_ORDER}")).await.header("location"), "/login");
    shop.log_in("alice").await;
    assert_eq!(shop.get(&format!("/orders/{OWN_ORDER}")).await.status, 200);
    let foreign = shop.get(&format!("/orders/{FOREIGN_ORDER}")).await;
    foreign.status == 200 && foreign.body.contains("Quay Street")
}

pub(super) async fn foreign_order_api(shop: &mut Shop) -> bool {
    assert_eq!(shop.get(&format!("/api/orders/{OWN_ORDER}")).await.status, 401);
    shop.log_in("alice").await;
    assert_eq!(shop.get(&format!("/api/orders/{OWN_ORDER}")).await.json()["id"], OWN_ORDER);
    let foreign = shop.get(&format!("/api/orders/{FOREIGN_ORDER}")).await;
    foreign.status == 200 && foreign.json()["id"] == FOREIGN_ORDER
}

pub(super) async fn users_for_a_customer(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/api/admin/users").await.status, 401);
    let mut office = shop.visitor();
    office.log_in("admin").await;
    assert_eq!(office.get("/api/admin/users").await.status, 200);
    shop.log_in("bob").await;
    let users = shop.get("/api/admin/users").await;
    users.status == 200 && users.body.contains("alice")
}

pub(super) async fn own_role(shop: &mut Shop) -> bool {
    shop.log_in("bob").await;
    let changes = json!({ "display_name": "Bobby", "role": "admin" });
    let changed = shop.json(Method::PATCH, "/api/account", &changes).await;
    assert_eq!(changed.json()["display_name"], "Bobby");
    let is_admin = changed.json()["role"] == "admin";
    assert_eq!(shop.get("/admin").await.status == 200, is_admin);
    is_admin
}

pub(super) async fn form_without_token(shop: &mut Shop) -> bool {
    shop.log_in("alice").await;
    let fields = [("display_name", "Alice"), ("email", "new@shop.example")];
    assert_eq!(shop.submit("/account", "/account", &fields).await.status, 303);
    let forged = [("display_name", "Mallory"), ("email", "evil@shop.example")];
    let accepted = shop.post_form("/account", &forged).await.status == 303;
    assert_eq!(shop.get("/account").await.body.contains("Mallory"), accepted);
    let foreign = [("display_name", "Mallory"), ("email", "e@e"), ("csrf", "0123456789abcdef")];
    assert_eq!(shop.post_form("/account", &foreign).await.status == 303, accepted);
    accepted
}

pub(super) async fn guessing_on_the_page(shop: &mut Shop) -> bool {
    let mut statuses = Vec::new();
    for guess in 0..8 {
        let fields = [("name", "alice"), ("password", &*format!("guess-{guess}"))];
        let answer = shop.submit("/login", "/login", &fields).await;
        assert_eq!(answer.status == 429, !answer.header("retry-after").is_empty());
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    // Somebody else is not locked out.
    shop.visitor().log_in("bob").await;
    statuses[5..] == [401; 3]
}

pub(super) async fn guessing_on_the_api(shop: &mut Shop) -> bool {
    let mut statuses = Vec::new();
    for guess in 0..8 {
        let body = json!({ "name": "alice", "password": format!("guess-{guess}") });
        statuses.push(shop.json(Method::POST, "/api/login", &body).await.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    shop.visitor().log_in("bob").await;
    statuses[5..] == [401; 3]
}

pub(super) async fn html_upload(shop: &mut Shop) -> bool {
    let text = upload(shop, "receipt.txt", "text/plain", "Paid 12.50").await;
    assert_eq!(text, 303);
    let kept = shop.get("/uploads/1").await;
    assert_eq!((kept.status, &*kept.body), (200, "Paid 12.50"));
    let page = "<script>canary()</script>";
    let taken = upload(shop, "receipt.html", "text/html", page).await;
    let served = shop.get("/uploads/2").await;
    assert_eq!(taken == 303, served.status == 200);
    served.header("content-type") == "text/html"
        && served.header("content-disposition").is_empty()
        && served.body == page
}

pub(super) async fn foreign_upload(shop: &mut Shop) -> bool {
    assert_eq!(upload(shop, "receipt.txt", "text/plain", "Paid 12.50").await, 303);
    assert!(shop.get("/upload").await.body.contains("receipt.txt"));
    assert_eq!(shop.get("/uploads/1").await.body, "Paid 12.50");
    let mut other = shop.visitor();
    assert!(!other.get("/upload").await.body.contains("receipt.txt"));
    other.get("/uploads/1").await.body == "Paid 12.50"
}

async fn upload(shop: &mut Shop, name: &str, kind: &str, contents: &str) -> u16 {
    let form = shop.get("/upload").await.body;
    let token = form.split_once("name=\"csrf\" value=\"").map_or("", |(_, rest)| &rest[..32]);
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n\
         --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\n\r\n{contents}\r\n--edge--\r\n"
    );
    let headers = [("content-type", "multipart/form-data; boundary=edge")];
    shop.send(Method::POST, "/upload", &headers, &body).await.status
}

pub(super) async fn foreign_origin(shop: &mut Shop) -> bool {
    let headers = [("origin", "https://evil.example")];
    let answer = shop.send(Method::GET, "/api/products", &headers, "").await;
    assert_eq!(answer.status, 200);
    answer.header("access-control-allow-origin") == "https://evil.example"
        && answer.header("access-control-allow-credentials") == "true"
}
