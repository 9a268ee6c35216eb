//! Source maps (ECMA-426): the sources that a bundle was made of, and import maps.

use serde::Deserialize;

use super::References;
use super::css::css_references;
use super::script::script_references;
use super::text::text_references;
use super::{Against, Evidence, MAX_LENGTH};

/// Sources read of one map at most.
const MAX_SOURCES: usize = 2000;

#[derive(Deserialize)]
struct SourceMap {
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default, rename = "sourcesContent")]
    contents: Vec<Option<String>>,
    /// What makes it a source map.
    #[expect(dead_code, reason = "only its presence counts")]
    mappings: serde::de::IgnoredAny,
}

/// What the sources in a source map refer to; `None` if it is none. The names of the sources are
/// those of files on somebody's disk, and no addresses.
pub(super) fn source_map_references(text: &str) -> Option<References> {
    // A guard against what other servers protect their JSON with (`)]}'`).
    let json = text.trim_start().trim_start_matches(")]}'").trim_start();
    let map: SourceMap = serde_json::from_str(json).ok()?;
    let mut found = References::default();
    for (index, content) in map.contents.iter().take(MAX_SOURCES).enumerate() {
        let Some(content) = content else { continue };
        let name = map.sources.get(index).and_then(Option::as_deref).unwrap_or_default();
        found.extend(source_references(name, content).at_most(Evidence::Likely));
    }
    found.truncated |= map.contents.len() > MAX_SOURCES;
    found.modules.clear();
    Some(found)
}

fn source_references(name: &str, content: &str) -> References {
    let name = name.split('?').next().unwrap_or_default();
    match name.rsplit('.').next().unwrap_or_default() {
        "css" | "scss" | "sass" | "less" | "styl" => {
            let mut found = css_references(content);
            // Variables hold addresses too.
            found.extend(text_references(content));
            found
        }
        "html" | "md" | "txt" => text_references(content),
        _ => script_references(content),
    }
}

/// Names in one import map at most.
const MAX_IMPORTS: usize = 500;

/// Where modules are, by their names (<https://html.spec.whatwg.org/#import-maps>). Scopes are not
/// told apart: what one of them maps is mapped everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ImportMap(Vec<(String, String)>);

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    imports: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    scopes: serde_json::Map<String, serde_json::Value>,
}

impl ImportMap {
    /// Adds a map that is written in a page, and what it refers to.
    pub(super) fn read(&mut self, text: &str, found: &mut References) {
        let Ok(written) = serde_json::from_str::<Written>(text) else { return };
        let scoped = written.scopes.into_iter().filter_map(|(_, scope)| match scope {
            serde_json::Value::Object(imports) => Some(imports),
            _ => None,
        });
        for imports in std::iter::once(written.imports).chain(scoped) {
            for (name, address) in imports {
                let serde_json::Value::String(address) = address else { continue };
                // What ends in a slash is the beginning of addresses.
                if !address.ends_with('/') {
                    found.stated(&address);
                }
                let is_short = name.len() <= MAX_LENGTH && address.len() <= MAX_LENGTH;
                if is_short && self.0.len() < MAX_IMPORTS {
                    self.0.push((name, address));
                } else {
                    found.truncated = true;
                }
            }
        }
    }

    /// Whether it maps nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with other addresses; names that have none are left out.
    pub(crate) fn readdressed(self, address: impl Fn(&str) -> Option<String>) -> Self {
        Self(self.0.into_iter().filter_map(|(name, old)| Some((name, address(&old)?))).collect())
    }

    /// The address of a module; of several names that fit, the longest.
    fn address(&self, module: &str) -> Option<String> {
        let fitting = self.0.iter().filter_map(|(name, address)| {
            let rest = module.strip_prefix(name.as_str())?;
            let is_it = rest.is_empty() || name.ends_with('/');
            is_it.then(|| (name.len(), format!("{address}{rest}")))
        });
        fitting.max_by_key(|(length, _)| *length).map(|(_, address)| address)
    }

    /// Turns the modules that were named into references.
    pub(crate) fn resolve(&self, found: &mut References) {
        for module in std::mem::take(&mut found.modules) {
            if let Some(address) = self.address(&module) {
                found.add(&address, Evidence::Called, Against::File);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: &References) -> Vec<&str> {
        found.list.iter().map(|reference| reference.text.as_str()).collect()
    }

    #[test]
    fn sources_are_read_and_their_names_are_not_asked_for() {
        let map = r#"{"version":3,"sources":["webpack:///./src/a.ts","b.scss","c"],
            "sourcesContent":["get('/api/a')","x { background: url(/b.png) } $p: '/p/q';",null],"mappings":"AA"}"#;
        let found = source_map_references(map).expect("a map");
        assert_eq!(texts(&found), ["/api/a", "/b.png", "/b.png", "/p/q"]);
        assert!(found.list.iter().all(|one| one.evidence <= Evidence::Likely));
        assert!(source_map_references(r#"{"sources":["/a"]}"#).is_none());
        assert!(source_map_references("[").is_none());
    }

    #[test]
    fn named_modules_are_where_the_map_says() {
        let mut map = ImportMap::default();
        let mut found = References::default();
        let text = r#"{"imports":{"cart":"/cart.js","ui/":"./ui/","ui/x":"/x.js"},"scopes":{"/old/":{"cart":"/old.js"}}}"#;
        map.read(text, &mut found);
        assert_eq!(texts(&found), ["/cart.js", "/x.js", "/old.js"]);
        found.modules = vec!["ui/dialog.js".into(), "ui/x".into(), "react".into()];
        map.resolve(&mut found);
        assert_eq!(texts(&found)[3..], ["./ui/dialog.js", "/x.js"]);
        let map =
            map.readdressed(|old| old.strip_prefix('.').map(|path| format!("http://h{path}")));
        found.modules = vec!["ui/tab.js".into(), "cart".into()];
        map.resolve(&mut found);
        assert_eq!(texts(&found)[5..], ["http://h/ui/tab.js"]);
    }
}
