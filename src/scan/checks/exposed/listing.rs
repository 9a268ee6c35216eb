//! Directories that list their files: those that pages and files stand in are asked for themselves.
//!
//! The usual listings are told by the rule `directory-listing`, which sees every answer; this one adds
//! those that do not have the usual words: a page whose heading names the directory, that links to
//! what is known to be in it, and to other things right below it, and to nothing else. A random
//! directory must not look so. Cost: 1 request for each of at most 60 directories that no page links
//! to.

use url::Url;

use super::whole_site::ask_path;
use super::whole_site::at;
use super::whole_site::directories;
use super::whole_site::paths;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Markup;
use crate::scan::probe::Outcome;
use crate::scan::probe::Piece;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

const MAX_DIRECTORIES: usize = 60;

/// Files that a listing has at least.
const MIN_FILES: usize = 2;

/// Words by which the rule `directory-listing` knows one.
const USUAL: [&str; 4] = [
    "<title>index of /",
    "<title>directory listing for",
    "<title>directory: /",
    "[to parent directory]",
];

/// See the module.
pub(crate) struct Listing;

impl SiteCheck for Listing {
    fn id(&self) -> &'static str {
        "directory-listing-plain"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let paths = paths(probe);
    let all = directories(&paths);
    let unlinked: Vec<_> = all.into_iter().filter(|path| !paths.contains(path)).collect();
    for directory in unlinked.into_iter().take(MAX_DIRECTORIES) {
        let attack = ask_path(probe, &directory).await?;
        let is_known = |file: &String| paths.iter().any(|path| path.starts_with(file.as_str()));
        let Some(files) = listed(&attack, &directory) else { continue };
        if !files.iter().any(is_known) {
            continue;
        }
        let word = probe.sender().word();
        let control = ask_path(probe, &format!("{directory}{word}/")).await?;
        if listed(&control, &format!("{directory}{word}/")).is_some() {
            continue;
        }
        let detail = format!(
            "{directory} lists {} files, among them {}, and /{word}/ below it does not (status {})",
            files.len(),
            files.iter().find(|file| is_known(file)).map_or("", String::as_str),
            control.response().status
        );
        let proof = Proof {
            confidence: Confidence::Firm,
            detail,
            payloads: vec![directory.clone()],
            exhibits: vec![
                Exhibit::new(EvidenceRole::Attack, attack),
                Exhibit::new(EvidenceRole::Control, control),
            ],
        };
        if let Some(base) = at(probe, "GET", &directory) {
            probe.found_at(base, None, proof);
        }
    }
    Ok(Outcome::Clean)
}

/// Paths of what a page lists, if it is nothing but a list of what is in the directory.
fn listed(shot: &Shot, directory: &str) -> Option<Vec<String>> {
    let response = shot.response();
    let body = response.body_text();
    let lower = body.to_ascii_lowercase();
    let is_usual = USUAL.iter().any(|words| lower.contains(words));
    if response.status != 200 || !response.is_html() || is_usual {
        return None;
    }
    let markup = Markup::parse(&body, Scripting::Off);
    if !heading_names(&markup, directory) || markup.tags().any(|tag| tag.name == "form") {
        return None;
    }
    let base = Url::parse(&shot.exchange.request.url()).ok()?.join(directory).ok()?;
    let mut files = Vec::new();
    for link in markup.tags().filter(|tag| tag.name == "a").filter_map(|tag| tag.attribute("href"))
    {
        let url = base.join(link).ok()?;
        // Up, and by what it is sorted.
        let is_around = directory.starts_with(url.path());
        if is_around {
            continue;
        }
        let name = url.path().strip_prefix(directory)?;
        if url.origin() != base.origin() || name.trim_end_matches('/').contains('/') {
            return None;
        }
        if !files.iter().any(|known| known == url.path()) {
            files.push(url.path().to_owned());
        }
    }
    (files.len() >= MIN_FILES).then_some(files)
}

/// Whether the title or a heading has the directory's path in it.
fn heading_names(markup: &Markup, directory: &str) -> bool {
    let path = directory.trim_end_matches('/');
    let mut is_heading = false;
    let mut text = String::new();
    for piece in &markup.pieces {
        match piece {
            Piece::Open(tag) => {
                is_heading |= matches!(tag.name.as_str(), "title" | "h1" | "h2");
            }
            Piece::Close(name) if matches!(name.as_str(), "title" | "h1" | "h2") => {
                is_heading = false;
                // A path may be made of links to its parts.
                let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                if plain.contains(path) && !path.is_empty() {
                    return true;
                }
                text.clear();
            }
            Piece::Text { text: own, .. } if is_heading => text.push_str(own),
            Piece::Close(_) | Piece::Text { .. } | Piece::Comment(_) => {}
        }
    }
    false
}
