//! What scripts read of an address, as far as their text says it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// Names taken of one page's scripts.
const MAX_NAMES: usize = 24;

/// Bytes of scripts that are looked through.
const MAX_TEXT: usize = 2 << 20;

/// Anything that whoever makes a link, or opens the page, can choose.
static SOURCES: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"\blocation\b|\bdocument\s*\.\s*(?:URL|documentURI|baseURI|referrer)\b|\bURLSearchParams\b|\bsearchParams\b|\bwindow\s*\.\s*name\b|\bself\s*\.\s*name\b|\bhashchange\b",
    )
});

/// How the names of parameters stand in scripts.
static NAMES: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        // URLSearchParams and its like; functions of the page's own that are called so.
        r#"\.(?:get|getAll|has)\(\s*['"`]([\w.\-\[\]]{1,40})['"`]"#,
        r#"(?i)\b\w*(?:param|query|hash|arg)\w*\(\s*(?:[\w.]{1,40}\s*,\s*)?['"`]([\w.\-\[\]]{1,40})['"`]"#,
        // As a text or in a pattern.
        r#"['"`/(|\]][?&#]?([A-Za-z_][\w\-]{0,39})=(?:['"`(\[]|$)"#,
        // What was taken apart before.
        r#"(?i)\b(?:params?|query|qs|args|search_?params|hash_?params)(?:\.|\[\s*['"`])([A-Za-z_][\w\-]{0,39})"#,
    ]
    .map(compiled)
});

/// Members of such objects that are no names of parameters.
const METHODS: [&str; 18] = [
    "get", "getAll", "has", "set", "append", "delete", "forEach", "keys", "values", "entries",
    "toString", "length", "split", "slice", "map", "filter", "sort", "push",
];

/// What scripts read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// Something of the address, the window's name, or the page before.
    pub(super) any: bool,
    /// The fragment.
    pub(super) fragment: bool,
    /// Names of parameters, in the query or in the fragment.
    pub(super) names: Vec<String>,
}

impl Sources {
    /// Of the scripts of a page.
    pub(super) fn of<'a>(scripts: impl Iterator<Item = &'a str>) -> Self {
        let mut sources = Self::default();
        let mut names = BTreeSet::new();
        let mut room = MAX_TEXT;
        for script in scripts {
            let end = script.floor_char_boundary(room.min(script.len()));
            let text = &script[..end];
            room -= end;
            sources.any |= SOURCES.is_match(text);
            sources.fragment |= text.contains("hash") || text.contains("location.href");
            for name in NAMES.iter().flat_map(|pattern| pattern.captures_iter(text)) {
                let is_selector = name[0].contains("Selector");
                if !is_selector && names.len() < MAX_NAMES && !METHODS.contains(&&name[1]) {
                    names.insert(name[1].to_owned());
                }
            }
        }
        sources.names = names.into_iter().collect();
        sources
    }
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the table's own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_calls_patterns_and_members() {
        let script = "const p = new URLSearchParams(location.search); show(p.get('one'));
            const two = getParam(\"two\"); /[?&]three=([^&]*)/.exec(u); if (h.startsWith('#four=')) f();
            const { q } = params; draw(params.five, query['six'], params.get); m.get(`seven`);";
        let sources = Sources::of([script].into_iter());
        assert!(sources.any);
        let expected = ["five", "four", "one", "seven", "six", "three", "two"];
        assert_eq!(sources.names, expected);
    }

    #[test]
    fn scripts_that_read_nothing_of_an_address_have_no_sources() {
        let sources = Sources::of(["box.textContent = 'x'; const rename = 1"].into_iter());
        assert_eq!(sources, Sources::default());
    }

    #[test]
    fn no_script_is_too_long_or_too_odd() {
        let long = "ä.get('x')".repeat(400_000);
        assert_eq!(Sources::of([long.as_str(), "p.get('y')"].into_iter()).names, ["x"]);
    }
}
