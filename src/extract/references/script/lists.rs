//! Lists of files: what a service worker keeps, what a bundler loads ahead.

use super::chunks::is_script_or_style;
use super::scene::is_plain;
use super::token::Token;
use crate::extract::references::text::{looks_like_path, looks_like_url};
use crate::extract::references::{Against, Evidence, References};

/// Files of one list.
const MAX_LISTED: usize = 2000;

/// Adds the relative ones of lists in which others are addresses.
pub(super) fn lists(list: &[Token<'_>], found: &mut References) {
    // Vite's list is relative to the root of the site, and has no slashes in front.
    let mut is_vite = false;
    for (at, token) in list.iter().enumerate() {
        match token {
            Token::Word(name) => is_vite |= *name == "__vite__mapDeps",
            Token::Sign(b'[') => add(&texts(list, at), is_vite, found),
            _ => {}
        }
    }
}

/// The texts of a list that has nothing else.
fn texts<'l>(list: &'l [Token<'_>], open: usize) -> Vec<&'l str> {
    let mut found = Vec::new();
    let mut at = open + 1;
    while found.len() < MAX_LISTED {
        let Some([Token::Text(text), Token::Sign(sign), ..]) = list.get(at..) else { break };
        let Some(text) = text.whole() else { break };
        found.push(text);
        match sign {
            b',' => at += 2,
            b']' => return found,
            _ => break,
        }
    }
    // With a comma behind the last one.
    if matches!(list.get(at), Some(Token::Sign(b']'))) { found } else { Vec::new() }
}

fn add(texts: &[&str], is_vite: bool, found: &mut References) {
    let is_address = |text: &&&str| looks_like_path(text) || looks_like_url(text);
    if is_vite && texts.iter().all(|text| is_script_or_style(text)) {
        for text in texts.iter().filter(|text| !is_address(text) && is_plain(text)) {
            found.add(&format!("/{text}"), Evidence::Likely, Against::Page);
        }
        return;
    }
    let is_list =
        texts.iter().any(|text| is_address(&text)) && texts.iter().all(|text| is_plain(text));
    if !is_list {
        return;
    }
    let says_something = |text: &&&str| text.contains(['-', '.', '/', '?']);
    for text in texts.iter().filter(|text| !is_address(text)).filter(says_something) {
        found.add(text, Evidence::Likely, Against::Page);
    }
}
