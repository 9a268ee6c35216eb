//! What is said about bad plans: file, line and column, the line in question, and the cure.

use super::resolve;

mod boundary;
mod checks;
mod data;
mod extractions;
mod flows;
mod gates;
mod keys;
mod messages;
mod pages;
mod rendering;
mod requests;
mod results;
mod scan;
mod scenarios;
mod secrets;
mod substitution;
mod yaml;

/// Everything a plan needs.
const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";
/// And a request.
const ONE: &str = "version: 1\ntarget: http://127.0.0.1:8080\nrequests: { home: { get: / } }\n";
/// And a flow that sends it twice.
const FLOW: &str = "version: 1\ntarget: http://127.0.0.1:8080\nrequests: { home: { get: / } }\n\
                    flows: { visit: [ { use: home }, { use: home } ] }\n";

/// The messages about `base` with `rest` behind it.
fn said(base: &str, rest: &str) -> String {
    resolve(&format!("{base}{rest}")).expect_err("the plan is refused").render(false)
}
