//! Route tables with routes within routes: `{ path: "/a", children: [{ path: "b" }] }`.

use super::read::{closes, opens};
use super::token::Token;
use crate::extract::references::{Against, Evidence, References};

/// Brackets within brackets that are followed.
const MAX_NESTED: usize = 200;

/// Adds what is relative to a route around it.
pub(super) fn routes(list: &[Token<'_>], found: &mut References) {
    // The route of each bracket that is open.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut deeper = 0_usize;
    for (at, token) in list.iter().enumerate() {
        if opens(token) {
            if open.len() < MAX_NESTED { open.push(None) } else { deeper += 1 }
        } else if closes(token) {
            if deeper > 0 { deeper -= 1 } else { _ = open.pop() }
        }
        let (Token::Word("path"), [Token::Sign(b':'), Token::Text(text), ..]) =
            (token, &list[at + 1..])
        else {
            continue;
        };
        let (Some(path), Some((own, around))) = (text.whole(), open.split_last_mut()) else {
            continue;
        };
        if path.starts_with('/') {
            *own = Some(path.to_owned());
            continue;
        }
        let parent = around.iter().rev().find_map(Option::as_deref);
        let Some(parent) = parent.filter(|_| !path.is_empty() && !path.contains('*')) else {
            continue;
        };
        let whole = format!("{}/{path}", parent.trim_end_matches('/'));
        found.add(&whole, Evidence::Likely, Against::Page);
        *own = Some(whole);
    }
}
