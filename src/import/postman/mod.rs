//! Postman collections 2.0 and 2.1, with environments.

mod auth;
mod body;
mod variables;

use serde_json::Value;

use super::address;
use super::document;
use super::error::{Fault, ImportError};
use super::format::Format;
use super::headers;
use super::operation::{Imported, Operation, known_method};
use super::options::Options;
use super::text::Text;
use variables::Variables;

/// Folders inside folders.
const MAX_DEPTH: usize = 30;

/// Reads a collection.
pub(super) fn import(name: &str, root: &Value, options: &Options) -> Result<Imported, ImportError> {
    // The API wraps it once more.
    let root = root.get("collection").filter(|inner| inner.get("item").is_some()).unwrap_or(root);
    let Some(items) = root.get("item").and_then(Value::as_array) else {
        let fault = if root.get("values").is_some() {
            Fault::new(name, "is an environment")
                .cure("import the collection, and give this with --environment")
        } else if root.get("requests").is_some() {
            Fault::new(name, "is a collection of version 1").cure("export it as version 2.1")
        } else {
            Fault::new(name, "has no list `item`").cure("export the collection as version 2.1")
        };
        return Err(fault.into());
    };
    let mut imported = Imported::new(Format::Postman);
    imported.title = root.pointer("/info/name").and_then(Value::as_str).map(str::to_owned);
    let schema = root.pointer("/info/schema").and_then(Value::as_str).unwrap_or_default();
    imported.version =
        schema.split("/v").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned);
    let mut variables = Variables::default();
    for environment in &options.environments {
        let text = super::read::small_file(environment)?;
        let name = environment.display().to_string();
        let root = document::parse(&name, &text)?;
        if !variables.environment(&root) {
            return Err(Fault::new(&name, "has no list `values`: it is no environment").into());
        }
    }
    variables.collection(root);
    let mut reading = Reading { name, variables, imported: &mut imported };
    reading.scripts(root, "");
    let auth = root.get("auth");
    reading.items(items, "/item", &Folder { tags: Vec::new(), auth }, 0);
    let (list, secrets) = reading.variables.into_used();
    imported.variables = list;
    imported.secrets = secrets;
    super::hosts::settle(&mut imported, options);
    imported.origin = imported.origin.or_else(|| options.origin());
    Ok(imported)
}

/// What a folder says for everything in it.
struct Folder<'a> {
    tags: Vec<String>,
    auth: Option<&'a Value>,
}

struct Reading<'a> {
    name: &'a str,
    variables: Variables,
    imported: &'a mut Imported,
}

impl Reading<'_> {
    fn warn(&mut self, pointer: &str, text: impl Into<String>) {
        self.imported.warn(format!("{}#{pointer}", self.name), text);
    }

    fn items(&mut self, items: &[Value], pointer: &str, folder: &Folder<'_>, depth: usize) {
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            let name = item.get("name").and_then(Value::as_str).unwrap_or("request");
            self.scripts(item, &pointer);
            let auth = item.get("auth").filter(|auth| !auth.is_null()).or(folder.auth);
            if let Some(inner) = item.get("item").and_then(Value::as_array) {
                if depth >= MAX_DEPTH {
                    self.warn(&pointer, format!("folders are nested {MAX_DEPTH} deep; left out"));
                    continue;
                }
                let mut tags = folder.tags.clone();
                tags.push(name.to_owned());
                self.items(inner, &format!("{pointer}/item"), &Folder { tags, auth }, depth + 1);
                continue;
            }
            match self.operation(name, item, auth, &pointer) {
                Ok(mut operation) => {
                    operation.tags.clone_from(&folder.tags);
                    self.imported.operations.push(operation);
                }
                Err(text) => self.warn(&pointer, format!("`{name}`: {text}; left out")),
            }
        }
    }

    /// Scripts are JavaScript with Postman's own library: told, not run.
    fn scripts(&mut self, of: &Value, pointer: &str) {
        let events = of.get("event").and_then(Value::as_array);
        for event in events.into_iter().flatten() {
            let exec = event.pointer("/script/exec");
            let has_code = match exec {
                Some(Value::Array(lines)) => {
                    lines.iter().filter_map(Value::as_str).any(|line| !line.trim().is_empty())
                }
                Some(Value::String(text)) => !text.trim().is_empty(),
                _ => false,
            };
            if has_code {
                let when = event.get("listen").and_then(Value::as_str).unwrap_or("its");
                let text = format!(
                    "the {when} script is not run; write what it checks as `checks`, what it keeps as `extract`"
                );
                self.warn(pointer, text);
            }
        }
    }

    fn operation(
        &mut self,
        name: &str,
        item: &Value,
        auth: Option<&Value>,
        pointer: &str,
    ) -> Result<Operation, String> {
        let request = item.get("request").ok_or("has no `request`")?;
        let url = if request.is_string() { Some(request) } else { request.get("url") };
        let url = url.ok_or("has no `url`")?;
        let method = request.get("method").and_then(Value::as_str).unwrap_or("GET");
        let method = method.trim().to_ascii_uppercase();
        known_method(&method)?;
        let (origin, path) = self.place(url)?;
        let mut operation = Operation::new(name, &method, path);
        operation.origin = origin;
        let description = request.get("description");
        operation.summary = description
            .and_then(|text| text.as_str().or_else(|| text.get("content")?.as_str()))
            .and_then(|text| text.trim().lines().next().map(str::to_owned));
        self.headers(request, &mut operation, pointer);
        match body::read(request, &mut operation, &mut self.variables) {
            Ok(()) => {}
            Err(text) => self.warn(pointer, format!("`{name}`: {text}")),
        }
        let own = request.get("auth").filter(|auth| !auth.is_null()).or(auth);
        if let Some(auth) = own
            && let Err(text) = auth::apply(auth, &mut operation, &mut self.variables)
        {
            self.warn(pointer, format!("`{name}`: {text}; it is sent without"));
        }
        Ok(operation)
    }

    fn headers(&mut self, request: &Value, operation: &mut Operation, pointer: &str) {
        let listed = request.get("header").and_then(Value::as_array);
        for header in listed.into_iter().flatten().filter(|header| is_on(header)) {
            let Some(key) = header.get("key").and_then(Value::as_str).filter(|key| !key.is_empty())
            else {
                continue;
            };
            let value = header.get("value").and_then(Value::as_str).unwrap_or_default();
            let value = self.variables.line(value.trim());
            if !headers::add(operation, key.trim(), value) {
                self.warn(pointer, format!("header `{key}` cannot be sent, left out"));
            }
        }
    }

    /// Origin and path. Variables in the host are put in, for a plan's host is fixed.
    fn place(&mut self, url: &Value) -> Result<(Option<String>, Text), String> {
        let raw = url.as_str().or_else(|| url.get("raw")?.as_str());
        let raw = raw.map_or_else(|| from_parts(url), str::to_owned);
        if raw.trim().is_empty() {
            return Err("its URL is empty".to_owned());
        }
        let (host, rest) = self.variables.split_host(raw.trim());
        let mut path = Text::default();
        path.push("/");
        let rest = rest.split('#').next().unwrap_or_default();
        let (before_query, query) =
            rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(q)));
        for (index, segment) in before_query.trim_start_matches('/').split('/').enumerate() {
            path.push(if index > 0 { "/" } else { "" });
            let own = segment.strip_prefix(':').filter(|name| !name.is_empty());
            match own {
                Some(name) => path.append(&self.path_variable(name, url)),
                None => path.append(&self.variables.url(segment).map(address::encoded)),
            }
        }
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            path.push("?");
            path.append(&self.variables.url(query).map(address::encoded));
        }
        if host.is_empty() {
            return Ok((None, path));
        }
        let with_scheme = if host.contains("://") { host } else { format!("http://{host}") };
        let (origin, base) = address::split(&with_scheme)?;
        let mut full = Text::literal(base.trim_end_matches('/'));
        full.append(&path);
        Ok((Some(origin), full))
    }

    /// `:id` with the value that the URL lists for it.
    fn path_variable(&mut self, name: &str, url: &Value) -> Text {
        let listed = url.get("variable").and_then(Value::as_array);
        let value = listed.into_iter().flatten().find(|one| {
            one.get("key").or_else(|| one.get("id")).and_then(Value::as_str) == Some(name)
        });
        let value = value.and_then(|one| one.get("value")).map(plain).unwrap_or_default();
        if value.contains("{{") {
            return self.variables.url(&value).map(address::encoded);
        }
        let value = if value.is_empty() { "1".to_owned() } else { value };
        self.variables.named(name, Text::literal(address::segment(&value)))
    }
}

/// Whether something in a list was not switched off.
fn is_on(of: &Value) -> bool {
    of.get("disabled").and_then(Value::as_bool) != Some(true)
}

/// A scalar without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A URL from protocol, host, path and query.
fn from_parts(url: &Value) -> String {
    let joined = |key: &str, separator: &str| match url.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().map(plain).collect::<Vec<_>>().join(separator),
        _ => String::new(),
    };
    let protocol = url.get("protocol").map(plain).filter(|text| !text.is_empty());
    let protocol = protocol.map(|protocol| format!("{}://", protocol.trim_end_matches("://")));
    let port = url.get("port").map(plain).filter(|port| !port.is_empty());
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let listed = url.get("query").and_then(Value::as_array);
    let query: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter(|pair| is_on(pair))
        .map(|pair| {
            let of = |key: &str| pair.get(key).map(plain).unwrap_or_default();
            format!("{}={}", of("key"), of("value"))
        })
        .collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let host = joined("host", ".");
    format!("{}{host}{port}/{}{query}", protocol.unwrap_or_default(), joined("path", "/"))
}
