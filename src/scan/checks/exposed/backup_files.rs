//! Copies that editors and people leave beside a file: what the server runs under the one name, it
//! gives away under the other.
//!
//! Asked beside every page whose name ends like a program, and beside directories for archives.
//! Programs' text and archives are known by how they begin; a random name with the same ending must
//! not give the like, and what the page itself shows does not count. Maps of scripts are asked for too:
//! whoever sees one (rule `source-map-content`) tells of it. Cost: about 8 requests for each of at most
//! 25 programs, 1 for each of at most 25 scripts, 3 for each of at most 10 directories.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::whole_site::ask_path;
use super::whole_site::at;
use super::whole_site::directories;
use super::whole_site::paths;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;

/// Names of copies: `{d}` is the directory with its slash, `{n}` the file's name, `{s}` its name
/// without the ending.
const COPIES: [(&str, Strength); 12] = [
    ("{d}{n}.bak", Strength::Low),
    ("{d}{n}~", Strength::Low),
    ("{d}{n}.old", Strength::Low),
    ("{d}.{n}.swp", Strength::Low),
    ("{d}{n}.orig", Strength::Medium),
    ("{d}{s}.bak", Strength::Medium),
    ("{d}{n}.save", Strength::Medium),
    ("{d}{n}s", Strength::Medium),
    ("{d}{n}.txt", Strength::High),
    ("{d}{n}.zip", Strength::High),
    ("{d}{s}.old", Strength::High),
    ("{d}Copy%20of%20{n}", Strength::High),
];

/// Names of archives of a directory, `{d}` without its slash.
const ARCHIVES: [&str; 3] = ["{d}.zip", "{d}.tar.gz", "{d}.bak"];

/// Endings of programs that servers run.
const PROGRAMS: [&str; 14] = [
    "php", "php5", "phtml", "asp", "aspx", "ashx", "jsp", "jspx", "cgi", "pl", "py", "rb", "cfm",
    "inc",
];

/// Endings of pages that may be made of a template, which is of interest where something else than the
/// page is given.
const PAGES: [&str; 3] = ["html", "htm", "xhtml"];

const MAX_PROGRAMS: usize = 25;
const MAX_PAGES: usize = 5;
const MAX_SCRIPTS: usize = 25;
const MAX_DIRECTORIES: usize = 10;

/// How programs, settings, and files of databases read.
static SOURCE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?xm)
        <\?(?:php|=)\s
        | <%[@=!]\s*\w | (?i:<%\s*(?:if|for|do|dim|set|response|end)\b)
        | ^\#!\s?/(?:usr/)?bin/
        | ^package\s+[\w.:]+;
        | ^(?:from\s+[\w.]+\s+)?import\s+[\w.]+(?:\s+as\s+\w+)?\s*;?$
        | ^\s*require(?:_once)?\s*\(?['"]
        | ^\s*def\s+\w+\(.*\):\s*$
        | ^(?:public|private)\s+(?:final\s+)?class\s+\w
        | ^(?:CREATE\s+TABLE|INSERT\s+INTO)\s
        | ^using\s+System\b
        | \{%-?\s*(?:set|for|if|block|extends|include|import|macro)\s+[\w'"].{0,200}?-?%\}
        | <cf(?:query|set|component)\b "#;
    Regex::new(pattern).expect("a test uses it")
});

/// How archives and editors' files begin.
const BEGINNINGS: [(&[u8], &str); 8] = [
    (b"PK\x03\x04", "an archive"),
    (b"\x1f\x8b\x08", "an archive"),
    (b"BZh", "an archive"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"Rar!\x1a\x07", "an archive"),
    (b"\xfd7zXZ\0", "an archive"),
    (b"b0VIM ", "an editor's file"),
    (b"SQLite format 3\0", "a database"),
];

/// See the module.
pub(crate) struct BackupFiles;

impl SiteCheck for BackupFiles {
    fn id(&self) -> &'static str {
        "backup-files"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let paths = paths(probe);
    let of_ending = |endings: &[&str]| {
        let is_one = |path: &&String| {
            let ending = ending(path).to_ascii_lowercase();
            endings.contains(&ending.as_str())
        };
        paths.iter().filter(is_one).cloned().collect::<Vec<_>>()
    };
    for path in of_ending(&PROGRAMS).into_iter().take(MAX_PROGRAMS) {
        beside(probe, &path).await?;
    }
    for path in of_ending(&PAGES).into_iter().take(MAX_PAGES) {
        beside(probe, &path).await?;
    }
    let maps = of_ending(&["js", "mjs", "css"]);
    for path in maps.into_iter().take(MAX_SCRIPTS) {
        ask_path(probe, &format!("{path}.map")).await?;
    }
    let directories = directories(&paths).into_iter().filter(|path| path != "/");
    for directory in directories.take(MAX_DIRECTORIES) {
        let name = directory.trim_end_matches('/');
        for archive in ARCHIVES {
            let word = probe.sender().word();
            let random = archive.replace("{d}", &format!("/{word}"));
            look(probe, &archive.replace("{d}", name), &random, None).await?;
        }
    }
    Ok(Outcome::Clean)
}

/// What is behind the last dot of a path's name.
fn ending(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

async fn beside(probe: &mut SiteProbe, path: &str) -> Result<(), ProbeStop> {
    let page = ask_path(probe, path).await?;
    let strength = probe.sender().strength();
    for (copy, from) in COPIES {
        if from > strength {
            continue;
        }
        let directory = &path[..path.rfind('/').map_or(0, |at| at + 1)];
        let random = format!("{directory}{}.{}", probe.sender().word(), ending(path));
        look(probe, &named(copy, path), &named(copy, &random), Some(&page)).await?;
    }
    Ok(())
}

fn named(copy: &str, path: &str) -> String {
    let (directory, name) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    copy.replace("{d}", directory).replace("{n}", name).replace("{s}", stem)
}

/// Asks for a copy, and where it is one, for the same of a random name.
async fn look(
    probe: &mut SiteProbe,
    path: &str,
    random: &str,
    page: Option<&Shot>,
) -> Result<(), ProbeStop> {
    let attack = ask_path(probe, path).await?;
    let Some(what) = contents(&attack) else { return Ok(()) };
    if page.is_some_and(|page| page.response().body == attack.response().body || is_source(page)) {
        return Ok(());
    }
    let control = ask_path(probe, random).await?;
    if contents(&control).is_some() {
        return Ok(());
    }
    let replay = ask_path(probe, path).await?;
    if contents(&replay) != Some(what) {
        return Ok(());
    }
    let detail = format!(
        "{path} gives {what} ({} bytes), which nothing links to, and {random} nothing of the kind \
         (status {})",
        attack.response().body.len(),
        control.response().status
    );
    let mark = SOURCE.find(&attack.response().body).map(|found| attack.in_body(found.range()));
    let baseline = page.map(|page| Exhibit::new(EvidenceRole::Baseline, page.clone()));
    let mut exhibits: Vec<_> = baseline.into_iter().collect();
    exhibits.push(Exhibit::marked(EvidenceRole::Attack, attack, mark));
    exhibits.push(Exhibit::new(EvidenceRole::Control, control));
    let proof =
        Proof { confidence: Confidence::Firm, detail, exhibits, payloads: vec![path.to_owned()] };
    if let Some(base) = at(probe, "GET", path) {
        probe.found_at(base, None, proof);
    }
    Ok(())
}

/// What a file is, by its first bytes or its text.
fn contents(shot: &Shot) -> Option<&'static str> {
    let response = shot.response();
    if response.status != 200 {
        return None;
    }
    let begins = BEGINNINGS.iter().find(|(bytes, _)| response.body.starts_with(bytes));
    let what = begins.map(|(_, what)| *what);
    what.or_else(|| is_source(shot).then_some("a program's text"))
}

fn is_source(shot: &Shot) -> bool {
    SOURCE.is_match(&shot.response().body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_pages() {
        for text in [
            "<?php $password = 'x';",
            "<%@ page language=\"java\" %>",
            "#!/usr/bin/perl\nuse CGI;",
            "import os\nfrom flask import Flask\n",
            "x = 1\ndef f(a):\n  return a\n",
            "-- dump\nCREATE TABLE users (id int);\n",
            "{% set db = connect(\"x\") %}<h1>Hours</h1>",
        ] {
            assert!(SOURCE.is_match(text.as_bytes()), "{text}");
        }
        for text in [
            "<!doctype html><p>Goods that we import from afar</p>",
            "<script>import x from './a.js'</script>",
            "<p>50 <% of all</p>",
            "<p>{% a sign %} {{ and another }}</p>",
            "plain text",
        ] {
            assert!(!SOURCE.is_match(text.as_bytes()), "{text}");
        }
        assert_eq!(named("{d}.{n}.swp", "/a/b.php"), "/a/.b.php.swp");
        assert_eq!(named("{d}{s}.bak", "/b.php"), "/b.bak");
    }
}
