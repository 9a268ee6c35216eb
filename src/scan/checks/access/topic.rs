//! What paths and members are about, by their words.

use std::collections::BTreeSet;

use crate::model::Request;
use crate::scan::probe::split_words;

/// Words that do not say what something is about.
const VAGUE: [&str; 24] = [
    "api", "rest", "new", "create", "add", "edit", "update", "list", "view", "show", "detail",
    "details", "get", "index", "all", "save", "submit", "post", "put", "php", "html", "do", "v",
    "id",
];

/// Words with which a member's name says that it names something: `order_number`.
const NAMING: [&str; 8] = ["uuid", "guid", "key", "slug", "number", "no", "ref", "code"];

/// Words, the same for one and for many.
pub(super) type Topic = BTreeSet<String>;

/// What a path is about.
pub(super) fn topic(path: &str) -> Topic {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let fixed = path.split('/').filter(|segment| !segment.contains('{'));
    fixed.flat_map(split_words).filter_map(|word| stem(&word)).collect()
}

/// What a member names: an order for `order_id` and `orderNumber`; nothing for `id`.
pub(super) fn topic_of_name(name: &str) -> Topic {
    let words = split_words(name).into_iter().filter(|word| !NAMING.contains(&word.as_str()));
    words.filter_map(|word| stem(&word)).collect()
}

/// Whether a path is about one of these things.
pub(super) fn is_about(path: &str, about: &Topic) -> bool {
    !topic(path).is_disjoint(about)
}

/// What one and many have in common: `address` and `addresses`, `category` and `categories`.
fn stem(word: &str) -> Option<String> {
    let single = word.strip_suffix('s').filter(|_| !word.ends_with("ss")).unwrap_or(word);
    if VAGUE.contains(&word) || VAGUE.contains(&single) {
        return None;
    }
    Some(cut(cut(single, &['e']), &['i', 'y']).to_owned())
}

/// A word without one of these endings, unless little would be left.
fn cut<'w>(word: &'w str, ends: &[char]) -> &'w str {
    word.strip_suffix(ends).filter(|cut| cut.len() >= 3).unwrap_or(word)
}

/// The path of a request, without its query.
pub(super) fn path_of(request: &Request) -> String {
    let target = request.path_and_query_text();
    target.split('?').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_the_same_topic() {
        for (one, many) in [
            ("/orders/{id}", "order_id"),
            ("/api/categories", "categoryId"),
            ("/my/addresses", "address_uuid"),
            ("/movies/{id}", "movieNumber"),
            ("/boxes", "box"),
        ] {
            assert!(is_about(one, &topic_of_name(many)), "{one} {many}: {:?}", topic(one));
        }
        assert!(!is_about("/orders/{id}", &topic_of_name("product_id")));
        for vague in ["id", "uuid", "ref", "details"] {
            assert_eq!(topic_of_name(vague), Topic::new(), "{vague}");
        }
    }
}
