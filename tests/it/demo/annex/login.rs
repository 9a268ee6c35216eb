//! Logins and what is remembered of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use crate::demo::client::Shop;

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    Some(match id {
        "user-enumeration-trade" => trade_numbers(shop).await,
        "user-enumeration-reset" => names_by_reset(shop).await,
        "default-credentials-console" => default_password(shop).await,
        "session-fixation-club" => kept_session(shop).await,
        "logout-club-session" => session_after_logout(shop).await,
        "predictable-share-token" => tokens_in_a_row(shop).await,
        "password-in-url-repairs" => password_in_the_address(shop).await,
        "remember-cookie-credentials" => credentials_in_a_cookie(shop).await,
        "otp-unlimited-reset" => guessed_codes(shop).await,
        _ => return None,
    })
}

async fn trade_numbers(shop: &mut Shop) -> bool {
    let mut log_in = async |customer: &str, password: &str| {
        let fields = [("customer", customer), ("password", password)];
        let answer = shop.submit("/partners/trade", "/partners/trade", &fields).await;
        let (_, rest) = answer.body.split_once("<h1>Trade customers</h1>").expect("the page");
        let problem = rest.split("</p>").next().unwrap_or_default().to_owned();
        (answer.status, problem)
    };
    assert_eq!(log_in("T-4711", "Thistle-barn-40").await.0, 200);
    let (known, unknown) = (log_in("T-4711", "x").await, log_in("T-0000", "x").await);
    assert_eq!((known.0, unknown.0), (401, 401));
    known.1 != unknown.1
}

async fn names_by_reset(shop: &mut Shop) -> bool {
    let mut ask = async |name: &str| {
        let answer =
            shop.submit("/help/password-reset", "/help/password-reset", &[("name", name)]).await;
        answer.body.replace(name, "NAME").contains("on its way")
    };
    assert!(ask("alice").await);
    !ask("nobody").await
}

async fn default_password(shop: &mut Shop) -> bool {
    let challenged = shop.get("/console").await;
    assert_eq!(challenged.status, 401);
    assert!(challenged.header("www-authenticate").starts_with("Basic "));
    let basic = format!("Basic {}", STANDARD.encode("admin:admin"));
    let answer = shop.send(Method::GET, "/console", &[("authorization", &basic)], "").await;
    answer.status == 200 && answer.body.contains("Queue: 3 orders")
}

const RIGHT: [(&str, &str); 2] = [("card", "FF-1001"), ("pin", "2580")];

async fn kept_session(shop: &mut Shop) -> bool {
    shop.get("/club").await;
    let before = shop.cookie().to_owned();
    assert!(before.starts_with("session="));
    assert_eq!(shop.submit("/club", "/club/login", &RIGHT).await.status, 303);
    assert!(shop.get("/club").await.body.contains("Welcome, Alice Amber"));
    // Whoever has chosen the id for her is logged in now.
    let headers = [("cookie", before.as_str())];
    let other = shop.visitor().send(Method::GET, "/club", &headers, "").await;
    assert_eq!(other.body.contains("Welcome, Alice Amber"), shop.cookie() == before);
    shop.cookie() == before
}

async fn session_after_logout(shop: &mut Shop) -> bool {
    assert_eq!(shop.submit("/club", "/club/login", &RIGHT).await.status, 303);
    assert!(shop.get("/club").await.body.contains("Welcome, Alice Amber"));
    let kept = shop.cookie().to_owned();
    assert_eq!(shop.submit("/club", "/club/logout", &[]).await.status, 303);
    assert!(!shop.get("/club").await.body.contains("Welcome"));
    let headers = [("cookie", kept.as_str())];
    let old = shop.visitor().send(Method::GET, "/club", &headers, "").await;
    old.body.contains("Welcome, Alice Amber")
}

async fn tokens_in_a_row(shop: &mut Shop) -> bool {
    let mut share = async |note: &str| {
        let page =
            shop.submit("/gifts/wish-list", "/gifts/wish-list", &[("note", note)]).await.body;
        let (_, rest) = page.split_once("href=\"/gifts/wish-list/shared/").expect("its address");
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let (first, second) = (share("A kettle").await, share("A tent").await);
    let list = shop.visitor().get(&format!("/gifts/wish-list/shared/{second}")).await;
    assert!(list.body.contains("A tent"));
    match (first.parse::<u64>(), second.parse::<u64>()) {
        (Ok(first), Ok(second)) => second == first + 1,
        _ => false,
    }
}

async fn password_in_the_address(shop: &mut Shop) -> bool {
    let page = shop.get("/help/repairs").await.body;
    assert!(page.contains("type=\"password\" name=\"password\""));
    let in_address = page.contains("<form method=\"get\" action=\"/help/repairs\">");
    let asked = shop.get("/help/repairs?number=R-301&password=hinge-Walnut-8").await;
    assert_eq!(asked.body.contains("on the bench"), in_address);
    let fields = [("number", "R-301"), ("password", "hinge-Walnut-8")];
    assert!(
        shop.submit("/help/repairs", "/help/repairs", &fields).await.body.contains("on the bench")
    );
    in_address
}

async fn credentials_in_a_cookie(shop: &mut Shop) -> bool {
    let fields = [("card", "FF-1001"), ("pin", "2580"), ("remember", "1")];
    let answer = shop.submit("/club", "/club/login", &fields).await;
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|value| value.to_str().expect("ASCII"));
    let cookie = cookies.find_map(|cookie| cookie.strip_prefix("club_remember="));
    let value = cookie.expect("it was asked for").split(';').next().unwrap_or_default().to_owned();
    let header = format!("club_remember={value}");
    let later = shop.visitor().send(Method::GET, "/club", &[("cookie", &header)], "").await;
    assert!(later.body.contains("Welcome, Alice Amber"), "remembered in either twin");
    STANDARD.decode(value).is_ok_and(|text| text == b"FF-1001:2580")
}

async fn guessed_codes(shop: &mut Shop) -> bool {
    shop.submit("/help/password-reset", "/help/password-reset", &[("name", "alice")]).await;
    let mut statuses = Vec::new();
    for guess in 0..8 {
        let fields = [("name", "alice"), ("code", &*format!("x{guess:05}"))];
        let page = "/help/password-reset/confirm?name=alice";
        let answer = shop.submit(page, "/help/password-reset/confirm", &fields).await;
        assert_eq!(answer.status == 429, !answer.header("retry-after").is_empty());
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    statuses[5..] == [401; 3]
}
