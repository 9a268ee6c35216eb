//! Matchers whose results are not wanted.

use std::collections::BTreeSet;

/// `ID:MATCHER`, either of them `*`, or an id alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExcludedMatchers {
    ids: BTreeSet<String>,
    names: BTreeSet<String>,
    pairs: BTreeSet<(String, String)>,
}

impl ExcludedMatchers {
    /// From what the user wrote.
    pub fn new(texts: &[String]) -> Self {
        let mut excluded = Self::default();
        for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            match text.split_once(':') {
                None => _ = excluded.ids.insert(text.to_owned()),
                Some((id, "*")) => _ = excluded.ids.insert(id.to_owned()),
                Some(("*", name)) => _ = excluded.names.insert(name.to_owned()),
                Some((id, name)) => {
                    excluded.pairs.insert((id.to_owned(), name.to_owned()));
                }
            }
        }
        excluded
    }

    /// Whether a result of this template and matcher is not wanted.
    pub fn has(&self, id: &str, matcher: Option<&str>) -> bool {
        self.ids.contains(id)
            || matcher.is_some_and(|name| {
                self.names.contains(name) || self.pairs.contains(&(id.to_owned(), name.to_owned()))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::ExcludedMatchers;

    #[test]
    fn an_id_a_name_or_both_leave_out() {
        let texts = ["a", "b:*", "*:n", "c:m"].map(str::to_owned);
        let excluded = ExcludedMatchers::new(&texts);
        for (id, matcher, expected) in [
            ("a", None, true),
            ("a", Some("x"), true),
            ("b", Some("x"), true),
            ("z", Some("n"), true),
            ("c", Some("m"), true),
            ("c", Some("x"), false),
            ("c", None, false),
            ("z", Some("m"), false),
        ] {
            assert_eq!(excluded.has(id, matcher), expected, "{id} {matcher:?}");
        }
    }
}
