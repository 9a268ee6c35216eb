//! The maze is there as its list says, and nothing leads there that should not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use reqwest::Method;
use shakedown::demo::Needs;
use shakedown::demo::targets;

use super::client::Shop;
use super::client::Twin;

/// Targets that answer a bare request with a refusal: they are forms or need parameters.
fn is_bare_refusal(status: u16) -> bool {
    matches!(status, 400 | 422 | 426)
}

#[test]
fn the_list_is_well_formed_and_has_every_kind_of_need() {
    let targets = targets();
    let mut seen = BTreeSet::new();
    for target in &targets {
        assert!(target.path.starts_with("/maze/"), "{target:?}");
        assert!(["GET", "POST"].contains(&target.method), "{target:?}");
        assert!(!target.kind.is_empty(), "{target:?}");
        assert!(seen.insert((target.method, target.path)), "{target:?} is there twice");
    }
    for needs in [Needs::Reader, Needs::Unsafe, Needs::Browser] {
        assert!(targets.iter().filter(|target| target.needs == needs).count() > 20, "{needs:?}");
    }
}

#[tokio::test]
async fn every_target_answers_in_both_shops() {
    for twin in [Twin::Flawed, Twin::Safe] {
        let mut shop = Shop::start_with(twin, true).await;
        for target in targets() {
            let path = target.path.replace("{}", "7");
            let method = Method::from_bytes(target.method.as_bytes()).expect("a method");
            let answer = shop.send(method, &path, &[], "").await;
            assert!(
                answer.status < 400 || is_bare_refusal(answer.status),
                "{target:?}: {}",
                answer.status
            );
            if target.method == "POST" && target.path != "/maze/interfaces/graphql" {
                let got = shop.get(&path).await.status;
                let also_read = path == "/maze/interfaces/v1/parcels";
                assert!(got == 405 || also_read, "{target:?}: GET is {got}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let mut shop = Shop::start_with(Twin::Safe, true).await;
    for path in ["/maze/links/nothing", "/maze/scripts/articles/x", "/.well-known/nothing"] {
        assert_eq!(shop.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn nothing_leads_into_the_maze_unless_the_shop_is_told_so() {
    let mut shop = Shop::start(Twin::Flawed).await;
    for path in ["/", "/robots.txt", "/sitemap.xml", "/openapi.json", "/about.html"] {
        let answer = shop.get(path).await;
        assert!(!answer.body.contains("/maze"), "{path}");
    }
    assert_eq!(shop.get("/.well-known/security.txt").await.status, 404);
    assert_eq!(shop.get("/maze").await.status, 200);
    let mut leading = Shop::start_with(Twin::Flawed, true).await;
    assert!(leading.get("/robots.txt").await.body.contains("/maze/sitemap/index.xml"));
    assert_eq!(leading.get("/.well-known/security.txt").await.status, 200);
}

/// A target that nothing names could not be found by anybody. The last segment stands in some file
/// of the site, or, where only a browser finds it, the words that it is made of do.
#[test]
fn every_target_of_a_reader_is_named_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/maze");
    let mut text = String::new();
    let folders = [folder.clone(), folder.join("site")];
    for folder in &folders {
        for entry in fs::read_dir(folder).expect("the site is there") {
            let path = entry.expect("readable").path();
            if path.is_file() && path.extension().is_none_or(|extension| extension != "tsv") {
                text.push_str(&fs::read_to_string(&path).expect("text"));
            }
        }
    }
    // Written with character references and escapes.
    let spelled = ["faq", "escaped-units", "escaped-hex", "escaped-ground", "reviews"];
    for target in targets().iter().filter(|target| target.needs != Needs::Browser) {
        let path = target.path.trim_end_matches("/{}").trim_end_matches('/');
        let last = path.rsplit('/').next().expect("a segment");
        let is_named = text.contains(last)
            || spelled.contains(&last)
            || target.path.contains("4711")
            || last == "joined-words";
        assert!(is_named, "{target:?}");
    }
}
