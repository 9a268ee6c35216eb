//! From a script's text to what it refers to.

use super::bindings::Bindings;
use super::chunks::chunks;
use super::joined::join;
use super::lists::lists;
use super::routes::routes;
use super::scene::Scene;
use super::token::{Token, tokens};
use crate::extract::references::References;
use crate::extract::references::css::source_map;
use crate::extract::references::html::MAX_DEPTH;
use crate::extract::references::text::text_references;

/// What a script refers to.
pub(crate) fn script_references(text: &str) -> References {
    script_within(text, 0)
}

/// The same of a script that stands `depth` documents deep in others.
pub(crate) fn script_within(text: &str, depth: u32) -> References {
    let mut found = References::default();
    if depth > MAX_DEPTH {
        return found;
    }
    let tokens = tokens(text);
    for comment in &tokens.comments {
        source_map(comment, &mut found);
        found.extend(text_references(comment));
    }
    let list = &tokens.list;
    let bindings = Bindings::of(list);
    let mut at = 0;
    while at < list.len() {
        let Some(joined) = join(list, at, &bindings) else {
            at += 1;
            continue;
        };
        let next = joined.next.max(at + 1);
        Scene { list, at, bindings: &bindings, depth }.judge(&joined, &mut found);
        // What stands within the parts of a template or a call is not looked at again.
        at = next;
    }
    chunks(list, &bindings, &mut found);
    routes(list, &mut found);
    lists(list, &mut found);
    found.truncated |= tokens.truncated;
    found
}

/// Whether a token opens a bracket.
pub(super) fn opens(token: &Token<'_>) -> bool {
    matches!(token, Token::Sign(b'(' | b'[' | b'{'))
}

/// Whether a token closes one.
pub(super) fn closes(token: &Token<'_>) -> bool {
    matches!(token, Token::Sign(b')' | b']' | b'}'))
}

/// Behind the bracket that closes the one at `at`, or behind `within` tokens.
pub(super) fn behind_bracket(list: &[Token<'_>], at: usize, within: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in list[at..].iter().take(within).enumerate() {
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return at + offset + 1;
        }
    }
    list.len().min(at + within)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extract::references::{Against, Evidence};

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
        let expected = ["app.js.map", "/users/1", "/api/list", "/api/detail", "v2/things"];
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
    fn what_is_put_together_is_followed_as_far_as_it_is_known() {
        let script = r#"const API = "/api/v2"; const http = axios.create({ baseURL: "/rest" });
            fetch(API + "/orders"); fetch(`${API}/stock/${id}`); http.get("/items");
            fetch(base + "/end"); fetch(location.origin + "/own"); fetch('/a/' + 'b');
            new WebSocket("ws://" + location.host + "/live"); x.open("w", "_blank");
            h = '<a href="/markup">' + name; j = JSON.parse('{"a":"\/parsed"}');
            $('#x').load('/part #id'); "/r".concat("/s");"#;
        let list = script_references(script).list;
        let seen: Vec<_> = list.iter().map(|one| (one.text.as_str(), one.evidence)).collect();
        let (called, likely) = (Evidence::Called, Evidence::Likely);
        let expected = [
            ("/api/v2", Evidence::Weak),
            ("/rest", Evidence::Weak),
            ("/api/v2/orders", called),
            ("/api/v2/stock/1", likely),
            ("/rest/items", called),
            ("/end", Evidence::Weak),
            ("/own", likely),
            ("/a/b", called),
            ("/live", called),
            ("/markup", likely),
            ("/parsed", likely),
            ("/part", called),
            ("/r/s", likely),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn routes_chunks_lists_and_modules() {
        let routes = r#"[{path:"/a",children:[{path:"b",component:B},{path:"c",children:[{path:":d"}]}]},{path:"*"}]"#;
        assert_eq!(texts(routes), ["/a", "/a/b", "/a/c", "/a/c/1"]);
        let chunks =
            r#"r.p="/s/";r.u=e=>"js/"+({1:"cart",9:"css"}[e]||e)+"."+{1:"aa",2:"bb"}[e]+".js";"#;
        assert_eq!(texts(chunks)[1..], ["/s/js/cart.aa.js", "/s/js/2.bb.js"]);
        assert_eq!(
            texts("c.addAll(['/x/', '/y', 'shell-page', 'style'])"),
            ["/x/", "/y", "shell-page"]
        );
        let vite = r#"const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["assets/a.js","assets/b.css"])))=>i;"#;
        assert!(texts(vite).contains(&"/assets/a.js".to_owned()), "{:?}", texts(vite));
        let modules = script_references("import a from 'cart'; import('ui/x.js')").modules;
        assert_eq!(modules, ["cart", "ui/x.js"]);
        let url =
            script_references("new Worker(new URL('./w.js', import.meta.url)); new Worker('v.js')")
                .list;
        let seen: Vec<_> = url.iter().map(|one| (one.against, one.is_worker)).collect();
        assert_eq!(seen, [(Against::File, true), (Against::Page, true)]);
    }

    #[test]
    fn what_is_sent_is_read_where_it_is_written_out() {
        let bodies = |script: &str| -> Vec<Option<String>> {
            let list = script_references(script).list.into_iter();
            list.map(|one| one.body.map(|body| format!("{} {}", body.kind, body.text))).collect()
        };
        let json = |text: &str| Some(format!("application/json {text}"));
        assert_eq!(
            bodies(
                r#"fetch("/a", { method: "POST", headers: {}, body: JSON.stringify({ id: 7, to: who, on: true }) })"#
            ),
            [json(r#"{"id":7,"to":"1","on":true}"#)]
        );
        assert_eq!(
            bodies(r#"axios.post("/b", { title: "x", tags: ["y"] })"#),
            [json(r#"{"title":"x","tags":["y"]}"#)]
        );
        assert_eq!(
            bodies(r#"$.post("/c", { a: 1, b: "x y" })"#),
            [Some("application/x-www-form-urlencoded a=1&b=x+y".to_owned())]
        );
        assert_eq!(bodies(r#"axios.post("/d", form)"#), [None]);
        let graphql = "const q = `query A { a { id } }`; fetch('/graphql', { method: 'POST' })";
        let list = script_references(graphql).list;
        assert_eq!(list[1].text, "/graphql?query=%7B__typename%7D");
        assert_eq!(
            list[2].body.as_ref().map(|body| body.text.as_str()),
            Some(r#"{"query":"query A { a { id } }","variables":{}}"#)
        );
    }

    #[test]
    fn documents_within_documents_end() {
        let mut text = "fetch('/x')".to_owned();
        for _ in 0..12 {
            text = format!(
                "a = {}",
                serde_json::json!(format!(
                    "<a onclick=\"{}\">",
                    text.replace('&', "&amp;").replace('"', "&quot;")
                ))
            );
        }
        assert_eq!(texts(&text), Vec::<String>::new());
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
