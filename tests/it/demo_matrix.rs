//! Planted flaw × found: what this version claims it finds, and the safe twin stays silent.

use serde_json::Value;
use shakedown::demo::{FLAWS, FlawKind, Parameter};

use crate::program::{Shop, shakedown};

/// Rules that a planted flaw shows up under, for a scan without a login.
const FOUND_AS: &[(&str, &[&str])] = &[
    ("xss-search-text", &["xss-reflected"]),
    ("xss-newsletter-attribute", &["xss-reflected"]),
    ("xss-track-script", &["xss-reflected"]),
    ("xss-gift-card", &["xss-reflected"]),
    ("xss-review-stored", &["xss-stored"]),
    ("sqli-category-error", &["sqli-error"]),
    ("sqli-product-boolean", &["sqli-boolean"]),
    ("sqli-stock-blind", &["sqli-boolean"]),
    ("path-traversal-download", &["path-traversal"]),
    ("open-redirect-go", &["open-redirect"]),
    ("crlf-lang", &["crlf-injection"]),
    ("cors-any-origin", &["cors-misconfigured"]),
    (
        "headers-missing",
        &["csp-missing", "clickjacking", "content-type-options-missing", "referrer-policy-missing"],
    ),
    ("cookie-flags-missing", &["cookie-no-httponly", "cookie-no-samesite"]),
    ("version-disclosure", &["server-version", "technology-version"]),
    ("verbose-error-page", &["stack-trace"]),
    ("verbose-error-api", &["json-stack-trace"]),
    ("debug-page", &["database-address"]),
    ("source-backup", &["backup-files"]),
    ("upload-unrestricted", &["upload-unrestricted"]),
    ("command-network-lookup", &["command-injection"]),
    ("command-invoice-mail", &["command-injection"]),
    ("code-quote-formula", &["code-injection"]),
    ("template-greeting-card", &["template-injection"]),
    ("format-gift-label", &["format-string"]),
    ("ssi-guestbook", &["ssi-injection"]),
    ("ldap-staff-name", &["ldap-injection"]),
    ("xpath-dealer-login", &["xpath-injection"]),
    ("nosql-club-form", &["nosql-injection"]),
    ("nosql-club-json", &["nosql-injection"]),
    ("sqli-second-order-brand", &["sqli-second-order"]),
    ("sqli-currency-cookie", &["sqli-union"]),
    ("sqli-partner-xml", &["sqli-error"]),
    ("xxe-partner-feed", &["xxe"]),
    ("mail-header-message", &["mail-header-injection"]),
    ("deserialisation-preferences", &["deserialization"]),
    ("prototype-pollution-settings", &["prototype-pollution"]),
    ("file-inclusion-info", &["file-inclusion"]),
    ("path-traversal-manual", &["path-traversal"]),
    ("ssrf-image-import", &["ssrf"]),
    ("ssrf-webhook-test", &["ssrf"]),
    ("xss-gallery-filename", &["xss-stored"]),
    ("method-override-notice", &["method-override"]),
    ("acl-path-spelling", &["access-bypass"]),
    ("acl-original-url", &["access-bypass"]),
    ("acl-forwarded-for", &["access-bypass"]),
    ("graphql-field-authorisation", &["graphql-authorization"]),
    ("open-redirect-prefix", &["open-redirect"]),
    ("cache-unkeyed-header", &["cache-poisoning"]),
    ("put-assets", &["http-methods"]),
    ("trace-enabled", &["trace-method"]),
    ("password-in-url-repairs", &["password-in-query"]),
    ("graphql-introspection", &["graphql-introspection"]),
    ("directory-listing-assets", &["directory-listing"]),
    ("source-map-offers", &["source-map-content"]),
    ("actuator-environment", &["actuator-environment"]),
    ("cors-suffix-match", &["cors-misconfigured"]),
    ("expression-faq-topic", &["template-injection"]),
    ("predictable-share-token", &["predictable-address"]),
];

/// The same for a scan as several people, of checks that compare them or look at their logins.
const FOUND_BY_PEOPLE: &[(&str, &[&str])] = &[
    ("bola-order-page", &["bola"]),
    ("bola-order-api", &["bola"]),
    ("bola-upload", &["bola"]),
    ("bfla-admin-users", &["function-level-access"]),
    ("mass-assignment-account", &["mass-assignment"]),
    ("excessive-data-account", &["excessive-data"]),
    ("csrf-missing", &["csrf"]),
    ("login-unlimited-page", &["login-unlimited"]),
    ("login-unlimited-api", &["login-unlimited"]),
    ("forced-browsing-prices", &["forced-browsing"]),
    ("idor-invoice", &["bola"]),
    ("cache-deception-account", &["cache-deception"]),
    ("user-enumeration-reset", &["user-enumeration"]),
    ("jwt-none-algorithm", &["jwt-unverified"]),
    ("jwt-weak-key", &["jwt-weak-key"]),
    ("jwt-expiry-ignored", &["jwt-expiry"]),
    ("jwt-kid-path", &["jwt-key-confusion", "jwt-unverified"]),
    ("remember-cookie-credentials", &["cookie-credentials"]),
    ("otp-unlimited-reset", &["login-unlimited"]),
    ("csrf-token-unchecked", &["csrf"]),
    ("cors-null-origin", &["cors-misconfigured"]),
    ("open-redirect-club-next", &["open-redirect"]),
    ("host-header-reset", &["host-header-reset"]),
    ("user-enumeration-trade", &["user-enumeration"]),
    ("session-fixation-club", &["session-fixation"]),
    ("logout-club-session", &["logout-ineffective"]),
];

/// What is found by checks that strain the target or try passwords, which are for whoever asks for them.
const FOUND_IF_ASKED: &[(&str, &[&str])] = &[
    ("graphql-unlimited", &["graphql-limits"]),
    ("page-size-history", &["page-size"]),
    ("default-credentials-console", &["default-credentials"]),
];

/// Planted flaws that these scans do not claim: those of scripts, which need a browser
/// (`demo::scripts_browser`), and what is told by time, which a busy machine hides.
const NOT_CLAIMED: &[&str] =
    &["dom-xss-offers", "dom-xss-finder", "postmessage-origin-chat", "redos-reference"];

/// Flaws that show where they are not planted: path, and what is named as the place there.
const SHOWN_AT: &[(&str, &str, Option<&str>)] = &[
    ("nosql-club-form", "/club/login", Some("card")),
    ("jwt-weak-key", "/api/app/profile", None),
    ("cache-deception-account", "/account", None),
    ("remember-cookie-credentials", "/", Some("club_remember")),
    ("remember-cookie-credentials", "/club/points.json", Some("club_remember")),
];

/// People of the shop, its app, and its club.
const PEOPLE: &str = include_str!("demo_people.yml");

/// Without a browser, so that a machine that has one finds the same.
fn report(args: &[&str]) -> Value {
    let output = shakedown()
        .env("SHAKEDOWN_BROWSER", "none")
        .args(args)
        .output()
        .expect("it can be started");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("only JSON")
}

fn scan(url: &str) -> Value {
    report(&[
        "scan",
        url,
        "--active",
        "--allow-unsafe",
        "--max-rps",
        "2000",
        "--fail-on",
        "never",
        "--json",
    ])
}

fn scan_as_people(url: &str) -> Value {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = dir.path().join("people.yml");
    std::fs::write(&plan, PEOPLE.replace("{url}", url)).expect("written");
    let plan = plan.to_str().expect("UTF-8");
    report(&["scan", plan, "--fail-on", "never", "--json"])
}

fn scan_if_asked(url: &str) -> Value {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let list = dir.path().join("credentials.txt");
    std::fs::write(&list, "root:toor\nadmin:admin\n").expect("written");
    let list = list.to_str().expect("UTF-8");
    report(&[
        "scan",
        url,
        "--active=graphql-limits,page-size,default-credentials",
        "--credentials",
        list,
        "--allow-unsafe",
        "--max-rps",
        "2000",
        "--fail-on",
        "never",
        "--json",
    ])
}

fn findings(report: &Value) -> &[Value] {
    report["findings"].as_array().expect("an array")
}

/// Whether a finding is at the flaw's place, by path and, where the flaw has one, by parameter.
fn is_at(finding: &Value, flaw: &shakedown::demo::Flaw) -> bool {
    let url =
        url::Url::parse(finding["url"].as_str().unwrap_or_default()).expect("an absolute URL");
    let also = finding["also"].as_array().into_iter().flatten();
    let points: Vec<&str> = std::iter::once(&finding["insertion_point"])
        .chain(also)
        .filter_map(|point| point["name"].as_str())
        .collect();
    let point = points.first().copied();
    let is_shown = |(id, path, name): &(&str, &str, Option<&str>)| {
        *id == flaw.id && url.path() == *path && *name == point
    };
    if SHOWN_AT.iter().any(is_shown) {
        return true;
    }
    match flaw.place.parameter {
        // Whole-site rules are reported where they were seen first.
        Parameter::Fragment => url.path() == flaw.place.path,
        // A part of a site has one answer to other origins.
        Parameter::RequestHeader("Origin") => {
            url.path().split('/').nth(1) == flaw.place.path.split('/').nth(1)
        }
        Parameter::Whole | Parameter::RequestHeader(_) | Parameter::ResponseHeader(_) => true,
        Parameter::Query(name)
        | Parameter::Form(name)
        | Parameter::Json(name)
        | Parameter::Cookie(name)
        | Parameter::Xml(name) => {
            let own = |point: &str| point == name || point.ends_with(&format!("/{name}"));
            let is_there = points.is_empty() || points.iter().any(|point| own(point));
            url.path() == flaw.place.path && is_there
        }
        Parameter::Path(_) | Parameter::File(_) => {
            let fixed = flaw.place.path.split('{').next().unwrap_or_default();
            url.path().starts_with(fixed)
        }
    }
}

#[test]
fn every_planted_flaw_is_claimed_or_named_as_not_yet() {
    for flaw in FLAWS.iter().filter(|flaw| flaw.kind == FlawKind::Security) {
        let claims = FOUND_AS.iter().chain(FOUND_BY_PEOPLE).chain(FOUND_IF_ASKED);
        let claimed = claims.into_iter().filter(|(id, _)| *id == flaw.id).count();
        let is_left = usize::from(NOT_CLAIMED.contains(&flaw.id));
        assert_eq!(claimed + is_left, 1, "{} must be in one of the lists", flaw.id);
    }
    for (id, _) in FOUND_AS.iter().chain(FOUND_BY_PEOPLE).chain(FOUND_IF_ASKED) {
        assert!(FLAWS.iter().any(|flaw| flaw.id == *id), "{id} is not planted");
    }
}

fn assert_finds(report: &Value, claims: &[(&str, &[&str])]) {
    let mut missed = Vec::new();
    for (id, rules) in claims {
        let flaw = FLAWS.iter().find(|flaw| flaw.id == *id).expect("it is planted");
        for rule in *rules {
            let found = findings(report)
                .iter()
                .any(|finding| finding["rule"] == *rule && is_at(finding, flaw));
            if !found {
                missed.push(format!("{id} as {rule}"));
            }
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}\nfound: {:?}", shown(report, "info"));
}

#[test]
fn every_flaw_that_people_tell_is_found_on_the_flawed_shop() {
    let shop = Shop::flawed();
    assert_finds(&scan_as_people(&shop.url), FOUND_BY_PEOPLE);
}

#[test]
fn every_flaw_that_checks_on_demand_look_for_is_found_on_the_flawed_shop() {
    let shop = Shop::flawed();
    assert_finds(&scan_if_asked(&shop.url), FOUND_IF_ASKED);
}

/// The same as on the flawed one, so that it is the shop that differs.
#[test]
fn the_safe_twin_has_no_such_finding_for_whoever_asks_as_people_or_on_demand() {
    let shop = Shop::safe();
    for report in [scan_as_people(&shop.url), scan_if_asked(&shop.url)] {
        let grave = shown(&report, "medium");
        assert!(grave.is_empty(), "{grave:#?}");
    }
}

#[test]
fn every_claimed_flaw_is_found_on_the_flawed_shop() {
    let shop = Shop::flawed();
    let report = scan(&shop.url);
    assert_finds(&report, FOUND_AS);
    for finding in findings(&report) {
        let reproduce = finding["reproduce"].as_str().unwrap_or_default();
        assert!(reproduce.starts_with("curl "), "{reproduce}");
        assert!(!finding["evidence"].as_array().expect("an array").is_empty());
    }
}

#[test]
fn the_safe_twin_has_no_finding_of_medium_or_higher() {
    let shop = Shop::safe();
    let report = scan(&shop.url);
    assert!(report["coverage"]["operations"].as_array().is_some_and(|known| known.len() > 10));
    let grave = shown(&report, "medium");
    assert!(grave.is_empty(), "{grave:#?}");
}

/// Findings from a severity on, one line each.
fn shown(report: &Value, from: &str) -> Vec<String> {
    let severity = |name: &str| shakedown::model::Severity::parse(name).expect("a known severity");
    findings(report)
        .iter()
        .filter(|finding| {
            severity(finding["severity"].as_str().unwrap_or_default()) >= severity(from)
        })
        .map(|finding| {
            format!("{} {} {}", finding["rule"], finding["url"], finding["insertion_point"]["name"])
        })
        .collect()
}
