//! Links that are left alone because following them may end the session or destroy data.
//!
//! Judged by words, because nothing else is known before the request: the words below in the path,
//! in names and values of parameters, or in a short link text. A word counts only as a whole word
//! (`/deleted-items` is followed, `/items/1/delete` is not). What is left alone is reported as a
//! skipped operation.

use url::Url;

/// Ends the session.
const SESSION_WORDS: [&str; 6] = ["logout", "logoff", "signout", "signoff", "endsession", "exit"];

/// Two words that mean the same as one of [`SESSION_WORDS`].
const SESSION_PAIRS: [(&str, &str); 5] =
    [("log", "out"), ("log", "off"), ("sign", "out"), ("sign", "off"), ("end", "session")];

/// Destroys or changes something by a mere GET.
const DESTRUCTIVE_WORDS: [&str; 22] = [
    "delete",
    "del",
    "remove",
    "rm",
    "destroy",
    "drop",
    "purge",
    "erase",
    "wipe",
    "truncate",
    "unsubscribe",
    "deactivate",
    "disable",
    "uninstall",
    "revoke",
    "cancel",
    "shutdown",
    "reboot",
    "restart",
    "reset",
    "flush",
    "kill",
];

/// What makes a database anew, before `db` or `database`, in one word or two.
const DATABASE_VERBS: [&str; 8] =
    ["create", "recreate", "init", "initialize", "setup", "seed", "populate", "rebuild"];

/// Words that make a "reset" harmless: the page where a forgotten password is asked for.
const HARMLESS_WITH_RESET: [&str; 3] = ["password", "passwd", "filter"];

/// Why a form or a request that takes a password is left alone while somebody is logged in.
pub(crate) const ASKS_PASSWORD: &str = "asks for a password: to send it could end the login";

/// What buttons are called that take everything away; elsewhere these words describe things.
const CLEARING_WORDS: [&str; 2] = ["clear", "empty"];

/// What may be cleared: it is about what is shown.
const HARMLESS_TO_CLEAR: [&str; 7] =
    ["filter", "filters", "search", "selection", "form", "fields", "sort"];

/// A link text longer than this is prose, not a button.
const MAX_LABEL_WORDS: usize = 4;

/// Why a link is not followed, or `None`; `label` is the link's or button's text.
pub(crate) fn reason_to_leave(url: &Url, label: &str) -> Option<String> {
    let mut words = split_words(url.path());
    for (name, value) in url.query_pairs() {
        words.extend(split_words(&name));
        words.extend(split_words(&value));
    }
    judge(&words).or_else(|| label_reason(label))
}

/// Whether a link is left alone by its address.
pub(crate) fn is_harmful(url: &Url) -> bool {
    reason_to_leave(url, "").is_some()
}

/// Whether a link looks as if it ended the session.
pub(crate) fn ends_session(url: &Url) -> bool {
    reason_to_leave(url, "").is_some_and(|why| why.starts_with("looks as if it ends"))
}

/// The same for what has a label and no address.
pub(crate) fn label_reason(label: &str) -> Option<String> {
    let words = split_words(label);
    (words.len() <= MAX_LABEL_WORDS).then(|| judge(&words)).flatten()
}

/// The same for the button of a form that writes.
pub(crate) fn button_reason(label: &str) -> Option<String> {
    let words = split_words(label);
    let (first, rest) = words.split_first()?;
    let clears = CLEARING_WORDS.contains(&first.as_str())
        && (1..MAX_LABEL_WORDS).contains(&rest.len())
        && !rest.iter().any(|word| HARMLESS_TO_CLEAR.contains(&word.as_str()));
    clears.then(|| format!("looks as if it changes or deletes something (`{first}`)"))
}

/// The same for a name or a piece of code, every word of which counts.
pub(crate) fn words_reason(text: &str) -> Option<String> {
    judge(&split_words(text))
}

fn judge(words: &[String]) -> Option<String> {
    for pair in words.windows(2) {
        if SESSION_PAIRS.iter().any(|(first, second)| pair[0] == *first && pair[1] == *second) {
            return Some(format!("looks as if it ends the session (`{} {}`)", pair[0], pair[1]));
        }
    }
    let is_database = |word: &str| matches!(word, "db" | "database");
    let is_verb = |word: &str| DATABASE_VERBS.contains(&word) || DESTRUCTIVE_WORDS.contains(&word);
    let in_two = words.windows(2).find(|pair| is_verb(&pair[0]) && is_database(&pair[1]));
    let in_one = words.iter().find(|word| {
        let ends = word.strip_suffix("database").or_else(|| word.strip_suffix("db"));
        ends.is_some_and(is_verb)
    });
    if let Some(word) = in_two.map(|pair| pair.join(" ")).or_else(|| in_one.cloned()) {
        return Some(format!("looks as if it changes or deletes something (`{word}`)"));
    }
    words.iter().find_map(|word| {
        let harmless = word == "reset"
            && words.iter().any(|other| HARMLESS_WITH_RESET.contains(&other.as_str()));
        if SESSION_WORDS.contains(&word.as_str()) {
            Some(format!("looks as if it ends the session (`{word}`)"))
        } else if DESTRUCTIVE_WORDS.contains(&word.as_str()) && !harmless {
            Some(format!("looks as if it changes or deletes something (`{word}`)"))
        } else {
            None
        }
    })
}

/// Lower-case words, split at everything that is not a letter and where `camelCase` rises.
pub(crate) fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for character in text.chars() {
        let rises = previous_lower && character.is_uppercase();
        if (!character.is_alphabetic() || rises) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphabetic() {
            word.extend(character.to_lowercase());
        }
        previous_lower = character.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(path: &str, label: &str) -> bool {
        let url = Url::parse(&format!("http://127.0.0.1{path}")).expect("a URL");
        reason_to_leave(&url, label).is_some()
    }

    #[test]
    fn session_ends_and_deletions_are_left_alone() {
        for path in [
            "/logout",
            "/user/sign-out",
            "/signOut",
            "/items/1/delete",
            "/do?action=delete",
            "/admin/init-db",
            "/seeddatabase",
        ] {
            assert!(left(path, ""), "{path}");
        }
        assert!(left("/x/7", "Delete"));
        assert!(left("/x/7", "Log out"));
    }

    #[test]
    fn buttons_that_clear_are_left_alone() {
        assert!(
            button_reason("Clear Guestbook").is_some() && button_reason("Empty cart").is_some()
        );
        assert!(button_reason("Clear").is_none() && button_reason("Clear filters").is_none());
    }

    #[test]
    fn ordinary_pages_are_followed() {
        for path in [
            "/",
            "/deleted-items",
            "/removers",
            "/reset-password",
            "/catalogue/outlet",
            "/docs/database",
            "/create/item",
        ] {
            assert!(!left(path, ""), "{path}");
        }
        assert!(!left("/blog/7", "How to delete a file in five minutes"));
    }
}
