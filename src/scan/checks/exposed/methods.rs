//! Files that anybody can put onto the server, and take away.
//!
//! Only where the run may send what changes something: in the root, in directories with files, and where
//! the server names PUT among its methods. The file has a random name that is not there, and says
//! what it is; it must be read back to the letter, and is then deleted: it must be gone. An interface
//! that keeps what it is sent as a record does not give it back as it was. Cost: 2 requests for each of
//! at most 6 directories, 5 where PUT works.

use super::whole_site::ask_path;
use super::whole_site::at;
use super::whole_site::directories;
use super::whole_site::paths;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Directories that are asked.
const MAX_DIRECTORIES: usize = 6;

/// See the module.
pub(crate) struct Methods;

impl SiteCheck for Methods {
    fn id(&self) -> &'static str {
        "http-methods"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let site = probe.site();
    // What was reached was sent, so it may be sent.
    if !site.nodes().any(|node| node.reached && !node.examples[0].method.is_safe()) {
        return Ok(Outcome::Skipped("nothing that changes something may be sent".to_owned()));
    }
    let paths = paths(probe);
    let mut directories = directories(&paths);
    // Nearest to the root first, but before all others those with files.
    directories.sort_by_key(|directory| !has_files(directory, &paths));
    for directory in directories.into_iter().take(MAX_DIRECTORIES) {
        let is_likely = directory == "/" || has_files(&directory, &paths);
        if !is_likely && !offers_put(probe, &directory).await? {
            continue;
        }
        let Some(proof) = put(probe, &directory).await? else { continue };
        if let Some(base) = at(probe, "PUT", &directory) {
            probe.found_at(base, None, proof);
        }
        break;
    }
    Ok(Outcome::Clean)
}

/// Whether something that looks like a file stands in a directory.
fn has_files(directory: &str, paths: &[String]) -> bool {
    let names = paths.iter().filter_map(|path| path.strip_prefix(directory));
    names.into_iter().any(|name| !name.contains('/') && name.contains('.'))
}

async fn offers_put(probe: &mut SiteProbe, directory: &str) -> Result<bool, ProbeStop> {
    let Some(request) = at(probe, "OPTIONS", directory) else { return Ok(false) };
    let shot = probe.ask_as(Whom::Session, request, "OPTIONS", None).await?;
    let response = shot.response();
    let says = |name: &str, word: &str| {
        response.header(name).is_some_and(|it| it.text().to_ascii_uppercase().contains(word))
    };
    Ok(says("allow", "PUT") || says("public", "PUT") || response.header("dav").is_some())
}

async fn put(probe: &mut SiteProbe, directory: &str) -> Result<Option<Proof>, ProbeStop> {
    let word = probe.sender().word();
    let path = format!("{directory}{}.txt", probe.sender().word());
    let text = format!("{word}: put here by a scanner, to be deleted\n");
    let before = ask_path(probe, &path).await?;
    let sent = send(probe, "PUT", &path, &text).await?;
    if !matches!(sent.response().status, 200 | 201 | 204) {
        return Ok(None);
    }
    let read = ask_path(probe, &path).await?;
    let is_it = |shot: &Shot| shot.response().body == text.as_bytes();
    let is_kept = read.response().status == 200 && is_it(&read) && !is_it(&before);
    let deleted = send(probe, "DELETE", &path, "").await?;
    let after = ask_path(probe, &path).await?;
    if !is_kept {
        return Ok(None);
    }
    let gone = if is_it(&after) { "is still there: DELETE does not work" } else { "is gone again" };
    let detail = format!(
        "a file was put to {path} (status {}), was read back to the letter, and after DELETE (status \
         {}) {gone}",
        sent.response().status,
        deleted.response().status
    );
    let mark = read.find(&word);
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        payloads: vec![text],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, before),
            Exhibit::new(EvidenceRole::Attack, sent),
            Exhibit::marked(EvidenceRole::Replay, read, mark),
            Exhibit::new(EvidenceRole::Control, after),
        ],
    }))
}

async fn send(
    probe: &mut SiteProbe,
    method: &str,
    path: &str,
    text: &str,
) -> Result<Shot, ProbeStop> {
    let Some(mut request) = at(probe, method, path) else { return Err(ProbeStop::Stopped) };
    if !text.is_empty() {
        request.headers.push(Header::new("Content-Type", "text/plain"));
        request.body = text.as_bytes().to_vec();
    }
    probe.ask_as(Whom::Session, request, path, None).await
}
