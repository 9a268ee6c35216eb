//! The maze, crawled without a browser: how much of it is found, and how much that is not there is
//! asked for.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::demo;
use shakedown::demo::Dials;
use shakedown::demo::Needs;
use shakedown::demo::ShopOptions;
use shakedown::demo::Target;
use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;
use shakedown::model::InScope;
use shakedown::model::Redactor;
use shakedown::model::StopToken;
use shakedown::rules::Registry;
use shakedown::scan::Addresses;
use shakedown::scan::ScanJob;
use shakedown::scan::Sending;
use shakedown::scan::Wire;
use tokio::sync::oneshot;

use super::site::Setup;
use super::site::plan;

/// A request as it went out, and the status that came back.
#[derive(Debug, Clone)]
struct Sent {
    method: String,
    path: String,
    status: u16,
}

/// Hands everything on and takes notes.
struct Watched {
    client: Client,
    log: Arc<Mutex<Vec<Sent>>>,
}

impl Wire for Watched {
    fn send(&self, request: InScope) -> Sending<'_> {
        let (method, url) = {
            let request = request.request();
            (request.method.as_str().to_owned(), request.url())
        };
        let sending = Client::send(&self.client, request);
        Box::pin(async move {
            let exchange = sending.await;
            let status = exchange.response().map_or(0, |response| response.status);
            let path = url::Url::parse(&url).expect("an absolute URL").path().to_owned();
            self.log.lock().expect("nobody panics").push(Sent { method, path, status });
            exchange
        })
    }
}

async fn crawled(allow_unsafe: bool) -> Vec<Sent> {
    let (ready, bound) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let options = ShopOptions { port: 0, address, safe: true, maze: true, dials: Dials::default() };
    let shop = tokio::spawn(demo::serve(
        options,
        move |address| ready.send(address).expect("the test waits"),
        async move { stopped.await.unwrap_or(()) },
    ));
    let address = bound.await.expect("the shop starts");
    let mut plan = plan(&format!("http://{address}/maze/"), Setup::default());
    let scan = plan.scan.as_mut().expect("a scan");
    scan.allow_unsafe = allow_unsafe;
    scan.crawl.depth = 12;
    scan.crawl.max_urls = 5000;
    let clock = Clock::start();
    let scope = Arc::new(plan.scope.clone());
    let client = Client::new(scope, ClientOptions::default(), Pacer::new(None, clock), clock)
        .expect("no files to read");
    let log = Arc::new(Mutex::new(Vec::new()));
    let job = ScanJob {
        record: None,
        addresses: Addresses::Counted,
        plan: Arc::new(plan),
        registry: Arc::new(Registry::embedded()),
        wire: Arc::new(Watched { client, log: Arc::clone(&log) }),
        clock,
        redactor: Redactor::default(),
        browser: None,
        templates: None,
        callbacks: None,
        callback_server: None,
    };
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let crawl = tokio::spawn(shakedown::scan::crawl(job, sender, StopToken::default()));
    while events.recv().await.is_some() {}
    crawl.await.expect("a crawl does not panic");
    drop(stop);
    shop.await.expect("no panic").expect("the shop stops");
    log.lock().expect("nobody panics").clone()
}

/// Names that the soft-404 calibration asks for on purpose: they are no endpoints that were found.
fn is_calibration(sent: &Sent) -> bool {
    let name = sent.path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    sent.status == 404 && stem.len() == 14 && stem.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Answered as the target answers, and not refused.
fn found<'s>(sent: &'s [Sent], target: &Target) -> impl Iterator<Item = &'s Sent> {
    let target = *target;
    sent.iter().filter(move |one| one.status < 400 && target.is(&one.method, &one.path))
}

fn missed(sent: &[Sent], targets: &[Target]) -> Vec<String> {
    let missed = targets.iter().filter(|target| found(sent, target).next().is_none());
    missed.map(|target| format!("{} {} ({})", target.method, target.path, target.kind)).collect()
}

fn false_endpoints(sent: &[Sent]) -> BTreeMap<String, usize> {
    // A dead link that a page states is asked for by every crawler.
    let stated = ["/maze/errors/no-such-page"];
    let gone = sent.iter().filter(|one| {
        one.status == 404 && !is_calibration(one) && !stated.contains(&one.path.as_str())
    });
    gone.fold(BTreeMap::new(), |mut counts, one| {
        *counts.entry(format!("{} {}", one.method, one.path)).or_default() += 1;
        counts
    })
}

fn of(needs: &[Needs]) -> Vec<Target> {
    demo::targets().into_iter().filter(|target| needs.contains(&target.needs)).collect()
}

/// Of a hundred, what may be missed, and what may be asked for in vain.
const MAY_MISS: usize = 5;
const MAY_BE_WRONG: usize = 5;

#[expect(clippy::print_stderr, reason = "shown on demand, to whoever measures")]
fn assert_figures(sent: &[Sent], targets: &[Target]) {
    let missed = missed(sent, targets);
    let gone = false_endpoints(sent);
    let asked = sent.iter().filter(|one| !is_calibration(one)).count();
    let wrong: usize = gone.values().sum();
    let figures = format!(
        "{} of {} found, {wrong} false endpoints in {asked} requests ({} more to calibrate)\n\
         missed: {missed:#?}\nfalse: {gone:#?}",
        targets.len() - missed.len(),
        targets.len(),
        sent.len() - asked,
    );
    if std::env::var_os("SHOW_FIGURES").is_some() {
        eprintln!("{figures}");
    }
    assert!(missed.len() * 100 <= targets.len() * MAY_MISS, "{figures}");
    assert!(wrong * 100 <= asked * MAY_BE_WRONG, "{figures}");
}

#[tokio::test]
async fn what_reading_finds_is_found_by_safe_requests() {
    let sent = tokio::time::timeout(Duration::from_secs(120), crawled(false)).await;
    let sent = sent.expect("a crawl ends");
    assert!(sent.iter().all(|one| matches!(one.method.as_str(), "GET" | "HEAD")));
    assert_figures(&sent, &of(&[Needs::Reader]));
}

#[tokio::test]
async fn what_is_behind_posted_forms_is_found_where_that_is_allowed() {
    let sent = tokio::time::timeout(Duration::from_secs(120), crawled(true)).await;
    assert_figures(&sent.expect("a crawl ends"), &of(&[Needs::Reader, Needs::Unsafe]));
}
