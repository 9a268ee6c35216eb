//! Queries of JSON documents, in jq's language, and of HTML and XML documents, in `XPath`.

use jaq_core::Compiler;
use jaq_core::Ctx;
use jaq_core::Native;
use jaq_core::Vars;
use jaq_core::compile::Filter;
use jaq_core::data;
use jaq_core::load::Arena;
use jaq_core::load::File;
use jaq_core::load::Loader;
use jaq_core::unwrap_valr;
use jaq_json::Val;

pub(super) use crate::extract::XPath as PathQuery;

/// Words that make a query endless, huge, or look at this machine.
const REFUSED: [&str; 20] = [
    "def",
    "import",
    "include",
    "repeat",
    "while",
    "until",
    "recurse",
    "range",
    "infinite",
    "env",
    "input",
    "inputs",
    "debug",
    "stderr",
    "halt",
    "halt_error",
    "combinations",
    "limit",
    "getpath",
    "splits",
];

/// A query is at most this long, in bytes.
const MAX_QUERY: usize = 4096;

/// A document larger than this is not queried, in bytes.
const MAX_DOCUMENT: usize = 4 << 20;

/// A query in jq's language, checked; it is compiled when it is asked.
#[derive(Debug)]
pub(super) struct JsonQuery {
    code: String,
}

impl JsonQuery {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(code: &str) -> Result<Self, String> {
        if code.len() > MAX_QUERY {
            return Err(format!("the query is longer than {MAX_QUERY} bytes"));
        }
        let words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if let Some(word) = words.into_iter().find(|word| REFUSED.contains(word)) {
            return Err(format!(
                "queries cannot use `{word}`: it may never end or looks elsewhere"
            ));
        }
        // Newer dialects write `.a[1].[]` for `.a[1][]`.
        let code = code.replace("].[", "][");
        let is_query = jaq_core::load::parse(&code, |parser| parser.term()).is_some();
        if !is_query {
            return Err(format!("`{code}` is no query in jq's language"));
        }
        Ok(Self { code })
    }
}

/// What the queries find in a document, at most `limit` values: texts as they are, all else as JSON,
/// nothing for null.
pub(super) fn json_values(queries: &[JsonQuery], document: &[u8], limit: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if document.len() > MAX_DOCUMENT
        || serde_json::from_slice::<serde::de::IgnoredAny>(document).is_err()
    {
        return found;
    }
    let Ok(value) = jaq_json::read::parse_single(document) else { return found };
    for query in queries {
        let Some(filter) = compiled(&query.code) else { continue };
        let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
        let outputs = filter.id.run((context, value.clone())).map(unwrap_valr);
        for output in outputs.take(limit.saturating_sub(found.len())) {
            let Ok(output) = output else { break };
            found.push(text(&output));
        }
    }
    found
}

/// The program, with the functions that only look at their input.
fn compiled(code: &str) -> Option<Filter<Native<data::JustLut<Val>>>> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::base_funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(defs).load(&arena, File { code, path: () }).ok()?;
    Compiler::default().with_funs(funs).compile(modules).ok()
}

fn text(value: &Val) -> Vec<u8> {
    match value {
        Val::Null => Vec::new(),
        Val::TStr(text) | Val::BStr(text) => text.to_vec(),
        other => other.to_string().into_bytes(),
    }
}
