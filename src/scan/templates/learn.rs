//! What pages teach: which words are values, and which directories lead on for ever.

use super::tree::Build;
use super::tree::Kind;
use super::tree::Merged;
use super::tree::PathId;
use super::tree::Templates;
use super::tree::edge;
use super::tree::patterns;
use crate::scan::structure::Structure;

/// Siblings built alike that make a value of words, and of words with numbers (`p17.html`).
const ALIKE_WORDS: usize = 8;
const ALIKE_NUMBERED: usize = 3;

/// The same at the root, where the main pages of small sites stand side by side.
const ALIKE_AT_ROOT: usize = 24;

/// So many siblings are values, whatever they look like.
const VARIETY_WORDS: usize = 200;
const VARIETY_NUMBERED: usize = 32;

/// Builds remembered of one template, and of one group of siblings.
const MAX_STRUCTURES: usize = 16;
const MAX_BUILDS: usize = 16;

/// Builds remembered of all groups.
const MAX_ALL_BUILDS: usize = 100_000;

/// Pages of a learnt template that may stand on their own because they are built otherwise.
const MAX_EXCEPTIONS: u8 = 32;

/// Directories within directories that look like the ones around them before they are no more
/// believed.
const MAX_NESTED: u32 = 3;

/// What a page's build has taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lesson {
    /// The page's template.
    pub(crate) path: PathId,
    /// Nothing of that template was built like this.
    pub(crate) novel: bool,
}

impl Templates {
    /// Learns how a page of a template is built.
    pub(crate) fn learn(&mut self, path: PathId, sent: &str, structure: Structure) -> Lesson {
        let mut at = self.find(path.0);
        let known = &self.segments[at as usize].structures;
        let novel = known.len() < MAX_STRUCTURES && !known.iter().any(|one| one.is_like(structure));
        if novel && !known.is_empty() {
            at = self.except(at, sent).unwrap_or(at);
        }
        self.remember(at, structure);
        let mut below = String::new();
        let mut next = Some(at);
        while let Some(here) = next {
            let here = self.find(here);
            let segment = &self.segments[here as usize];
            let parent = segment.parent;
            if let Some(parent) = parent
                && segment.kind == Kind::Literal
                && !segment.text.is_empty()
            {
                self.testify(self.find(parent), here, &below, structure);
            }
            below.insert_str(0, &self.segments[self.find(here) as usize].text);
            below.insert(0, '/');
            next = parent;
        }
        Lesson { path: PathId(self.find(at)), novel }
    }

    /// Whatever is below the directory of a path is one template from now on.
    pub(crate) fn close(&mut self, path: PathId) {
        let directory = self.directory(path).0;
        if self.segments[directory as usize].kind == Kind::Rest {
            return;
        }
        let rest = self.child(directory, "{path}", Kind::Rest);
        self.segments[directory as usize].wildcard = Some(rest);
        for child in self.segments[directory as usize].children.clone() {
            if child != rest && !self.segments[child as usize].text.is_empty() {
                self.merge(child, rest);
            }
        }
    }

    /// Whether the page lies in directories within directories that all look like it: relative links
    /// that lead on for ever.
    pub(crate) fn is_endless(&self, path: PathId, structure: Structure) -> bool {
        let mut nested = 0;
        for at in self.upwards(self.directory(path)).skip(1) {
            let index = self.edges.get(&edge(at, "")).map(|index| self.find(*index));
            let own = index.into_iter().chain([at]);
            let mut known = own.flat_map(|at| &self.segments[at as usize].structures).peekable();
            if known.peek().is_none() {
                continue;
            }
            if !known.any(|one| one.is_like(structure)) {
                return false;
            }
            nested += 1;
            if nested >= MAX_NESTED {
                return true;
            }
        }
        false
    }

    /// A new sibling; what it is once there are too many of them.
    pub(super) fn enlist(&mut self, at: u32, child: u32, text: &str) -> u32 {
        for pattern in patterns(text) {
            let group = self.groups.entry(edge(at, &pattern)).or_default();
            group.members.push(child);
            let variety = if pattern.contains('#') { VARIETY_NUMBERED } else { VARIETY_WORDS };
            if group.members.len() >= variety && group.into.is_none() {
                // Pages that were looked at keep their own template until they are known to be alike.
                let members = std::mem::take(&mut group.members);
                let unseen = members.into_iter().filter(|one| self.is_unseen(*one)).collect();
                self.collapse(at, &pattern, unseen);
            }
        }
        self.find(child)
    }

    /// A sibling below which something is built like this.
    fn testify(&mut self, parent: u32, child: u32, below: &str, structure: Structure) {
        let text = self.segments[child as usize].text.clone();
        let is_root = self.segments[parent as usize].parent.is_none();
        for pattern in patterns(&text) {
            let enough = match (pattern.contains('#'), structure.is_telling()) {
                (true, true) => ALIKE_NUMBERED,
                (false, true) if is_root => ALIKE_AT_ROOT,
                // Short pages are alike by chance, but words with the same numbers are not.
                (false, true) | (true, false) => ALIKE_WORDS,
                (false, false) => continue,
            };
            let fits = self.fits(parent, &pattern, below, structure);
            let group = self.groups.entry(edge(parent, &pattern)).or_default();
            let hash = edge(0, below);
            let is_known =
                |build: &Build| build.below == hash && build.structure.is_like(structure);
            let place = group.builds.iter().position(is_known).unwrap_or(group.builds.len());
            if place == group.builds.len() {
                if place == MAX_BUILDS || self.builds >= MAX_ALL_BUILDS {
                    continue;
                }
                self.builds += 1;
                group.builds.push(Build { below: hash, structure, members: Vec::new() });
            }
            let members = &mut group.builds[place].members;
            if !members.contains(&child) {
                members.push(child);
            }
            if members.len() >= enough || fits {
                let mut members = std::mem::take(members);
                // What nobody has looked at is taken for the same until somebody does.
                let group = std::mem::take(&mut group.members);
                members.extend(group.into_iter().filter(|one| self.is_unseen(*one)));
                return self.collapse(parent, &pattern, members);
            }
        }
    }

    /// Whether nothing was fetched at or below a segment.
    fn is_unseen(&self, at: u32) -> bool {
        let mut waiting = vec![at];
        while let Some(at) = waiting.pop() {
            let segment = &self.segments[at as usize];
            if !segment.structures.is_empty() {
                return false;
            }
            waiting.extend(&segment.children);
        }
        true
    }

    /// Whether the value that siblings of the pattern have become has something below it that is built
    /// like this.
    fn fits(&self, parent: u32, pattern: &str, below: &str, structure: Structure) -> bool {
        let into = self.groups.get(&edge(parent, pattern)).and_then(|group| group.into);
        let end = into.and_then(|into| {
            below.split('/').skip(1).try_fold(self.find(into), |at, text| {
                self.edges.get(&edge(at, text)).map(|next| self.find(*next))
            })
        });
        end.is_some_and(|end| {
            self.segments[end as usize].structures.iter().any(|one| one.is_like(structure))
        })
    }

    /// Makes one value of siblings.
    fn collapse(&mut self, at: u32, pattern: &str, members: Vec<u32>) {
        let shown = match pattern.strip_prefix('*') {
            Some(extension) => format!("{{slug}}{extension}"),
            None => pattern.replace('#', "{id}"),
        };
        let into = self.child(at, &shown, Kind::Learnt);
        self.groups.entry(edge(at, pattern)).or_default().into = Some(into);
        for member in members {
            self.merge(member, into);
        }
    }

    /// Everything at and below `from` becomes part of `into`.
    fn merge(&mut self, from: u32, into: u32) {
        let (from, into) = (self.find(from), self.find(into));
        if from == into {
            return;
        }
        let segment = &mut self.segments[from as usize];
        segment.merged_into = Some(into);
        let (children, structures) =
            (std::mem::take(&mut segment.children), std::mem::take(&mut segment.structures));
        let wildcard = segment.wildcard;
        self.merged.push(Merged { from: PathId(from), into: PathId(into) });
        for structure in structures {
            self.remember(into, structure);
        }
        let own = &mut self.segments[into as usize].wildcard;
        *own = own.or(wildcard);
        for child in children {
            if self.segments[child as usize].merged_into.is_some() {
                continue;
            }
            let (text, kind) =
                (self.segments[child as usize].text.clone(), self.segments[child as usize].kind);
            let key = edge(into, &text);
            if let Some(&same) = self.edges.get(&key) {
                self.merge(child, same);
                continue;
            }
            self.edges.insert(key, child);
            self.segments[child as usize].parent = Some(into);
            self.segments[into as usize].children.push(child);
            self.rename(child);
            if kind == Kind::Literal {
                self.enlist(into, child, &text);
            }
        }
    }

    /// Tells that everything at and below a segment has another text.
    fn rename(&mut self, top: u32) {
        let mut waiting = vec![top];
        while let Some(at) = waiting.pop() {
            self.merged.push(Merged { from: PathId(at), into: PathId(at) });
            waiting.extend(&self.segments[at as usize].children);
        }
    }

    /// A page that is not built as its learnt template says gets one of its own.
    fn except(&mut self, at: u32, sent: &str) -> Option<u32> {
        let segment = &mut self.segments[at as usize];
        let last = sent.rsplit('/').next().unwrap_or_default();
        if segment.kind != Kind::Learnt || segment.exceptions >= MAX_EXCEPTIONS || last.is_empty() {
            return None;
        }
        segment.exceptions += 1;
        let parent = segment.parent?;
        let parent = self.find(parent);
        let own = self.push(Some(parent), last, Kind::Literal);
        self.edges.insert(edge(parent, last), own);
        self.segments[parent as usize].children.push(own);
        Some(own)
    }

    fn remember(&mut self, at: u32, structure: Structure) {
        let known = &mut self.segments[at as usize].structures;
        if known.len() < MAX_STRUCTURES && !known.iter().any(|one| one.is_like(structure)) {
            known.push(structure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::MAX_SEGMENTS;
    use super::*;
    use crate::extract::Markup;
    use crate::extract::Scripting;

    /// Pages of the same word are built alike.
    fn built(word: &str) -> Structure {
        let html = (0..12).map(|n| format!("<div class='{word}{}'>", "x".repeat(n)));
        let html = html.collect::<Vec<_>>().concat();
        Structure::of_markup(&Markup::parse(&html, Scripting::Off))
    }

    fn learn(templates: &mut Templates, path: &str, word: &str) -> String {
        let id = templates.place("h", path);
        let lesson = templates.learn(id, path, built(word));
        templates.text(lesson.path)
    }

    fn text(templates: &mut Templates, path: &str) -> String {
        let id = templates.place("h", path);
        templates.text(id)
    }

    #[test]
    fn values_are_values_from_the_first_time_on() {
        let mut templates = Templates::default();
        assert_eq!(text(&mut templates, "/a/7/b/8"), "/a/{id}/b/{id2}");
        assert_eq!(text(&mut templates, "/a/2026-11-23"), "/a/{date}");
        assert_eq!(text(&mut templates, "/"), "/");
        assert_eq!(text(&mut templates, ""), "/");
    }

    #[test]
    fn words_become_a_value_when_siblings_are_built_alike() {
        let mut templates = Templates::default();
        for word in ["ant", "bee", "cat", "dog", "eel", "fox", "gnu"] {
            assert_eq!(
                learn(&mut templates, &format!("/blog/{word}"), "post"),
                format!("/blog/{word}")
            );
        }
        assert_eq!(learn(&mut templates, "/blog/archive", "list"), "/blog/archive");
        assert_eq!(learn(&mut templates, "/blog/hen", "post"), "/blog/{slug}");
        assert_eq!(text(&mut templates, "/blog/ant"), "/blog/{slug}", "what was known too");
        assert_eq!(text(&mut templates, "/blog/yak"), "/blog/{slug}", "and what is new");
        assert_eq!(text(&mut templates, "/blog/archive"), "/blog/archive");
    }

    #[test]
    fn a_page_that_is_built_otherwise_leaves_the_template_again() {
        let mut templates = Templates::default();
        for n in 0..4 {
            learn(&mut templates, &format!("/docs/p{n}.html"), "page");
        }
        assert_eq!(text(&mut templates, "/docs/p77.html"), "/docs/p{id}.html");
        assert_eq!(learn(&mut templates, "/docs/p0404.html", "map"), "/docs/p0404.html");
        assert_eq!(text(&mut templates, "/docs/p78.html"), "/docs/p{id}.html");
    }

    #[test]
    fn directories_merge_with_what_is_in_them() {
        let mut templates = Templates::default();
        let users = ["ann", "ben", "cid", "dan", "eve", "fay", "gus", "hal"];
        for user in users {
            learn(&mut templates, &format!("/user/{user}/posts"), "posts");
            learn(&mut templates, &format!("/user/{user}/"), "profile");
        }
        assert_eq!(text(&mut templates, "/user/zoe/posts"), "/user/{slug}/posts");
        assert_eq!(text(&mut templates, "/user/ann/"), "/user/{slug}/");
        assert_eq!(text(&mut templates, "/user/ann/posts/9"), "/user/{slug}/posts/{id}");
    }

    #[test]
    fn main_pages_of_a_small_site_are_no_values() {
        let mut templates = Templates::default();
        for word in ["about", "contact", "help", "terms", "privacy", "jobs", "press", "team", "faq"]
        {
            assert_eq!(learn(&mut templates, &format!("/{word}"), "plain"), format!("/{word}"));
        }
    }

    #[test]
    fn a_description_says_where_values_stand() {
        let mut templates = Templates::default();
        let id = templates.place_template("h", "/api/users/{name}/orders");
        assert_eq!(templates.place("h", "/api/users/ann/orders"), id);
        assert_eq!(templates.place("h", "/api/users/7/orders"), id);
    }

    #[test]
    fn paths_that_lead_on_for_ever_are_seen_through() {
        let mut templates = Templates::default();
        let mut path = "/t/".to_owned();
        let mut depth = 0;
        while depth < 20 {
            let id = templates.place("h", &path);
            let lesson = templates.learn(id, &path, built("trap"));
            if templates.is_endless(lesson.path, built("trap")) {
                break;
            }
            path.push_str("next/");
            depth += 1;
        }
        assert_eq!(depth, 3);
    }

    #[test]
    fn memory_is_bounded_whatever_is_placed() {
        let mut templates = Templates::default();
        for n in 0..100_000_u32 {
            let word: String =
                format!("{n:06}").bytes().map(|b| char::from(b - b'0' + b'a')).collect();
            templates.place("h", &format!("/{}/{}/{word}", &word[..3], &word[3..]));
        }
        assert!(templates.segments.len() <= MAX_SEGMENTS * 2);
        assert!(text(&mut templates, "/new/path/of/words").starts_with('/'));
    }
}
