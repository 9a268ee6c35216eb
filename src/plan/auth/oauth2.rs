//! Tokens of OAuth 2.0.

use super::super::aim;
use super::super::document::{Node, Value};
use super::super::error::Problem;
use super::super::reader::{Fields, Keys, Reader};
use super::Login;
use super::optional;
use super::required;
use crate::flow::auth::ClientAuth;
use crate::flow::auth::OAuth2;
use crate::flow::auth::TokenRequest;
use crate::model::Origin;

pub(in crate::plan) const OAUTH2: Keys = Keys {
    of: "`oauth2`",
    known: &[
        "token_url",
        "client_id",
        "client_secret",
        "scope",
        "user",
        "password",
        "client_auth",
        "extra",
    ],
    later: &[],
};

/// What applies a token calls it.
pub(super) const TOKEN: &str = "access_token";

pub(super) fn oauth2(node: &Node, around: &Login<'_>, reader: &mut Reader) -> Option<OAuth2> {
    let fields = reader.fields(node, &node.at, &OAUTH2)?;
    let place = reader.require(&fields, "token_url").and_then(|node| place(node, around, reader));
    let client_id = required(&fields, "client_id", reader);
    let client_secret = optional(&fields, "client_secret", reader);
    let scope = scope(&fields, reader);
    let (user, password) =
        (optional(&fields, "user", reader), optional(&fields, "password", reader));
    let user = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => {
            let text = "a token for a user needs `user` and `password`; one for the client neither";
            reader.problem(&node.at, text);
            None
        }
    };
    let client_auth = fields.get("client_auth").and_then(|node| {
        let words = [("basic", ClientAuth::Basic), ("body", ClientAuth::Body)];
        reader.choice(node, "way for a client to show itself", words)
    });
    let extra = fields.get("extra").map(|node| extra(node, reader)).unwrap_or_default();
    let token = reader.names.variable(TOKEN)?;
    let (origin, path_and_query) = place?;
    let client_auth = client_auth.unwrap_or(ClientAuth::Basic);
    Some(OAuth2 {
        endpoint: TokenRequest { origin, path_and_query, client_auth, extra },
        client_id: client_id?,
        client_secret,
        scope,
        user,
        token,
    })
}

/// A path of the target or a URL, which scope must allow.
pub(super) fn place(
    node: &Node,
    around: &Login<'_>,
    reader: &mut Reader,
) -> Option<(Origin, String)> {
    let target = around.around.targets.default_one();
    let place = reader.parsed(node, "a path or a URL", |text| aim::destination(text, target))?;
    if let Err(refusal) = around.around.scope.judge(&place.0, &place.1) {
        let problem = Problem::new(node.at.clone(), format!("out of scope: {refusal}"));
        reader.problems.push(problem.refused());
    }
    Some(place)
}

/// One text, or a list of words.
fn scope(fields: &Fields<'_>, reader: &mut Reader) -> Option<String> {
    let node = fields.get("scope")?;
    if let Value::List(_) = node.value {
        let words: Vec<&str> =
            reader.texts(node, "scopes").into_iter().map(|(word, _)| word).collect();
        return Some(words.join(" "));
    }
    reader.text(node, "a text, or a list of scopes").map(str::to_owned)
}

fn extra(node: &Node, reader: &mut Reader) -> Vec<(String, String)> {
    let entries = reader.entries(node, "extra").unwrap_or_default();
    let pairs = entries.iter().filter_map(|entry| {
        Some((entry.key.clone(), reader.text(&entry.node, "a text")?.to_owned()))
    });
    pairs.collect()
}
