//! The example plans against the demo shop: every request leads somewhere.

use std::fs;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::Path;

use shakedown::demo;
use shakedown::demo::ShopOptions;
use shakedown::model::Conversation;
use shakedown::model::RequestTemplate;
use shakedown::plan::load_file;
use tokio::sync::oneshot;

use super::overrides;

/// Sends every request of every example to the shop; those that were not answered as expected.
async fn unexpected_answers(safe: bool) -> Vec<String> {
    let (ready, bound) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let options = ShopOptions { port: 0, address: IpAddr::V4(Ipv4Addr::LOCALHOST), safe };
    let shop = tokio::spawn(demo::serve(
        options,
        move |address| ready.send(address).expect("the test waits"),
        async move { stopped.await.unwrap_or(()) },
    ));
    let base = format!("http://{}", bound.await.expect("the shop starts"));
    // An error means that another test of this process was first.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client without TLS");
    let mut unexpected = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let env = |name: &str| (name == "BASE_URL").then(|| base.clone());
        let plan = load_file(&path, &env, &overrides())
            .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        // The shop speaks no gRPC.
        let is_page = |template: &&RequestTemplate| template.conversation == Conversation::Response;
        for template in plan.requests.iter().filter(is_page) {
            let method = template.request.method.as_str().parse().expect("a method");
            let mut request =
                client.request(method, template.request.url()).body(template.request.body.clone());
            for header in &template.request.headers {
                request = request.header(&header.name, header.value.as_slice());
            }
            let status = request.send().await.expect("the shop answers").status().as_u16();
            let expected = match template.expected_statuses.as_slice() {
                [] => (200..400).contains(&status),
                statuses => statuses.contains(&status),
            };
            if !expected {
                unexpected.push(format!("{}: {}: {status}", path.display(), template.name));
            }
        }
    }
    drop(stop);
    shop.await.expect("no panic").expect("the shop stops");
    unexpected
}

#[tokio::test]
async fn every_request_of_the_examples_is_answered_by_both_shops() {
    for safe in [false, true] {
        let unexpected = unexpected_answers(safe).await;
        assert!(unexpected.is_empty(), "safe: {safe}\n{}", unexpected.join("\n"));
    }
}
