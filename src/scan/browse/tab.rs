//! One window of the browser, and what can be done with it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::script;
use super::snapshot::Snapshot;
use super::stage::watcher;
use super::visit::Visit;
use crate::browser::CallError;
use crate::browser::Connection;
use crate::scan::traffic::Traffic;

/// For an answer of the browser, or of a page that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Without a change for this long, a page is done for now.
const QUIET_MS: u64 = 150;

/// For the page itself, whose server may take its time.
const LOAD: Duration = Duration::from_secs(30);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What pages of checks tell over; they never see it.
pub(super) const BINDING: &str = "shakedownTold";

/// One window.
pub(super) struct Tab {
    connection: Connection,
    traffic: Arc<Traffic>,
    visit: Arc<Visit>,
    session: String,
}

impl Tab {
    /// An empty window.
    pub(super) async fn open(
        connection: Connection,
        traffic: Arc<Traffic>,
    ) -> Result<Self, CallError> {
        Self::open_for(connection, traffic, Visit::new).await
    }

    /// The same for a visit that is made of the window's name.
    pub(super) async fn open_for(
        connection: Connection,
        traffic: Arc<Traffic>,
        make: impl FnOnce(String) -> Visit + Send,
    ) -> Result<Self, CallError> {
        let call = |method, params| connection.call(None, method, params, PATIENCE);
        let created = call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let window = text(&created, "targetId", "Target.createTarget")?;
        let params = json!({ "targetId": window, "flatten": true });
        let attached = call("Target.attachToTarget", params).await?;
        let session = text(&attached, "sessionId", "Target.attachToTarget")?;
        let visit = Arc::new(make(window));
        let tab = Self { connection, traffic, visit, session };
        let workers =
            json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        for (method, params) in [
            ("Page.enable", json!({})),
            ("Inspector.enable", json!({})),
            ("Network.enable", json!({ "maxTotalBufferSize": 0, "maxResourceBufferSize": 0 })),
            ("Network.setBypassServiceWorker", json!({ "bypass": true })),
            ("Target.setAutoAttach", workers),
            ("Page.setInterceptFileChooserDialog", json!({ "enabled": true })),
        ] {
            tab.call(method, params).await?;
        }
        Ok(tab)
    }

    pub(super) fn visit(&self) -> &Arc<Visit> {
        &self.visit
    }

    /// Shows a page; whether there is one to show.
    pub(super) async fn go(&self, url: &str) -> Result<bool, CallError> {
        self.go_from(url, None).await
    }

    /// The same, as if a page at `referrer` led there.
    pub(super) async fn go_from(
        &self,
        url: &str,
        referrer: Option<&str>,
    ) -> Result<bool, CallError> {
        self.visit.seen().has_begun = false;
        let mut params = json!({ "url": url });
        if let Some(referrer) = referrer {
            params["referrer"] = referrer.into();
            params["referrerPolicy"] = "unsafeUrl".into();
        }
        let gone = self.connection.call(Some(&self.session), "Page.navigate", params, LOAD).await?;
        Ok(gone["errorText"].as_str().is_none_or(str::is_empty))
    }

    /// Waits until nothing is asked for and nothing changes, but not longer than `most`.
    pub(super) async fn settle(&self, most: Duration) -> Result<(), CallError> {
        let end = self.traffic.now() + most;
        loop {
            let left = end.saturating_sub(self.traffic.now());
            if left.is_zero() || self.traffic.is_stopping() || self.visit.seen().is_crashed {
                return Ok(());
            }
            let before = self.visit.seen().activity;
            let within = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).min(1500);
            self.evaluate(&format!("({})({QUIET_MS}, {within})", script::QUIET)).await?;
            let (in_flight, activity) = {
                let seen = self.visit.seen();
                (seen.in_flight.len(), seen.activity)
            };
            if in_flight == 0 && activity == before {
                return Ok(());
            }
            if in_flight > 0 {
                let left = end.saturating_sub(self.traffic.now());
                let _late = tokio::time::timeout(left, self.visit.change()).await;
            }
        }
    }

    /// Has the evaluation of names told of, in every page that is shown from now on.
    pub(super) async fn watch(
        &self,
        words: &[String],
        window_name: Option<&str>,
    ) -> Result<(), CallError> {
        if words.is_empty() && window_name.is_none() {
            return Ok(());
        }
        // Without it nothing is told.
        self.call("Runtime.enable", json!({})).await?;
        self.call("Runtime.addBinding", json!({ "name": BINDING })).await?;
        let source = watcher(BINDING, words, window_name);
        let params = json!({ "source": source });
        self.call("Page.addScriptToEvaluateOnNewDocument", params).await.map(drop)
    }

    /// Sources of what listens for messages.
    pub(super) async fn message_listeners(&self) -> Result<Vec<String>, CallError> {
        let sources = self.evaluate_with_tools(script::LISTENERS).await?;
        let sources = sources.as_array().into_iter().flatten();
        Ok(sources.filter_map(|it| it.as_str().map(str::to_owned)).collect())
    }

    /// Follows and moves over whatever carries one of the words as code; whether there is anything.
    pub(super) async fn stir(&self, words: &[String]) -> Result<bool, CallError> {
        if words.is_empty() {
            return Ok(false);
        }
        let count = self.evaluate(&format!("({})({})", script::STIR, json!(words))).await?;
        Ok(count.as_i64().is_some_and(|count| count > 0))
    }

    /// Waits for the page's title, but not longer than `most`.
    pub(super) async fn until_titled(&self, title: &str, most: Duration) -> Result<(), CallError> {
        let end = self.traffic.now() + most;
        while self.traffic.now() < end && !self.traffic.is_stopping() {
            if self.evaluate("document.title").await?.as_str() == Some(title) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// What is shown now.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, CallError> {
        let params = json!({ "computedStyles": ["cursor"] });
        let listens = self.evaluate_with_tools(script::LISTENS).await?;
        match self.call("DOMSnapshot.captureSnapshot", params).await {
            Ok(value) => Ok(Snapshot::read(value, listens.as_i64().is_some_and(|it| it > 0))),
            // A page of this size is not read; everything else about it goes on.
            Err(CallError::Unreadable { .. }) => {
                Ok(Snapshot { documents: Vec::new(), truncated: true })
            }
            Err(error) => Err(error),
        }
    }

    /// Clicks on an element; how much changed, `None` where it is not there any more.
    pub(super) async fn click(&self, id: i64) -> Result<Option<u64>, CallError> {
        let arguments = json!([{ "value": QUIET_MS }, { "value": 1000 }]);
        let changes = self.on(id, script::CLICK, arguments).await?;
        Ok(changes.and_then(|changes| u64::try_from(changes.as_i64().unwrap_or(0)).ok()))
    }

    /// Gives a field a value.
    pub(super) async fn fill(&self, id: i64, value: &str) -> Result<(), CallError> {
        self.on(id, script::FILL, json!([{ "value": value }])).await.map(drop)
    }

    /// Sends a form.
    pub(super) async fn submit(&self, form: i64) -> Result<(), CallError> {
        self.on(form, script::SUBMIT, json!([])).await.map(drop)
    }

    /// Sends a form by its button.
    pub(super) async fn press(&self, button: i64) -> Result<(), CallError> {
        self.on(button, script::PRESS, json!([])).await.map(drop)
    }

    /// Presses the enter key in a field.
    pub(super) async fn enter(&self, id: i64) -> Result<(), CallError> {
        self.on(id, script::ENTER, json!([])).await.map(drop)
    }

    /// Scrolls to the end of everything; whether there was any way to go.
    pub(super) async fn scroll(&self) -> Result<bool, CallError> {
        let moved = self.evaluate(&format!("({})()", script::SCROLL)).await?;
        Ok(moved.as_i64().is_some_and(|moved| moved > 0))
    }

    /// Moves the pointer over what listens for it; whether anything does.
    pub(super) async fn hover(&self) -> Result<bool, CallError> {
        let count = self.evaluate_with_tools(script::HOVER).await?;
        Ok(count.as_i64().is_some_and(|count| count > 0))
    }

    /// Closes it, with the windows that it has opened.
    pub(super) async fn close(self) -> Result<(), CallError> {
        let popups = std::mem::take(&mut self.visit.seen().popups);
        for window in popups {
            let params = json!({ "targetId": window });
            self.connection.tell(None, "Target.closeTarget", params).await?;
        }
        let params = json!({ "targetId": self.visit.window });
        match self.connection.call(None, "Target.closeTarget", params, PATIENCE).await {
            // It has closed itself.
            Err(CallError::Refused { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Calls a function on an element; `None` where it is not there any more.
    async fn on(
        &self,
        id: i64,
        function: &str,
        arguments: Value,
    ) -> Result<Option<Value>, CallError> {
        let resolved = self.call("DOM.resolveNode", json!({ "backendNodeId": id })).await;
        let object = match resolved {
            Ok(mut resolved) => resolved["object"]["objectId"].take(),
            Err(CallError::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let params = json!({
            "objectId": object, "functionDeclaration": function, "arguments": arguments,
            "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        match self.call("Runtime.callFunctionOn", params).await {
            Ok(mut answer) => Ok(Some(answer["result"]["value"].take())),
            // Its frame is gone.
            Err(CallError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn evaluate(&self, expression: &str) -> Result<Value, CallError> {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.evaluated(params).await
    }

    /// The same with what the browser gives to who looks into a page.
    async fn evaluate_with_tools(&self, expression: &str) -> Result<Value, CallError> {
        let params = json!({
            "expression": expression, "returnByValue": true, "includeCommandLineAPI": true,
        });
        self.evaluated(params).await
    }

    async fn evaluated(&self, params: Value) -> Result<Value, CallError> {
        match self.call("Runtime.evaluate", params).await {
            Ok(mut answer) => Ok(answer["result"]["value"].take()),
            Err(CallError::Refused { .. }) => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        tokio::select! {
            answer = self.connection.call(Some(&self.session), method, params, PATIENCE) => answer,
            () = self.visit.crash() => Err(CallError::Crashed),
        }
    }
}

fn text(answer: &Value, field: &str, method: &str) -> Result<String, CallError> {
    let unreadable = || CallError::Unreadable { method: method.to_owned() };
    answer[field].as_str().map(str::to_owned).ok_or_else(unreadable)
}
