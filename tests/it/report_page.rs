//! A report in a real Chromium: opened from a file, looked into, typed at.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use shakedown::browser::Browser;
use shakedown::browser::CdpEvent;
use shakedown::browser::locate;
use shakedown::model::OutputKind;
use shakedown::model::Report;
use shakedown::report::render;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a page is opened with.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// Scripts are switched off, as where a server serves reports with a strict policy.
    pub(crate) without_script: bool,
    /// What stands behind the address.
    pub(crate) fragment: String,
}

/// A page that is open, and everything the browser had to say about it.
pub(crate) struct Page {
    browser: Browser,
    session: String,
    said: Arc<Mutex<Vec<CdpEvent>>>,
    folder: tempfile::TempDir,
}

/// The report as a page; `None` where there is no browser, which `tests/run` says at the end.
#[expect(clippy::print_stderr, reason = "a test that does nothing says so")]
pub(crate) async fn shown(report: &Report, setup: Setup) -> Option<Page> {
    let named = std::env::var_os("SHAKEDOWN_BROWSER");
    let path = std::env::var_os("PATH");
    let Ok(program) = locate(named.as_deref(), path.as_deref()) else {
        eprintln!("skipped: no Chromium");
        return None;
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("report.html");
    let page = render(OutputKind::Html, report).expect("it renders");
    std::fs::write(&file, page).expect("writable");
    let (browser, mut events) = Browser::start(&program).await.expect("it starts");
    let said = Arc::<Mutex<Vec<CdpEvent>>>::default();
    let heard = Arc::clone(&said);
    // It ends when the browser does.
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            heard.lock().expect("no holder panics").push(event);
        }
    });
    let mut page = Page { browser, session: String::new(), said, folder };
    page.attach(setup).await;
    Some(page)
}

impl Page {
    async fn attach(&mut self, setup: Setup) {
        let connection = self.browser.connection();
        let call = async |method: &str, params: Value| {
            connection.call(None, method, params, PATIENCE).await.expect("it answers")
        };
        let created = call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let params = json!({ "targetId": created["targetId"], "flatten": true });
        let attached = call("Target.attachToTarget", params).await;
        attached["sessionId"].as_str().expect("a name").clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({})).await;
        }
        let off = json!({ "value": setup.without_script });
        self.call("Emulation.setScriptExecutionDisabled", off).await;
        let place = self.folder.path().join("report.html");
        let url = format!("file://{}{}", place.display(), setup.fragment);
        self.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await;
        let navigation = self.call("Page.navigate", json!({ "url": url })).await;
        // The blank page before it has a life of its own.
        let is_loaded =
            |event: &Value| event["name"] == "load" && event["loaderId"] == navigation["loaderId"];
        while !self.heard("Page.lifecycleEvent").iter().any(is_loaded) {
            tokio::task::yield_now().await;
        }
    }

    /// A method of the page.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let connection = self.browser.connection();
        let session = Some(self.session.as_str());
        connection.call(session, method, params, PATIENCE).await.expect("it answers")
    }

    /// What an expression comes to, once promises are kept.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", params).await;
        let thrown = &result["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        result["result"]["value"].clone()
    }

    /// Presses and releases a key where the focus is.
    pub(crate) async fn press(&self, key: &str, text: &str, code: u32) {
        let event = |kind: &str| json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
        let mut down = event("keyDown");
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", down).await;
        self.call("Input.dispatchKeyEvent", event("keyUp")).await;
        // Two frames: what is drawn in the next one has been drawn then.
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            .await;
    }

    /// Events of that name so far.
    pub(crate) fn heard(&self, method: &str) -> Vec<Value> {
        let said = self.said.lock().expect("no holder panics");
        said.iter().filter(|event| event.method == method).map(|it| it.params.clone()).collect()
    }

    /// Messages of scripts, exceptions and what the browser itself complains about, refused requests
    /// and violations of the policy among it.
    pub(crate) fn complaints(&self) -> Vec<Value> {
        let names = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];
        names.iter().flat_map(|name| self.heard(name)).collect()
    }

    /// Ends the browser.
    pub(crate) async fn close(self) {
        self.browser.close().await;
    }
}
