//! Attends to a browser: answers whatever its pages ask for, over the same wire, at the same pace
//! and as the same user as everything else that a scan sends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use super::cookies;
use super::cookies::Told;
use super::judge::Manners;
use super::judge::Verdict;
use super::judge::judge;
use super::paused;
use super::paused::Paused;
use super::paused::Purpose;
use super::slow::Slow;
use super::tab::BINDING;
use super::visit::Visit;
use crate::browser::CdpEvent;
use crate::browser::Connection;
use crate::model::Exchange;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Request;
use crate::model::Response;
use crate::scan::crawl::Allowance;
use crate::scan::link;
use crate::scan::page;
use crate::scan::traffic::Errand;
use crate::scan::traffic::Order;
use crate::scan::traffic::Traffic;

/// Requests that are answered at once; a page that makes more is refused them.
const MAX_ANSWERING: usize = 200;

/// Bytes of code and style that are kept, so that no page asks for them again.
const MAX_ASSETS: usize = 32 << 20;

/// Bytes of answers kept of one visit.
const MAX_KEPT: usize = 16 << 20;

/// For the answer to what a page asks for. The page itself the crawler has had within the wire's own
/// bound.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The same for the page of a check.
const PAGE: Duration = Duration::from_secs(30);

/// For a stream of events: whoever connects is told the present state at once.
const STREAM: Duration = Duration::from_millis(1500);

/// See the module.
pub(super) struct Attendant {
    connection: Connection,
    traffic: Arc<Traffic>,
    allow_unsafe: bool,
    allowance: Arc<Allowance>,
    visit: Mutex<Option<Arc<Visit>>>,
    assets: Mutex<Assets>,
    told: Mutex<Told>,
    slow: Mutex<Slow>,
    /// Half of what may be sent at once: what pages wait for holds up nobody else.
    turns: Semaphore,
}

#[derive(Default)]
struct Assets {
    by_url: BTreeMap<String, Response>,
    bytes: usize,
}

impl Attendant {
    pub(super) fn new(
        connection: Connection,
        traffic: Arc<Traffic>,
        allow_unsafe: bool,
        allowance: Arc<Allowance>,
    ) -> Self {
        let turns = Semaphore::new(traffic.concurrency().div_ceil(2));
        Self {
            connection,
            traffic,
            allow_unsafe,
            allowance,
            turns,
            slow: Mutex::default(),
            visit: Mutex::default(),
            assets: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// From now on what happens belongs to that visit, and the one before is over.
    pub(super) fn attend(&self, visit: Option<Arc<Visit>>) {
        let before = std::mem::replace(&mut *lock(&self.visit), visit);
        if let Some(before) = before {
            before.end();
        }
    }

    /// Asks for everything anew: what was answered until now was perhaps for nobody.
    pub(super) fn forget(&self) {
        *lock(&self.assets) = Assets::default();
    }

    /// Works until the browser hangs up.
    pub(super) async fn run(self: Arc<Self>, mut events: mpsc::Receiver<CdpEvent>) {
        let mut answering = JoinSet::new();
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take(&event, &mut answering),
                    None => break,
                },
                Some(_) = answering.join_next(), if !answering.is_empty() => {}
            }
        }
    }

    /// Puts the cookies of the session into the browser, for its scripts to read.
    pub(super) async fn show_cookies(&self) {
        let mut shown: Vec<Value> = Vec::new();
        for cookie in self.traffic.cookies() {
            let value = String::from_utf8_lossy(&cookie.value).into_owned();
            lock(&self.told).note(&cookie.domain, &cookie.name, &value);
            shown.push(cookies::shown(&cookie));
        }
        for (name, value) in self.traffic.own_cookies() {
            for origin in self.traffic.scope().origins() {
                lock(&self.told).note(&origin.host, &name, &value);
                shown.push(cookies::own(origin, &name, &value));
            }
        }
        for cookie in shown {
            // One by one: the browser takes none of a list in which it dislikes one.
            self.tell(None, "Storage.setCookies", json!({ "cookies": [cookie] })).await;
        }
    }

    fn take(self: &Arc<Self>, event: &CdpEvent, answering: &mut JoinSet<()>) {
        let visit = lock(&self.visit).clone();
        let params = &event.params;
        match event.method.as_str() {
            "Fetch.requestPaused" => self.answer(visit, params, answering),
            "Page.javascriptDialogOpening" => {
                let accept = json!({ "accept": params["type"] == "beforeunload" });
                self.say(event.session.clone(), "Page.handleJavaScriptDialog", accept, answering);
            }
            "Target.attachedToTarget" if params["waitingForDebugger"] == true => {
                self.let_run(params["sessionId"].as_str().map(str::to_owned), answering);
            }
            "Runtime.bindingCalled" if params["name"] == BINDING => {
                if let (Some(visit), Some(line)) = (visit, params["payload"].as_str()) {
                    visit.seen().tell(line);
                }
            }
            "Target.targetCreated" => see_window(visit, &params["targetInfo"]),
            "Inspector.targetCrashed" => {
                if let Some(visit) = visit {
                    visit.note_crash();
                }
            }
            "Page.navigatedWithinDocument" => {
                let url = params["url"].as_str().and_then(|url| Url::parse(url).ok());
                if let (Some(visit), Some(url)) =
                    (visit, url.and_then(|url| link::resolve(&url, "")))
                {
                    let mut seen = visit.seen();
                    seen.routes += 1;
                    seen.link(url);
                }
            }
            "Network.webSocketCreated" | "Network.webTransportCreated" => {
                if let (Some(visit), Some(url)) =
                    (visit, params["url"].as_str().and_then(over_http))
                {
                    visit.seen().link(url);
                }
            }
            _ => {}
        }
    }

    /// A worker is let run once its sockets are seen.
    fn let_run(&self, session: Option<String>, answering: &mut JoinSet<()>) {
        let connection = self.connection.clone();
        answering.spawn(async move {
            for method in ["Network.enable", "Runtime.runIfWaitingForDebugger"] {
                let _gone = connection.tell(session.as_deref(), method, json!({})).await;
            }
        });
    }

    fn answer(
        self: &Arc<Self>,
        visit: Option<Arc<Visit>>,
        params: &Value,
        answering: &mut JoinSet<()>,
    ) {
        let Some(paused) = Paused::read(params) else { return };
        if let Some(markup) = visit.as_ref().and_then(|visit| visit.other_site(&paused)) {
            let params = paused::document(&paused.id, markup);
            self.say(None, "Fetch.fulfillRequest", params, answering);
            return;
        }
        let slow = lock(&self.slow);
        let manners = Manners {
            scope: self.traffic.scope(),
            allow_unsafe: self.allow_unsafe,
            allowance: &self.allowance,
            is_spent: self.allowance.is_over(self.traffic.now()),
            slow: &slow,
        };
        let verdict = match &visit {
            // Left over from a page that is gone, or from a service worker.
            None => Verdict::Stay,
            Some(visit) if answering.len() >= MAX_ANSWERING => {
                visit.seen().left_out += 1;
                Verdict::Refuse
            }
            Some(visit) => judge(&paused, &visit.window, &mut visit.seen(), manners),
        };
        drop(slow);
        let id = paused.id.clone();
        let (method, params) = match (verdict, visit) {
            (Verdict::Send, Some(visit)) => {
                answering.spawn(Arc::clone(self).ask(visit, paused));
                return;
            }
            // It is told with the end of its window.
            (Verdict::Silence, _) => return,
            (Verdict::Inside, _) => ("Fetch.continueRequest", json!({ "requestId": id })),
            (Verdict::Blank, _) => ("Fetch.fulfillRequest", paused::blank_image(&id)),
            (Verdict::Nothing, _) => ("Fetch.fulfillRequest", paused::nothing(&id)),
            (Verdict::Refuse, _) => ("Fetch.failRequest", failed(&id, "BlockedByClient")),
            (Verdict::Stay | Verdict::Send, _) => ("Fetch.failRequest", failed(&id, "Aborted")),
        };
        self.say(None, method, params, answering);
    }

    /// Asks the target and hands its answer to the browser.
    async fn ask(self: Arc<Self>, visit: Arc<Visit>, paused: Paused) {
        let answer = self.asked(&visit, &paused).await;
        let (method, params) = match answer {
            Ok(mut response) => {
                if visit.from.is_some() {
                    paused::let_frames(&mut response);
                }
                ("Fetch.fulfillRequest", paused::answer(&paused.id, &response))
            }
            Err(reason) => ("Fetch.failRequest", failed(&paused.id, reason)),
        };
        self.tell(None, method, params).await;
        visit.answered(&paused.id);
    }

    async fn asked(&self, visit: &Visit, paused: &Paused) -> Result<Response, &'static str> {
        let mut request = paused.request.clone().ok_or("Failed")?;
        let is_asset = matches!(paused.purpose, Purpose::Asset | Purpose::Events)
            && request.method.as_str() == "GET";
        let url = request.url();
        if let Some(known) =
            is_asset.then(|| lock(&self.assets).by_url.get(&url).cloned()).flatten()
        {
            return Ok(known);
        }
        // What a payload makes a page keep would spoil everything that follows.
        if visit.cause.is_none() {
            let new = lock(&self.told).by_script(&request.origin.host, &paused.cookies);
            self.traffic.keep_pairs(&request.origin, &new);
        }
        request.headers.retain(|header: &Header| !self.traffic.has_header(&header.name));
        let host = request.origin.host.clone();
        let is_page = paused.purpose == Purpose::Document && paused.frame == visit.window;
        let exchange = self.sent(visit, request, paused.purpose, is_page).await?;
        if visit.cause.is_some() {
            if paused.purpose == Purpose::Document {
                visit.seen().page.get_or_insert_with(|| Arc::clone(&exchange));
            }
        } else if !is_page {
            // The page itself the crawler has fetched before.
            keep(visit, &exchange);
        }
        let response = exchange.response().ok_or("ConnectionFailed")?;
        lock(&self.told).hear(&host, response);
        if is_asset && response.status == 200 {
            lock(&self.assets).put(url, response);
        }
        Ok(response.clone())
    }

    /// What came of a request when it was its turn.
    async fn sent(
        &self,
        visit: &Visit,
        request: Request,
        purpose: Purpose,
        is_page: bool,
    ) -> Result<Arc<Exchange>, &'static str> {
        let _turn = tokio::select! {
            turn = self.turns.acquire() => turn.expect("the semaphore is never closed"),
            () = visit.is_over() => return Err("Aborted"),
        };
        let most = if purpose == Purpose::Events { STREAM } else { PATIENCE };
        let errand = Errand::Browser((!is_page).then_some(most));
        let outcome = match &visit.cause {
            None => self.traffic.exchange_for(request, None, &errand).await,
            Some(cause) if !cause.claim() => return Err("Aborted"),
            Some(cause) => {
                let errand = Errand::Check(Arc::clone(&cause.purpose));
                let mut order = Order::new(request, &errand);
                order.request.headers.extend(cause.tag.clone());
                order.stands_for = Some(cause.stands_for.clone());
                order.options.max_time = Some(if is_page { PAGE } else { most });
                self.traffic.exchange_of(order).await
            }
        };
        let exchange = outcome.map_err(|_unsent| "Aborted")?;
        self.allowance.count(&exchange);
        if purpose == Purpose::Data && is_endless(&exchange, most) {
            lock(&self.slow).note(&exchange.request);
        }
        Ok(if purpose == Purpose::Events { as_whole(exchange) } else { exchange })
    }

    fn say(
        &self,
        session: Option<String>,
        method: &'static str,
        params: Value,
        answering: &mut JoinSet<()>,
    ) {
        let connection = self.connection.clone();
        answering.spawn(async move {
            let _gone = connection.tell(session.as_deref(), method, params).await;
        });
    }

    async fn tell(&self, session: Option<&str>, method: &str, params: Value) {
        // Who has hung up is told of by the call that waits for an answer.
        let _gone = self.connection.tell(session, method, params).await;
    }
}

fn see_window(visit: Option<Arc<Visit>>, target: &Value) {
    let (Some(visit), Some(id)) = (visit, target["targetId"].as_str()) else { return };
    if target["type"] == "page" && id != visit.window {
        visit.seen().popups.insert(id.to_owned());
    }
}

impl Assets {
    fn put(&mut self, url: String, response: &Response) {
        if self.bytes + response.body.len() <= MAX_ASSETS {
            self.bytes += response.body.len();
            self.by_url.insert(url, response.clone());
        }
    }
}

/// Whether nobody waited for the end.
fn is_endless(exchange: &Exchange, most: Duration) -> bool {
    match &exchange.outcome {
        Ok(response) => response.truncated && exchange.timings.duration() >= most,
        Err(failure) => {
            matches!(failure.class, FailureClass::WaitTimeout | FailureClass::ReceiveTimeout)
        }
    }
}

/// A stream has no end that could be missing.
fn as_whole(exchange: Arc<Exchange>) -> Arc<Exchange> {
    let mut exchange = Arc::unwrap_or_clone(exchange);
    if let Ok(response) = &mut exchange.outcome {
        response.truncated = false;
    }
    Arc::new(exchange)
}

fn keep(visit: &Visit, exchange: &Arc<Exchange>) {
    let mut seen = visit.seen();
    let bytes = exchange.response().map_or(0, |response| response.body.len());
    if seen.kept + bytes <= MAX_KEPT {
        seen.kept += bytes;
        seen.exchanges.push(Arc::clone(exchange));
    } else {
        seen.left_out += 1;
    }
}

fn failed(id: &str, reason: &str) -> Value {
    json!({ "requestId": id, "errorReason": reason })
}

/// Where a WebSocket or a WebTransport begins.
fn over_http(text: &str) -> Option<Url> {
    let http = page::over_http(text);
    let url = Url::parse(http.as_deref().unwrap_or(text)).ok()?;
    link::resolve(&url, "")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder panics")
}
