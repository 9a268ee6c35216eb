//! The same in the path itself, which servers put into redirects (to a slash, to HTTPS, to the page
//! for the login) without looking at it.
//!
//! Asked of pages that redirect, and once of the site otherwise. Cost at a clean page: 1 request, 3
//! where it redirects.

use super::crlf::Planted;
use super::crlf::proof;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;

/// Line breaks as they stand in a path, and where what is behind them is put into a redirect.
const BREAKS: [&str; 3] = ["%0d%0a", "%0a", "%E5%98%8D%E5%98%8A"];

/// See the module.
pub(crate) struct CrlfPath;

impl RequestCheck for CrlfPath {
    fn id(&self) -> &'static str {
        "crlf-injection-path"
    }

    fn root_cause(&self, node: &Node) -> String {
        if redirects(node) { "redirect".to_owned() } else { "page".to_owned() }
    }

    fn applies(&self, node: &Node) -> bool {
        node.method == "GET"
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

fn redirects(node: &Node) -> bool {
    node.status.is_some_and(|status| (300..400).contains(&status))
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let tried = if redirects(probe.node()) { BREAKS.len() } else { 1 };
    for line_break in &BREAKS[..tried] {
        let (attack, planted) = ask(probe, line_break).await?;
        if !planted.is_a_header(&attack) {
            continue;
        }
        let (replay, again) = ask(probe, line_break).await?;
        if again.is_a_header(&replay) {
            return Ok(Outcome::Found(Box::new(proof((attack, planted), (replay, again)))));
        }
    }
    Ok(Outcome::Clean)
}

async fn ask(probe: &mut RequestProbe, line_break: &str) -> Result<(Shot, Planted), ProbeStop> {
    let sender = probe.sender();
    let planted = Planted::new([sender.word(), sender.word(), sender.word()]);
    let text = planted.text(line_break);
    let target = probe.base().path_and_query_text().into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let path_and_query = format!("{path}{text}{query}").into_bytes();
    let request = Request { path_and_query, ..probe.base().clone() };
    Ok((probe.ask(request, &text).await?, planted))
}
