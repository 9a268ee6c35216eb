//! A shop started for one test, and an independent HTTP client that talks to it.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use shakedown::demo;
use shakedown::demo::DemoError;
use shakedown::demo::Dials;
use shakedown::demo::ShopOptions;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Which twin a test talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twin {
    Flawed,
    Safe,
}

/// A running shop and a visitor who keeps cookies.
pub(super) struct Shop {
    pub(super) address: SocketAddr,
    client: reqwest::Client,
    cookie: Option<String>,
    token: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<Result<(), DemoError>>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The number that `name=` has in `Server-Timing`.
    pub(super) fn timing_count(&self, name: &str) -> u64 {
        let timing = self.header("server-timing");
        let (_, rest) = timing.split_once(&format!("{name}=")).expect("Server-Timing has it");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    }
}

impl Shop {
    pub(super) async fn start(twin: Twin) -> Self {
        Self::start_with(twin, false).await
    }

    /// The safe twin with faults of speed turned up.
    pub(super) async fn dialled(settings: &[&str]) -> Self {
        let dials = settings.iter().map(|text| text.parse().expect("a setting"));
        Self::start_as(Twin::Safe, false, dials.collect()).await
    }

    /// A shop whose `robots.txt` and `.well-known` lead into the maze, or not.
    pub(super) async fn start_with(twin: Twin, maze: bool) -> Self {
        Self::start_as(twin, maze, Dials::default()).await
    }

    async fn start_as(twin: Twin, maze: bool, dials: Dials) -> Self {
        // An error means that another test of this process was first.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let (ready, bound) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let options = ShopOptions {
            port: 0,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            safe: twin == Twin::Safe,
            maze,
            dials,
        };
        let served = tokio::spawn(demo::serve(
            options,
            move |address| ready.send(address).expect("the test waits"),
            async move { stopped.await.unwrap_or(()) },
        ));
        let address = bound.await.expect("the shop starts");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without TLS");
        let (stop, served) = (Some(stop), Some(served));
        Self { address, client, cookie: None, token: None, stop, served }
    }

    /// Stops the shop and gives what `serve` returned.
    pub(super) async fn stop(mut self) -> Result<(), DemoError> {
        drop(self.stop.take());
        self.served.take().expect("stopped once").await.expect("no panic")
    }

    /// Another visitor of the same shop.
    pub(super) fn visitor(&self) -> Self {
        let client = self.client.clone();
        let address = self.address;
        Self { address, client, cookie: None, token: None, stop: None, served: None }
    }

    /// The session's cookie, as it goes into a request.
    pub(super) fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or("")
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Posts a form with the CSRF token of the page that shows it.
    pub(super) async fn submit(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let page = self.get(page).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let token = page
            .body
            .split_once("name=\"csrf\" value=\"")
            .map(|(_, rest)| rest.split_once('"').expect("the attribute ends").0.to_owned());
        let mut fields = fields.to_vec();
        if let Some(token) = &token {
            fields.push(("csrf", token));
        }
        self.post_form(action, &fields).await
    }

    pub(super) async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send(Method::POST, path, &[kind], &body).await
    }

    pub(super) async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let kind = ("content-type", "application/json");
        self.send(method, path, &[kind], &body.to_string()).await
    }

    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.address))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.send().await.expect("the shop answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for value in headers.get_all("set-cookie") {
            let value = value.to_str().expect("cookies are ASCII");
            if value.starts_with("session=") {
                self.cookie = value.split(';').next().map(str::to_owned);
            }
        }
        let body = response.bytes().await.expect("the body arrives");
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// Logs in by cookie and by bearer token.
    pub(super) async fn log_in(&mut self, name: &str) {
        let account = demo::ACCOUNTS.iter().find(|a| a.name == name).expect("a known account");
        let fields = [("name", account.name), ("password", account.password)];
        let answer = self.submit("/login", "/login", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/account"));
        let body = serde_json::json!({ "name": account.name, "password": account.password });
        let answer = self.json(Method::POST, "/api/login", &body).await;
        self.token = Some(answer.json()["token"].as_str().expect("a token").to_owned());
    }
}

/// A value as part of a query string.
pub(super) fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
