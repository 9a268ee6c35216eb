//! Where a description says that its service is.

use super::documents::At;
use super::{Spec, Version};
use crate::import::address::{self, Base};

/// What the whole description says; nothing where it names none that can be used.
pub(super) fn of_root(spec: &Spec) -> Base {
    let root = spec.root();
    match spec.version {
        Version::Swagger2 => swagger2(&root),
        Version::OpenApi3 => first(spec, &root).unwrap_or_default(),
    }
}

/// What a path or an operation says instead.
pub(super) fn of(spec: &Spec, at: &At<'_>) -> Option<Base> {
    match spec.version {
        Version::Swagger2 => None,
        Version::OpenApi3 => first(spec, at),
    }
}

fn swagger2(root: &At<'_>) -> Base {
    let schemes = root.get("schemes").map(|schemes| schemes.items()).unwrap_or_default();
    let schemes: Vec<&str> = schemes.iter().filter_map(|scheme| scheme.value.as_str()).collect();
    let scheme =
        if schemes.contains(&"http") && !schemes.contains(&"https") { "http" } else { "https" };
    let path = root.text("basePath").unwrap_or_default();
    match root.text("host") {
        Some(host) => address::base(&format!("{scheme}://{host}{path}")).unwrap_or_default(),
        None => Base { origin: None, path: address::folder(path) },
    }
}

fn first(spec: &Spec, at: &At<'_>) -> Option<Base> {
    let servers = spec.items(at, "servers");
    let mut found = None;
    for server in servers {
        let Some(url) = server.text("url") else {
            spec.warn(&server, "a server without `url`, left out");
            continue;
        };
        let url = with_variables(spec, &server, url);
        match address::base(&url) {
            Ok(base) => {
                found.get_or_insert(base);
            }
            Err(message) => spec.warn(&server, format!("{message}; left out")),
        }
    }
    found
}

/// `{region}` by its default.
fn with_variables(spec: &Spec, server: &At<'_>, url: &str) -> String {
    let mut url = url.to_owned();
    for (name, variable) in spec.entries(server, "variables") {
        let Some(variable) = spec.resolved(&variable) else { continue };
        let default = variable.value.get("default").or_else(|| variable.value.get("enum")?.get(0));
        let default = default.map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
        if let Some(default) = default {
            url = url.replace(&format!("{{{name}}}"), &default);
        }
    }
    url
}
