//! One window of the browser, and what can be done with it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::snapshot::Snapshot;
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

/// Functions that run in pages. What they give is believed no more than the page itself.
mod script {
    /// Resolves with the number of changes, once there are none for a while.
    pub(super) const QUIET: &str = "(quiet, most) => new Promise(done => {
        let changes = 0, timer;
        const end = () => { watch.disconnect(); done(changes); };
        const watch = new MutationObserver(list => {
            changes += list.length; clearTimeout(timer); timer = setTimeout(end, quiet);
        });
        watch.observe(document, { subtree: true, childList: true, characterData: true });
        timer = setTimeout(end, quiet);
        setTimeout(end, most);
    })";

    /// Clicks as a pointer does; resolves with the number of changes, or -1 where nothing is there.
    pub(super) const CLICK: &str = "function (quiet, most) { return new Promise(done => {
        if (!this.isConnected) return done(-1);
        let changes = 0, timer;
        const end = () => { watch.disconnect(); done(changes); };
        const watch = new MutationObserver(list => {
            changes += list.length; clearTimeout(timer); timer = setTimeout(end, quiet);
        });
        const all = { subtree: true, childList: true, characterData: true, attributes: true };
        watch.observe(this.ownerDocument, all);
        if (this.getRootNode() !== this.ownerDocument) watch.observe(this.getRootNode(), all);
        timer = setTimeout(end, quiet);
        setTimeout(end, most);
        this.scrollIntoView({ block: 'center' });
        const view = this.ownerDocument.defaultView;
        const send = (type, Kind) => this.dispatchEvent(
            new Kind(type, { bubbles: true, cancelable: true, composed: true, view }));
        send('pointerover', PointerEvent); send('mouseover', MouseEvent);
        send('pointerdown', PointerEvent); send('mousedown', MouseEvent);
        if (this.focus) this.focus();
        send('pointerup', PointerEvent); send('mouseup', MouseEvent);
        if (this.click) this.click(); else send('click', MouseEvent);
    }); }";

    /// Gives a field a value, in a way that frameworks notice.
    pub(super) const FILL: &str = "function (value) {
        const kind = (this.type || '').toLowerCase();
        if (kind === 'checkbox' || kind === 'radio') {
            const group = kind === 'radio' && this.form
                ? [...this.form.elements].filter(it => it.type === 'radio' && it.name === this.name)
                : [this];
            if (!group.some(it => it.checked)) this.click();
            return;
        }
        if (kind.startsWith('select')) {
            for (const option of [...this.options].slice(0, 6)) {
                if (option.value !== this.value) {
                    this.value = option.value;
                    this.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
                }
            }
        }
        const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(this), 'value');
        if (this.focus) this.focus();
        if (own && own.set) own.set.call(this, value); else this.value = value;
        for (const type of ['input', 'change'])
            this.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
    }";

    /// Sends a form as its button would, whatever its own checks say.
    pub(super) const SUBMIT: &str = "function () { this.noValidate = true; this.requestSubmit(); }";

    /// The same with a button.
    pub(super) const PRESS: &str = "function () {
        if (this.form) this.form.noValidate = true; this.click();
    }";

    /// Presses the enter key in a field.
    pub(super) const ENTER: &str = "function () {
        for (const type of ['keydown', 'keypress', 'keyup'])
            this.dispatchEvent(new KeyboardEvent(type, {
                key: 'Enter', code: 'Enter', keyCode: 13, which: 13, bubbles: true, composed: true }));
    }";

    /// Moves the pointer over everything that listens for it; how many there were.
    pub(super) const HOVER: &str = "(most => {
        const types = ['pointerover', 'pointerenter', 'mouseover', 'mouseenter'], roots = [document];
        let count = 0;
        for (let at = 0; at < roots.length && at < most; at++) {
            for (const it of [...roots[at].querySelectorAll('*')].slice(0, most)) {
                if (it.shadowRoot) roots.push(it.shadowRoot);
                const heard = Object.keys(getEventListeners(it)).filter(type => types.includes(type));
                if (heard.length === 0 || count >= 100) continue;
                count += 1;
                for (const type of heard) it.dispatchEvent(new MouseEvent(type,
                    { bubbles: !type.endsWith('enter'), composed: true, view: window }));
            }
        }
        return count;
    })(3000)";

    /// How many listeners of the window or its document a click reaches.
    pub(super) const LISTENS: &str = "[window, document].reduce((sum, it) => {
        const all = getEventListeners(it);
        return sum + ['click', 'mousedown', 'mouseup', 'pointerdown', 'pointerup']
            .reduce((count, type) => count + (all[type] || []).length, 0);
    }, 0)";

    /// Scrolls everything that scrolls to its end; how much has moved.
    pub(super) const SCROLL: &str = "() => {
        let moved = 0;
        const all = [document.scrollingElement, ...document.querySelectorAll('*')];
        for (const it of all.filter(it => it && it.scrollHeight > it.clientHeight + 20).slice(0, 30)) {
            const before = it.scrollTop;
            it.scrollTop = it.scrollHeight;
            if (it.scrollTop !== before) moved += 1;
        }
        return moved;
    }";
}

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
        let call = |method, params| connection.call(None, method, params, PATIENCE);
        let created = call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let window = text(&created, "targetId", "Target.createTarget")?;
        let params = json!({ "targetId": window, "flatten": true });
        let attached = call("Target.attachToTarget", params).await?;
        let session = text(&attached, "sessionId", "Target.attachToTarget")?;
        let visit = Arc::new(Visit::new(window));
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
        self.visit.seen().has_begun = false;
        let params = json!({ "url": url });
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
