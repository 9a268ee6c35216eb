//! What checks of the whole site ask for, and where.

use std::collections::BTreeSet;

use crate::model::Method;
use crate::model::Request;
use crate::scan::checks::query::path_of;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Asks for a path as the session.
pub(super) async fn ask_path(probe: &mut SiteProbe, path: &str) -> Result<Shot, ProbeStop> {
    let Some(request) = at(probe, "GET", path) else { return Err(ProbeStop::Stopped) };
    probe.ask_as(Whom::Session, request, path, None).await
}

/// A request to the site without a body; `None` where nothing is known of it.
pub(super) fn at(probe: &SiteProbe, method: &str, path: &str) -> Option<Request> {
    let site = probe.site();
    let start = site.nodes().next()?;
    let mut request = Request::get(start.examples[0].origin.clone(), path);
    request.method = Method::new(method);
    Some(request)
}

/// Paths of pages that were read, without their queries, in the order of the site.
pub(super) fn paths(probe: &SiteProbe) -> Vec<String> {
    let site = probe.site();
    let Some(start) = site.nodes().next() else { return Vec::new() };
    let origin = &start.examples[0].origin;
    let mut seen = BTreeSet::new();
    let own = site.nodes().filter(|node| node.reached && node.method == "GET");
    let requests = own.filter_map(|node| node.examples.first());
    requests
        .filter(|request| request.origin == *origin)
        .map(path_of)
        .filter(|path| seen.insert(path.clone()))
        .collect()
}

/// Directories of paths, with a slash at the end, those near the root first.
pub(super) fn directories(paths: &[String]) -> Vec<String> {
    let mut found = BTreeSet::from(["/".to_owned()]);
    for path in paths {
        for (at, _) in path.match_indices('/') {
            found.insert(path[..=at].to_owned());
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|path| path.matches('/').count());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_all_that_paths_go_through() {
        let paths = ["/a/b/c.html".to_owned(), "/x".to_owned(), "/a/d/".to_owned()];
        assert_eq!(directories(&paths), ["/", "/a/", "/a/b/", "/a/d/"]);
    }
}
