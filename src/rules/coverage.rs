//! Which place of OWASP's lists is looked after by which rule, and what of it is not: the page
//! `rules/OWASP.md`, generated.
//!
//! Titles are OWASP's (<https://owasp.org/Top10/2021/>, <https://owasp.org/Top10/2025/>,
//! <https://owasp.org/API-Security/editions/2023/en/0x11-t10/>). What is not covered is said by hand,
//! as nothing that is there can tell it.

use std::fmt::Write as _;

use super::registry::Registry;
use crate::model::RuleMeta;

/// A place of a list: its name in rules, its title, and what of it nobody looks after.
type Place = (&'static str, &'static str, &'static str);

const INTRODUCTION: &str = "\
# OWASP coverage

Generated from the rule files by `UPDATE_GENERATED=1 cargo nextest run generated_files`; do not edit.

For each place of three lists of OWASP: the checks that send probes (`scan --active`), the rules that
ask for what nobody has linked to (with `--active` too), the rules that judge answers which are there
anyway, and what of the place is not looked for. A place without a gap is not a place without flaws:
a scanner sees a service from outside, and only what it reaches.
";

const TOP_10_2021: [Place; 10] = [
    (
        "A01:2021",
        "Broken Access Control",
        "rules of the business itself (who may approve what), unless identities in the plan show them",
    ),
    (
        "A02:2021",
        "Cryptographic Failures",
        "how data is stored, and keys and ciphers inside the service",
    ),
    (
        "A03:2021",
        "Injection",
        "statements whose effect neither an answer, nor time, nor a call shows",
    ),
    (
        "A04:2021",
        "Insecure Design",
        "design as such: only its symptoms, such as missing limits, are seen",
    ),
    ("A05:2021", "Security Misconfiguration", "the configuration of hosts, clouds and containers"),
    (
        "A06:2021",
        "Vulnerable and Outdated Components",
        "components that do not show their version; a lock file is for tools that read it",
    ),
    (
        "A07:2021",
        "Identification and Authentication Failures",
        "second factors beyond limits of one-time codes, and single sign-on between services",
    ),
    (
        "A08:2021",
        "Software and Data Integrity Failures",
        "how software is built, signed and delivered",
    ),
    (
        "A09:2021",
        "Security Logging and Monitoring Failures",
        "whether anything is logged or anybody alarmed: that cannot be seen from outside",
    ),
    (
        "A10:2021",
        "Server-Side Request Forgery",
        "addresses of cloud metadata, which are never asked for",
    ),
];

const TOP_10_2025: [Place; 10] = [
    (
        "A01:2025",
        "Broken Access Control",
        "rules of the business itself (who may approve what), unless identities in the plan show them",
    ),
    ("A02:2025", "Security Misconfiguration", "the configuration of hosts, clouds and containers"),
    (
        "A03:2025",
        "Software Supply Chain Failures",
        "how software is built and where it comes from; only components that show their version are seen",
    ),
    (
        "A04:2025",
        "Cryptographic Failures",
        "how data is stored, and keys and ciphers inside the service",
    ),
    (
        "A05:2025",
        "Injection",
        "statements whose effect neither an answer, nor time, nor a call shows",
    ),
    (
        "A06:2025",
        "Insecure Design",
        "design as such: only its symptoms, such as missing limits, are seen",
    ),
    (
        "A07:2025",
        "Authentication Failures",
        "second factors beyond limits of one-time codes, and single sign-on between services",
    ),
    (
        "A08:2025",
        "Software or Data Integrity Failures",
        "how software is built, signed and delivered",
    ),
    (
        "A09:2025",
        "Security Logging and Alerting Failures",
        "whether anything is logged or anybody alarmed: that cannot be seen from outside",
    ),
    (
        "A10:2025",
        "Mishandling of Exceptional Conditions",
        "failures that only load or a broken backend brings about",
    ),
];

const API_2023: [Place; 10] = [
    ("API1:2023", "Broken Object Level Authorization", "objects of which no request was seen"),
    (
        "API2:2023",
        "Broken Authentication",
        "single sign-on between services, and keys that services use among themselves",
    ),
    (
        "API3:2023",
        "Broken Object Property Level Authorization",
        "members whose secrecy only the business knows",
    ),
    (
        "API4:2023",
        "Unrestricted Resource Consumption",
        "costs that a provider bills, and limits that only a flood would show",
    ),
    (
        "API5:2023",
        "Broken Function Level Authorization",
        "functions that no identity of the plan, no page and no description names",
    ),
    (
        "API6:2023",
        "Unrestricted Access to Sensitive Business Flows",
        "what a flow is worth to an attacker, and limits that no plan names (`races`)",
    ),
    (
        "API7:2023",
        "Server Side Request Forgery",
        "addresses of cloud metadata, which are never asked for",
    ),
    ("API8:2023", "Security Misconfiguration", "the configuration of hosts, clouds and containers"),
    (
        "API9:2023",
        "Improper Inventory Management",
        "hosts and versions that are out of the plan's scope",
    ),
    (
        "API10:2023",
        "Unsafe Consumption of APIs",
        "what the service does with answers of others: it would take a false service to see it",
    ),
];

/// The page `rules/OWASP.md`.
pub fn owasp_coverage() -> String {
    let registry = Registry::embedded();
    let mut page = INTRODUCTION.to_owned();
    for (title, places) in [
        ("Top 10, 2025", &TOP_10_2025),
        ("Top 10, 2021", &TOP_10_2021),
        ("API Security Top 10, 2023", &API_2023),
    ] {
        writeln!(page, "\n## {title}").expect("a string takes all");
        for place in places {
            section(&mut page, place, &registry);
        }
    }
    page
}

fn section(page: &mut String, (name, title, gap): &Place, registry: &Registry) {
    let is_here = |meta: &&RuleMeta| {
        meta.owasp.iter().chain(&meta.api).any(|place| place.0.as_str() == *name)
    };
    let native: Vec<&str> = registry.native_ids().collect();
    let templates: Vec<&str> =
        registry.templates().iter().map(|own| own.meta.id.as_str()).collect();
    let watched: Vec<&str> = registry.under_load().iter().map(|meta| meta.id.as_str()).collect();
    let (mut checks, mut asking, mut judging) = (Vec::new(), Vec::new(), Vec::new());
    let mut watching = Vec::new();
    for meta in registry.metas().filter(is_here) {
        let id = meta.id.as_str();
        let kind = if native.contains(&id) {
            &mut checks
        } else if templates.contains(&id) {
            &mut asking
        } else if watched.contains(&id) {
            &mut watching
        } else {
            &mut judging
        };
        kind.push(format!("`{id}`"));
    }
    writeln!(page, "\n### {name} {title}\n").expect("a string takes all");
    let kinds = [
        ("Checks", checks),
        ("Ask", asking),
        ("Judge answers", judging),
        ("Look at load", watching),
    ];
    for (what, ids) in kinds {
        let list = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        writeln!(page, "* {what}: {list}.").expect("a string takes all");
    }
    writeln!(page, "* Not covered: {gap}.").expect("a string takes all");
}
