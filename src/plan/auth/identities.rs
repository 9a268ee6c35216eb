//! Named users.

use super::super::document::{Entry, Node};
use super::super::names::is_name;
use super::super::reader::{Fields, Keys, Reader};
use super::super::slots::RESERVED;
use crate::flow::Variable;
use crate::flow::auth::Identity;
use crate::flow::auth::Totp;
use crate::flow::auth::TotpHash;

pub(in crate::plan) const IDENTITY: Keys =
    Keys { of: "an identity", known: &["auth", "role", "vars", "totp"], later: &[] };

pub(in crate::plan) const TOTP: Keys =
    Keys { of: "`totp`", known: &["secret", "algorithm", "digits", "period"], later: &[] };

/// Words in the name of a value that no report shows.
const SECRET_WORDS: [&str; 6] = ["pass", "pwd", "secret", "token", "key", "pin"];

pub(super) fn identity(entry: &Entry, auths: &[&str], reader: &mut Reader) -> Option<Identity> {
    let named = reader.name(entry, "an identity");
    let fields = reader.fields(&entry.node, &entry.key_at, &IDENTITY)?;
    let auth = reader.require(&fields, "auth").and_then(|node| {
        let name = reader.text(node, "the name of an auth")?;
        let index = auths.iter().position(|known| *known == name);
        if index.is_none() {
            reader.unknown(&node.at, "auth", name, auths.iter().copied());
        }
        index
    });
    let role = fields.get("role").and_then(|node| reader.text(node, "a word"));
    let role = role.map(str::to_owned);
    let vars = fields.get("vars").map(|node| vars(node, reader)).unwrap_or_default();
    let totp = fields.get("totp").and_then(|node| totp(node, reader));
    let auth = auth?;
    let sounds_secret = |variable: &Variable| {
        let name = reader.names.name(*variable).to_ascii_lowercase();
        SECRET_WORDS.iter().any(|word| name.contains(word))
    };
    let hidden = vars.iter().map(|(variable, _)| *variable).filter(sounds_secret).collect();
    named.then(|| Identity { name: entry.key.clone(), auth, role, vars, hidden, totp })
}

fn vars(node: &Node, reader: &mut Reader) -> Vec<(Variable, String)> {
    let mut vars = Vec::new();
    for Entry { key, key_at, node } in reader.entries(node, "vars").unwrap_or_default() {
        if !is_name(key) || RESERVED.contains(&key.as_str()) {
            let text = format!("`{key}` cannot be the name of a value");
            let help = "a name has letters, digits, `_` and `-`; `vu`, `iteration` and `canary` have their own meaning";
            reader.problem_with_help(key_at, text, help);
            continue;
        }
        let Some(text) = reader.text(node, "a text, a number, true or false") else { continue };
        match reader.names.variable(key) {
            Some(variable) => vars.push((variable, text.to_owned())),
            None => reader.problem(key_at, "the plan names too many values: 1000 are taken"),
        }
    }
    vars
}

/// A secret in base32, alone or with what else there is to say.
pub(super) fn totp(node: &Node, reader: &mut Reader) -> Option<Totp> {
    if node.scalar().is_some() {
        return reader.parsed(node, "a secret in base32", secret);
    }
    let fields = reader.fields(node, &node.at, &TOTP)?;
    let totp = reader.require(&fields, "secret");
    let totp = totp.and_then(|node| reader.parsed(node, "a secret in base32", secret));
    let hash = fields.get("algorithm").and_then(|node| algorithm(node, reader));
    let mut number = |fields: &Fields<'_>, key: &str, expected: &str, from: u64, to: u64| {
        fields
            .get(key)
            .and_then(|node| reader.number(node, expected, |n: u64| (from..=to).contains(&n)))
    };
    let digits = number(&fields, "digits", "6, 7 or 8", 6, 8).unwrap_or(6);
    let period = number(&fields, "period", "a number of seconds from 1 to 3600", 1, 3600);
    let digits = u32::try_from(digits).expect("at most 8");
    Some(totp?.with(hash.unwrap_or(TotpHash::Sha1), digits, period.unwrap_or(30)))
}

fn algorithm(node: &Node, reader: &mut Reader) -> Option<TotpHash> {
    let word = reader.text(node, "SHA1 or SHA256")?;
    let plain: String =
        word.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let found = TotpHash::ALL.iter().find(|(name, _)| *name == plain);
    if found.is_none() {
        reader.unknown(&node.at, "algorithm", word, TotpHash::ALL.iter().map(|(name, _)| *name));
    }
    found.map(|(_, hash)| *hash)
}

/// What is wrong says nothing of the secret.
fn secret(text: &str) -> Result<Totp, String> {
    Totp::new(text).map_err(|error| format!("the secret is {error}"))
}
