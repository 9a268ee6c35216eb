//! What a request needs to be let in, as references to secrets.

use serde_json::Value;

use super::documents::At;
use super::{Spec, Version};
use crate::import::headers;
use crate::import::operation::{Operation, Secret};
use crate::import::secrets::variable_name;
use crate::import::text::Text;

/// Where a credential goes.
enum Credential {
    Header(String, Text),
    Query(String, Text),
    Cookie(String, Text),
}

/// Adds what the operation at `at` needs: the first way in that is known whole.
pub(super) fn apply(
    spec: &Spec,
    at: &At<'_>,
    operation: &mut Operation,
    secrets: &mut Vec<Secret>,
) {
    let root = spec.root();
    let Some(ways) = at.get("security").or_else(|| root.get("security")) else { return };
    let ways = ways.items();
    // `{}` among them: it goes without.
    if ways.iter().any(|way| way.value.as_object().is_some_and(serde_json::Map::is_empty)) {
        return;
    }
    for way in &ways {
        let names: Vec<&str> = way.entries().into_iter().map(|(name, _)| name).collect();
        let found: Option<Vec<_>> = names.iter().map(|name| credential(spec, name)).collect();
        let Some(found) = found.filter(|found| !found.is_empty()) else { continue };
        for (credential, secret) in found {
            if !secrets.contains(&secret) {
                secrets.push(secret);
            }
            add(credential, operation);
        }
        operation.auth = names.into_iter().map(str::to_owned).collect();
        return;
    }
    if !ways.is_empty() {
        spec.warn(at, "needs a login of a kind that is not known; it is sent without");
    }
}

fn add(credential: Credential, operation: &mut Operation) {
    match credential {
        Credential::Header(name, value) => {
            operation.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(&name));
            operation.headers.push((name, value));
        }
        Credential::Query(name, value) => {
            operation.query.retain(|(own, _)| *own != name);
            operation.query.push((name, value));
        }
        Credential::Cookie(name, value) => {
            let own =
                operation.headers.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case("cookie"));
            let mut pair = Text::literal(format!("{name}="));
            pair.append(&value);
            match own {
                Some((_, cookies)) => {
                    cookies.push("; ");
                    cookies.append(&pair);
                }
                None => operation.headers.push(("Cookie".to_owned(), pair)),
            }
        }
    }
}

fn credential(spec: &Spec, name: &str) -> Option<(Credential, Secret)> {
    let root = spec.root();
    let schemes = match spec.version {
        Version::Swagger2 => root.get("securityDefinitions")?,
        Version::OpenApi3 => root.get("components")?.get("securitySchemes")?,
    };
    let scheme = spec.get(&schemes, name)?;
    let variable = variable_name(name);
    let with = |ending: &str| {
        if variable.ends_with(ending) { variable.clone() } else { format!("{variable}_{ending}") }
    };
    let secret = |name: String, purpose: &str| Secret::new(name, purpose);
    let header = |kind: &str, name: &str| {
        let mut value = Text::literal(format!("{kind} "));
        value.append(&Text::secret(name));
        Credential::Header("Authorization".to_owned(), value)
    };
    let http = scheme.text("scheme").unwrap_or_default().to_ascii_lowercase();
    match (scheme.text("type")?, http.as_str()) {
        ("apiKey", _) => {
            let parameter = scheme.value.get("name").and_then(Value::as_str)?.to_owned();
            let value = Text::secret(&variable);
            let secret = secret(variable.clone(), &format!("{} `{parameter}`", scheme.text("in")?));
            let credential = match scheme.text("in")? {
                "header" if headers::is_name(&parameter) => Credential::Header(parameter, value),
                "query" => Credential::Query(parameter, value),
                "cookie" => Credential::Cookie(parameter, value),
                _ => return None,
            };
            Some((credential, secret))
        }
        ("basic", _) | ("http", "basic") => {
            let name = with("BASIC");
            Some((header("Basic", &name), secret(name, "base64 of user:password")))
        }
        ("http", "bearer") | ("oauth2" | "openIdConnect", _) => {
            let name = with("TOKEN");
            Some((header("Bearer", &name), secret(name, "access token, as Authorization: Bearer")))
        }
        _ => None,
    }
}
