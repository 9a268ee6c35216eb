//! Every entry of the table of flaws is demonstrated on the flawed shop and absent on the safe one.

use std::collections::BTreeSet;

use shakedown::demo::FLAWS;
use shakedown::demo::FlawKind;

use super::access;
use super::annex;
use super::client::Shop;
use super::client::Twin;
use super::disclosure;
use super::injection;
use super::performance;

/// Whether the flaw shows on this shop.
async fn shows(id: &str, shop: &mut Shop) -> bool {
    if let Some(shown) = annex::shows(id, shop).await {
        return shown;
    }
    match id {
        "xss-search-text" => injection::xss_in_text(shop).await,
        "xss-newsletter-attribute" => injection::xss_in_attribute(shop).await,
        "xss-track-script" => injection::xss_in_script(shop).await,
        "xss-gift-card" => injection::xss_behind_a_token(shop).await,
        "xss-review-stored" => injection::xss_stored(shop).await,
        "sqli-category-error" => injection::sql_error(shop).await,
        "sqli-product-boolean" => injection::sql_boolean(shop).await,
        "sqli-stock-blind" => injection::sql_blind(shop).await,
        "path-traversal-download" => injection::path_traversal(shop).await,
        "open-redirect-go" => injection::open_redirect(shop).await,
        "crlf-lang" => injection::header_injection(shop).await,
        "bola-order-page" => access::foreign_order_page(shop).await,
        "bola-order-api" => access::foreign_order_api(shop).await,
        "bola-upload" => access::foreign_upload(shop).await,
        "bfla-admin-users" => access::users_for_a_customer(shop).await,
        "mass-assignment-account" => access::own_role(shop).await,
        "csrf-missing" => access::form_without_token(shop).await,
        "login-unlimited-page" => access::guessing_on_the_page(shop).await,
        "login-unlimited-api" => access::guessing_on_the_api(shop).await,
        "upload-unrestricted" => access::html_upload(shop).await,
        "cors-any-origin" => access::foreign_origin(shop).await,
        "excessive-data-account" => disclosure::password_hash(shop).await,
        "headers-missing" => disclosure::headers_missing(shop).await,
        "cookie-flags-missing" => disclosure::cookie_flags_missing(shop).await,
        "version-disclosure" => disclosure::version(shop).await,
        "verbose-error-page" => disclosure::stack_trace(shop).await,
        "verbose-error-api" => disclosure::traceback(shop).await,
        "debug-page" => disclosure::debug_page(shop).await,
        "source-backup" => disclosure::source_backup(shop).await,
        "n-plus-one-bestsellers" => performance::many_queries(shop).await,
        "checkout-lock" => performance::lock_at_checkout(shop).await,
        "search-unindexed" => performance::full_scan(shop).await,
        "backend-slow" => performance::slow_backend(shop).await,
        "theme-uncached" => performance::never_cached(shop).await,
        other => panic!("{other} has no demonstration"),
    }
}

/// How many tests share the flaws of security, so that they run side by side.
const PARTS: usize = 4;

async fn prove(kind: FlawKind, part: usize) {
    let mut wrong = Vec::new();
    for flaw in FLAWS.iter().filter(|flaw| flaw.kind == kind).skip(part).step_by(PARTS) {
        let twins = async {
            let on_flawed = shows(flaw.id, &mut Shop::start(Twin::Flawed).await).await;
            (on_flawed, shows(flaw.id, &mut Shop::start(Twin::Safe).await).await)
        };
        // A task of its own: one demonstration that fails does not hide the others.
        let shown = tokio::spawn(twins).await.ok();
        if shown != Some((true, false)) {
            wrong.push(format!("{} (flawed, safe): {shown:?}", flaw.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_first_security_flaw_shows_on_the_flawed_shop_only() {
    prove(FlawKind::Security, 0).await;
}

#[tokio::test]
async fn every_second_security_flaw_shows_on_the_flawed_shop_only() {
    prove(FlawKind::Security, 1).await;
}

#[tokio::test]
async fn every_third_security_flaw_shows_on_the_flawed_shop_only() {
    prove(FlawKind::Security, 2).await;
}

#[tokio::test]
async fn every_fourth_security_flaw_shows_on_the_flawed_shop_only() {
    prove(FlawKind::Security, 3).await;
}

#[tokio::test]
async fn every_performance_fault_shows_on_the_flawed_shop_only() {
    for part in 0..PARTS {
        prove(FlawKind::Performance, part).await;
    }
}

#[test]
fn ids_are_unique_and_every_security_flaw_has_a_weakness_number() {
    let ids: BTreeSet<_> = FLAWS.iter().map(|flaw| flaw.id).collect();
    assert_eq!(ids.len(), FLAWS.len());
    for flaw in FLAWS.iter().filter(|flaw| flaw.kind == FlawKind::Security) {
        assert!(flaw.cwe.is_some(), "{}", flaw.id);
    }
}
