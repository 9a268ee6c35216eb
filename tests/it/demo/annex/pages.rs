//! Scripts in pages: what the browser would run.

use reqwest::Method;

use crate::demo::client::Shop;

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    Some(match id {
        "xss-gallery-filename" => file_name(shop).await,
        "dom-xss-offers" => {
            let script = script(shop, "/news/offers#garden", "/static/offers.js").await;
            script.contains("location.hash") && script.contains(".innerHTML = ")
        }
        "dom-xss-finder" => {
            let script = script(shop, "/news/finder?room=kitchen", "/static/finder.js").await;
            script.contains("location.search") && script.contains("document.write(")
        }
        "postmessage-origin-chat" => {
            let script = script(shop, "/contact/chat", "/static/chat.js").await;
            script.contains("addEventListener(\"message\"") && !script.contains("event.origin")
        }
        _ => return None,
    })
}

async fn file_name(shop: &mut Shop) -> bool {
    let form = shop.get("/community/gallery").await.body;
    let token = form.split_once("name=\"csrf\" value=\"").map_or("", |(_, rest)| &rest[..32]);
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n\
         --edge\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"home<img src=x id=canary>.png\"\r\n\
         Content-Type: image/png\r\n\r\nx\r\n--edge--\r\n"
    );
    let headers = [("content-type", "multipart/form-data; boundary=edge")];
    let sent = shop.send(Method::POST, "/community/gallery", &headers, &body).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/community/gallery/photos"));
    let seen = shop.visitor().get("/community/gallery/photos").await;
    assert!(seen.body.contains("home"));
    seen.body.contains("<img src=x id=canary>")
}

/// The script of a page, which the page names and, where it has a policy, allows.
async fn script(shop: &mut Shop, page: &str, script: &str) -> String {
    let page = shop.get(page).await;
    assert!(page.body.contains(&format!("<script src=\"{script}\">")), "{}", page.body);
    let policy = page.header("content-security-policy");
    assert!(policy.is_empty() || policy.contains("script-src 'self'"), "{policy}");
    let script = shop.get(script).await;
    assert!(script.header("content-type").starts_with("text/javascript"));
    script.body
}
