//! Which of many hosts a recording is about.

use super::operation::Imported;
use super::options::Options;

/// Makes the origin that most operations go to the plan's target, keeps those of its own family of
/// hosts, and leaves the others out by name.
pub(super) fn settle(imported: &mut Imported, options: &Options) {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for origin in imported.operations.iter().filter_map(|operation| operation.origin.as_ref()) {
        match counts.iter_mut().find(|(known, _)| known == origin) {
            Some((_, count)) => *count += 1,
            None => counts.push((origin.clone(), 1)),
        }
    }
    // The first of equals: where the recording began.
    let Some(main) = counts.iter().rev().max_by_key(|(_, count)| *count) else { return };
    let main = main.0.clone();
    let foreign: Vec<String> = counts
        .iter()
        .filter(|(origin, _)| !are_related(&main, origin))
        .map(|(origin, count)| format!("{origin} ({count})"))
        .collect();
    if !foreign.is_empty() {
        let text = format!("requests to other hosts are left out: {}", foreign.join(", "));
        imported.warn("hosts", text);
    }
    super::steps::retain(imported, |operation| {
        operation.origin.as_ref().is_none_or(|origin| are_related(&main, origin))
    });
    for operation in &mut imported.operations {
        if operation.origin.as_ref() == Some(&main) {
            operation.origin = None;
        }
    }
    imported.origin = Some(options.origin().unwrap_or(main));
}

/// Whether two origins are hosts of one owner, as far as names say it: `www.a.example` and
/// `api.a.example`.
fn are_related(one: &str, other: &str) -> bool {
    let (one, other) = (host(one), host(other));
    if one == other {
        return true;
    }
    let is_address = |host: &str| host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
    if is_address(one) || is_address(other) {
        return false;
    }
    let parent = family(one);
    parent.contains('.') && (other == parent || other.ends_with(&format!(".{parent}")))
}

/// The host without its first label, as long as a name of one's own is left: not `co.uk`.
fn family(host: &str) -> &str {
    match host.split_once('.') {
        Some((_, rest)) => {
            let labels: Vec<&str> = rest.split('.').collect();
            let is_own = labels.len() > 2 || labels.len() == 2 && labels[0].len() > 3;
            if is_own { rest } else { host }
        }
        None => host,
    }
}

fn host(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    match rest.find(']') {
        Some(end) => &rest[..=end],
        None => rest.split(':').next().unwrap_or(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_owner_belong_together() {
        let related = |one: &str, other: &str| {
            are_related(&format!("https://{one}"), &format!("https://{other}"))
        };
        assert!(related("app.shop.example", "api.shop.example"));
        assert!(related("shop.example", "cdn.shop.example"));
        assert!(related("127.0.0.1:80", "127.0.0.1:81"));
        assert!(!related("shop.co.uk", "other.co.uk"));
        assert!(!related("shop.example", "tracker.test"));
        assert!(!related("127.0.0.1", "127.0.0.2"));
    }
}
