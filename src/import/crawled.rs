//! What a crawl found, as a plan: one request for each node of the site model.

use std::collections::BTreeMap;

use url::Url;

use super::bodies;
use super::error::ImportError;
use super::format::Format;
use super::headers;
use super::hosts;
use super::operation::{Body, Imported, Login, Operation, Order};
use super::options::Options;
use super::text::Text;
use super::variables::Variables;
use crate::model::{OperationSource, SiteNode, inert, plural};

/// Said by the crawler of what it sends itself, not by the page.
const OWN: [&str; 3] = ["cookie", "authorization", "accept"];

/// What a crawl gives to a plan.
#[derive(Debug, Clone, Copy)]
pub struct Crawl<'a> {
    /// Where it began.
    pub start: &'a str,
    /// What it found.
    pub nodes: &'a [SiteNode],
    /// How often what is asked for in reality; without it, what many pages link to is asked for
    /// often.
    pub log: Option<&'a Imported>,
    /// Who looked at the site.
    pub login: Option<&'a Login>,
}

/// The plan's requests, weighted, with a word on where each was found.
///
/// # Errors
/// [`ImportError`] if there is nothing that a plan could hold.
pub fn of_crawl(crawl: Crawl<'_>, options: &Options) -> Result<Imported, ImportError> {
    let mut imported = Imported::new(Format::Crawl);
    imported.title = Some(inert(crawl.start, 200));
    imported.order = Order::Draw;
    imported.login = crawl.login.cloned();
    let mut variables = Variables::default();
    let hits = crawl.log.map(|log| Hits::of(log, crawl.nodes));
    for (index, node) in crawl.nodes.iter().enumerate() {
        match operation(node, &mut variables) {
            Ok(mut operation) => {
                operation.weight = match &hits {
                    Some(hits) => hits.of_node(index),
                    None => node.links.max(1),
                };
                imported.operations.push(operation);
            }
            Err(told) => {
                let at = format!("{} {}", node.method, node.path_template);
                imported.warn(at, format!("{told}; left out"));
            }
        }
    }
    imported.variables = variables.into_list();
    if let Some(hits) = hits {
        hits.tell(&mut imported);
    }
    hosts::settle(&mut imported, options);
    super::read::finish(crawl.start, options, &mut imported)?;
    Ok(imported)
}

fn operation(node: &SiteNode, variables: &mut Variables) -> Result<Operation, String> {
    super::operation::known_method(&node.method)?;
    let mut operation = Operation::of_url(&node.method, &node.example.url)?;
    operation.name = name_of(node);
    if let Some(path) = templated(node, variables) {
        operation.path = path;
    }
    for (name, value) in &node.example.headers {
        if !OWN.contains(&name.to_ascii_lowercase().as_str()) {
            headers::add(&mut operation, name, Text::literal(value.as_str()));
        }
    }
    operation.body = body(node, &mut operation)?;
    operation.summary = Some(story(node));
    if !operation.is_unsafe {
        operation.off = reason_for_off(node);
    }
    Ok(operation)
}

/// Method and path without values, which is what people call it.
fn name_of(node: &SiteNode) -> String {
    let words: Vec<&str> = node
        .path_template
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| if segment == "{}" { "id" } else { segment })
        .collect();
    let path = if words.is_empty() { "home".to_owned() } else { words.join("-") };
    format!("{}-{path}", node.method.to_ascii_lowercase())
}

/// The example's path, with a variable for each value that the template leaves open.
fn templated(node: &SiteNode, variables: &mut Variables) -> Option<Text> {
    let url = Url::parse(&node.example.url).ok()?;
    let (template, path) = (node.path_template.split('/'), url.path().split('/'));
    let pairs: Vec<(&str, &str)> = template.clone().zip(path.clone()).collect();
    if template.count() != path.count() {
        return None;
    }
    let mut out = Text::default();
    let mut before = "path";
    for (index, (open, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            out.push("/");
        }
        match open.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !value.is_empty() => {
                let name = if name.is_empty() { "id" } else { name };
                out.append(&variables.refer(name, before, Text::literal(value)));
            }
            _ => out.push(value),
        }
        if !value.is_empty() {
            before = open;
        }
    }
    // What pairs cannot tell of the query stays in the path; of_url has put it there.
    (url.query().is_none_or(|query| bodies::form(query).is_some())).then_some(out)
}

fn body(node: &SiteNode, operation: &mut Operation) -> Result<Option<Body>, String> {
    if node.example.body.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(&node.example.body)
        .map_err(|_| "what it sends is no text, and a plan has room for text only".to_owned())?;
    let media_type = node.example.header("content-type").unwrap_or_default();
    Ok(bodies::of_text(text, media_type, operation))
}

/// Where it was found, how often, and what came of it.
fn story(node: &SiteNode) -> String {
    let mut parts = Vec::new();
    match (&node.found_on, &node.found_as) {
        (Some(page), Some(how)) => parts.push(format!("found on {} as {how}", short(page))),
        (Some(page), None) => parts.push(format!("found on {}", short(page))),
        (None, Some(how)) => parts.push(format!("found by {how}")),
        (None, None) => parts.push(match node.source {
            OperationSource::Spec => "from a description".to_owned(),
            OperationSource::Plan => "from the plan".to_owned(),
            OperationSource::Crawl => "where the crawl began".to_owned(),
            OperationSource::Browser => "shown in a browser".to_owned(),
        }),
    }
    if node.links > 1 {
        parts.push(format!("{} links", node.links));
    }
    match (&node.answer, &node.skipped) {
        (Some(answer), _) => parts.push(format!("answered {}", answer.status)),
        (None, Some(reason)) => parts.push(format!("not sent: {reason}")),
        (None, None) => parts.push("no answer".to_owned()),
    }
    parts.join("; ")
}

/// The page without its origin, which the plan says once.
fn short(page: &str) -> String {
    let path = Url::parse(page).map(|url| {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    });
    inert(&path.unwrap_or_else(|_| page.to_owned()), 80)
}

/// Load would count an error that was there before.
fn reason_for_off(node: &SiteNode) -> Option<String> {
    if node.reached {
        return None;
    }
    Some(match (&node.answer, &node.skipped) {
        (_, Some(reason)) => format!("left alone by the crawl: {reason}"),
        (Some(answer), None) => format!("answered {} in the crawl", answer.status),
        (None, None) => "gave no answer in the crawl".to_owned(),
    })
}

/// How often each node is asked for, by a log.
struct Hits {
    by_node: BTreeMap<usize, u64>,
    unknown: u64,
}

impl Hits {
    fn of(log: &Imported, nodes: &[SiteNode]) -> Self {
        let mut hits = Self { by_node: BTreeMap::new(), unknown: 0 };
        let names: Vec<Vec<String>> = nodes.iter().map(query_names).collect();
        for logged in &log.operations {
            let path = logged.path.template();
            let path = path.split(['?', '#']).next().unwrap_or_default();
            let has = |name: &str| logged.query.iter().any(|(own, _)| own == name);
            let candidates = nodes.iter().enumerate().filter(|(_, node)| {
                node.method == logged.method && covers(&node.path_template, path)
            });
            // The one whose parameters are most like what was asked for.
            let best = candidates.max_by_key(|(index, node)| {
                let known = &names[*index];
                let shared = known.iter().filter(|name| has(name)).count();
                let apart = known.len() + logged.query.len() - 2 * shared;
                (
                    std::cmp::Reverse(apart),
                    literal_segments(&node.path_template),
                    std::cmp::Reverse(*index),
                )
            });
            match best {
                Some((index, _)) => *hits.by_node.entry(index).or_insert(0) += logged.weight,
                None => hits.unknown += logged.weight,
            }
        }
        hits
    }

    /// What nobody asked for is asked for as rarely as can be.
    fn of_node(&self, index: usize) -> u64 {
        self.by_node.get(&index).copied().unwrap_or(1).max(1)
    }

    fn tell(&self, imported: &mut Imported) {
        if self.unknown > 0 {
            let count = plural(self.unknown, "request goes", "requests go");
            imported.warn("access log", format!("{count} to nothing that the crawl found"));
        }
    }
}

fn query_names(node: &SiteNode) -> Vec<String> {
    let url = Url::parse(&node.example.url).ok();
    let names = url.iter().flat_map(|url| url.query_pairs().map(|(name, _)| name.into_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

fn literal_segments(template: &str) -> usize {
    template.split('/').filter(|segment| !segment.starts_with('{')).count()
}

/// Whether a path is one of the template's.
fn covers(template: &str, path: &str) -> bool {
    let (open, given) = (template.split('/'), path.split('/'));
    open.clone().count() == given.clone().count()
        && open.zip(given).all(|(open, given)| {
            open == given || open.starts_with('{') && open.ends_with('}') && !given.is_empty()
        })
}
