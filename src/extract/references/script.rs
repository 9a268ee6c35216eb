//! Scripts: what they ask for, as far as it can be read without running them.
//!
//! A string is an address where it looks like one (`"/api/users"`), or where what stands around it
//! says so: an argument of a call that fetches (`fetch("users")`), a member with a telling name
//! (`url: "users"`), something that is assigned to an address (`location.href = "users"`). What is put
//! together from parts has samples for the values that are not known: `"/items/" + id`.

use super::css::source_map;
use super::text::{has_page_extension, looks_like_path, looks_like_relative, looks_like_url};
use super::token::{Token, tokens};
use super::{Against, Evidence, References, SAMPLE};

/// Calls whose first argument is an address; where the name is the method, it says which.
const CALLS: [(&str, Option<&str>); 29] = [
    ("fetch", None),
    ("axios", None),
    ("ajax", None),
    ("get", None),
    ("getJSON", None),
    ("getScript", None),
    ("load", None),
    ("head", None),
    ("post", Some("POST")),
    ("put", Some("PUT")),
    ("patch", Some("PATCH")),
    ("delete", Some("DELETE")),
    ("request", None),
    ("sendBeacon", Some("POST")),
    ("Request", None),
    ("URL", None),
    ("EventSource", None),
    ("WebSocket", None),
    ("Worker", None),
    ("SharedWorker", None),
    ("register", None),
    ("importScripts", None),
    ("import", None),
    ("assign", None),
    ("replace", None),
    ("open", None),
    ("navigate", None),
    ("redirect", None),
    ("goto", None),
];

/// Calls with so common a name that only what looks like an address is one.
const COMMON: [&str; 8] =
    ["get", "delete", "put", "head", "replace", "load", "request", "register"];

/// Of these, the address is a script's.
const SCRIPTS: [&str; 5] = ["Worker", "SharedWorker", "register", "importScripts", "import"];

/// Members and variables that hold addresses.
const NAMES: [&str; 20] = [
    "url",
    "uri",
    "href",
    "src",
    "action",
    "path",
    "to",
    "route",
    "endpoint",
    "baseURL",
    "baseUrl",
    "location",
    "link",
    "redirect",
    "redirectTo",
    "templateUrl",
    "api",
    "pathname",
    "icon",
    "page",
];

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Tokens behind an address in which its method is looked for.
const OPTIONS_WITHIN: usize = 60;

/// Parts that an address may be put together from.
const MAX_PARTS: usize = 16;

/// What a script refers to.
pub(crate) fn script_references(text: &str) -> References {
    let mut found = References::default();
    let tokens = tokens(text);
    for comment in &tokens.comments {
        source_map(comment, &mut found);
        found.extend(super::text::text_references(comment));
    }
    let list = &tokens.list;
    let mut at = 0;
    while at < list.len() {
        let Token::Text(_) = &list[at] else {
            at += 1;
            continue;
        };
        let (address, next) = put_together(list, at);
        Scene { list, at, next }.judge(&address, &mut found);
        at = next;
    }
    found.truncated |= tokens.truncated;
    found
}

/// A text, and what is added to it: `"/items/" + id + "/reviews"`. Where it goes on is the second.
fn put_together(list: &[Token<'_>], start: usize) -> (String, usize) {
    let mut address = String::new();
    let mut at = start;
    for _ in 0..MAX_PARTS {
        match list.get(at) {
            Some(Token::Text(parts)) => address.push_str(&parts.join(SAMPLE)),
            Some(Token::Word(_) | Token::Other) => {
                address.push_str(SAMPLE);
                at = behind_value(list, at);
                match list.get(at) {
                    Some(Token::Sign(b'+')) => at += 1,
                    _ => return (address, at),
                }
                continue;
            }
            _ => return (address, at),
        }
        at += 1;
        match list.get(at) {
            Some(Token::Sign(b'+')) => at += 1,
            _ => return (address, at),
        }
    }
    (address, at)
}

/// Behind `a.b`, `a.b(c)` or `a[b]`.
fn behind_value(list: &[Token<'_>], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match list.get(at) {
            Some(Token::Sign(b'.')) if matches!(list.get(at + 1), Some(Token::Word(_))) => at += 2,
            Some(Token::Sign(open @ (b'(' | b'['))) => {
                let close = if *open == b'(' { b')' } else { b']' };
                let mut depth = 0_usize;
                for (offset, token) in list[at..].iter().take(OPTIONS_WITHIN).enumerate() {
                    match token {
                        Token::Sign(sign) if sign == open => depth += 1,
                        Token::Sign(sign) if *sign == close => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        at += offset + 1;
                        break;
                    }
                }
                if depth > 0 {
                    return at;
                }
            }
            _ => return at,
        }
    }
}

/// A text among the tokens.
struct Scene<'l, 't> {
    list: &'l [Token<'t>],
    at: usize,
    next: usize,
}

/// What stands around a text says of it.
#[derive(Default)]
struct Role {
    is_address: bool,
    is_common: bool,
    is_script: bool,
    method: Option<&'static str>,
}

impl Scene<'_, '_> {
    fn judge(&self, address: &str, found: &mut References) {
        let role = self.role();
        // The first argument of `open(method, address)`.
        if known_method(address).is_some() {
            return;
        }
        let looks = looks_like_url(address) || looks_like_path(address);
        let relative = looks_like_relative(address);
        // A module's name is no address, and a word in a common call is a key of a map.
        let is_page = address.split(['?', '#']).next().is_some_and(has_page_extension);
        let is_named = role.is_address && (!role.is_common && is_plain(address) || relative);
        if self.is_module() && !address.starts_with(['.', '/']) {
            return;
        }
        if !(looks || is_named || relative && is_page) {
            return;
        }
        let against = if role.is_script && address.starts_with('.') || self.is_module() {
            Against::File
        } else {
            Against::Page
        };
        if let Some(place) = found.add(address, Evidence::Likely, against) {
            found.list[place].method = role.method;
        }
    }

    fn before(&self, back: usize) -> Option<&Token<'_>> {
        self.at.checked_sub(back).and_then(|at| self.list.get(at))
    }

    fn word(&self, back: usize) -> Option<&str> {
        match self.before(back) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn sign(&self, back: usize) -> Option<u8> {
        match self.before(back) {
            Some(Token::Sign(sign)) => Some(*sign),
            _ => None,
        }
    }

    /// `import x from "…"`, `import("…")`, `require("…")`.
    fn is_module(&self) -> bool {
        let called = || self.sign(1) == Some(b'(');
        matches!(self.word(1), Some("from" | "import"))
            || called() && matches!(self.word(2), Some("import" | "require"))
    }

    fn role(&self) -> Role {
        match (self.sign(1), self.word(2)) {
            (Some(b'('), Some(name)) => self.called(name),
            // `.open("POST", "/x")`
            (Some(b','), _) if self.sign(3) == Some(b'(') && self.word(4) == Some("open") => {
                let method = match self.before(2) {
                    Some(Token::Text(parts)) => known_method(&parts.concat()),
                    _ => None,
                };
                Role { is_address: true, method: other_than_get(method), ..Role::default() }
            }
            (Some(b':' | b'='), Some(name)) => self.named(name),
            (Some(b':'), None) => match self.before(2) {
                Some(Token::Text(parts)) => self.named(&parts.concat()),
                _ => Role::default(),
            },
            _ => Role::default(),
        }
    }

    fn called(&self, name: &str) -> Role {
        let Some((name, method)) = CALLS.iter().find(|(known, _)| *known == name) else {
            return Role::default();
        };
        // `open("POST", …)` is judged at its second argument.
        let is_free = self.sign(3) != Some(b'.');
        let says = *method;
        let method = says.or_else(|| self.option("method")).or_else(|| self.option("type"));
        Role {
            is_address: true,
            is_common: COMMON.contains(name) && !(is_free && *name == "import"),
            is_script: SCRIPTS.contains(name),
            method: other_than_get(method.and_then(known_method)),
        }
    }

    fn named(&self, name: &str) -> Role {
        let is_address = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let method = || self.option("method").or_else(|| self.option("type"));
        Role {
            is_address,
            // `path: "name"` may be anything.
            is_common: !matches!(name, "url" | "href" | "action" | "templateUrl" | "endpoint"),
            method: other_than_get(if is_address { method().and_then(known_method) } else { None }),
            ..Role::default()
        }
    }

    /// The text of the member of that name in what follows, in the same brackets.
    fn option(&self, name: &str) -> Option<&str> {
        let mut depth = 0_i32;
        let behind = &self.list[self.next..];
        for (offset, token) in behind.iter().take(OPTIONS_WITHIN).enumerate() {
            match token {
                Token::Sign(b'(' | b'{' | b'[') => depth += 1,
                Token::Sign(b')' | b'}' | b']') if depth == 0 => return None,
                Token::Sign(b')' | b'}' | b']') => depth -= 1,
                Token::Sign(b';') => return None,
                _ => {}
            }
            let is_it = match token {
                Token::Word(word) => *word == name,
                Token::Text(parts) => parts.len() == 1 && parts[0] == name,
                _ => false,
            };
            if is_it
                && depth <= 1
                && let [Token::Sign(b':'), Token::Text(parts), ..] = &behind[offset + 1..]
                && let [text] = &parts[..]
            {
                return Some(text);
            }
        }
        None
    }
}

/// Nothing but characters of addresses, and one that says something.
fn is_plain(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    text.len() > 1 && text.chars().all(is_allowed) && text.chars().any(char::is_alphanumeric)
}

fn known_method(text: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(text))
}

fn other_than_get(method: Option<&'static str>) -> Option<&'static str> {
    method.filter(|method| *method != "GET")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(script: &str) -> Vec<(String, Option<&'static str>)> {
        let list = script_references(script).list.into_iter();
        list.map(|reference| (reference.text, reference.method)).collect()
    }

    fn texts(script: &str) -> Vec<String> {
        found(script).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn what_is_asked_for_with_its_method() {
        let script = r#"
            fetch("/api/a"); fetch("relative");
            fetch(`/api/items/${item.id}/reviews`, { headers: {}, method: "POST", body: b });
            const x = new XMLHttpRequest(); x.open("DELETE", "/api/b/" + this.id(1) + "/c");
            axios.put('/api/d', data); $.ajax({ url: "/api/e", type: 'PATCH' });
            $.getJSON("list.php?id=" + id, done); navigator.sendBeacon("/beacon");
            new EventSource("/events"); new WebSocket("wss://h/live"); location.href = "next.html";
            import("./chunk.js"); import z from "/module.js"; importScripts("worker2.js");"#;
        let expected = [
            ("/api/a", None),
            ("relative", None),
            ("/api/items/1/reviews", Some("POST")),
            ("/api/b/1/c", Some("DELETE")),
            ("/api/d", Some("PUT")),
            ("/api/e", Some("PATCH")),
            ("list.php?id=1", None),
            ("/beacon", Some("POST")),
            ("/events", None),
            ("wss://h/live", None),
            ("next.html", None),
            ("./chunk.js", None),
            ("/module.js", None),
            ("worker2.js", None),
        ];
        let expected: Vec<_> = expected.map(|(text, method)| (text.to_owned(), method)).into();
        assert_eq!(found(script), expected);
    }

    #[test]
    fn routes_and_tables_of_addresses() {
        let script = r#"const routes = [{ path: "/users/:id", component: U }, { path: 'about' }];
            const api = { list: "/api/list", "detail": "/api/detail" };
            window.CONFIG = {"endpoint":"v2/things"}; //# sourceMappingURL=app.js.map"#;
        let expected = ["app.js.map", "/users/:id", "/api/list", "/api/detail", "v2/things"];
        assert_eq!(texts(script), expected);
    }

    #[test]
    fn what_only_looks_like_an_address_is_none() {
        let script = r#"import React from "react"; import b from "lodash/fp"; require("fs/promises");
            map.get("key"); cache.delete("entry"); s.replace("a", "b/"); x = a / b / "c";
            type = "application/json"; t = "text/html"; d = "and/or"; re = /\/api\/x/;
            e = "</div>"; f = "a/b c"; g = "1/2"; "use strict"; h = "//"; i = "/"; j = "en-US";
            el.classList.add("btn/primary"); k = "M0/0L1/1"; l = "foo.bar"; path = "name";"#;
        assert_eq!(texts(script), Vec::<String>::new());
    }

    #[test]
    fn comments_name_addresses_too() {
        assert_eq!(
            texts("// see /old/api and TODO\n/* https://h/x */"),
            ["/old/api", "https://h/x"]
        );
    }

    proptest! {
        #[test]
        fn any_script_is_read(text in r#"(fetch\(|url:|"/a/"|\+|x|\(|\)|\{|\}|,|`/b/\$\{c\}`|method:|'POST'|\[|\]){0,40}"#) {
            let _ = script_references(&text);
        }
    }
}
