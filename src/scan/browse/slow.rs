//! What pages wait for in vain: a long poll answers when something happens, and here nothing does.

use std::collections::BTreeSet;

use crate::model::Request;
use crate::model::stateless_shape;

/// Kinds of requests that are remembered.
const MAX_KINDS: usize = 500;

/// Kinds of requests, by origin, method and the shape of their path, of which one took too long.
#[derive(Debug, Default)]
pub(super) struct Slow(BTreeSet<String>);

impl Slow {
    /// Remembers a request whose answer did not come, or did not end.
    pub(super) fn note(&mut self, request: &Request) {
        if self.0.len() < MAX_KINDS {
            self.0.insert(kind(request));
        }
    }

    /// Whether it is one of a kind that is remembered.
    pub(super) fn knows(&self, request: &Request) -> bool {
        !self.0.is_empty() && self.0.contains(&kind(request))
    }
}

fn kind(request: &Request) -> String {
    let path = request.path_and_query_text();
    let path = path.split('?').next().unwrap_or_default();
    format!("{} {}{}", request.method, request.origin, stateless_shape(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn what_was_slow_once_is_known_by_its_kind() {
        let get = |url: &str| {
            let target = Target::parse(url).expect("a target");
            Request::get(target.origin, target.path_and_query)
        };
        let mut slow = Slow::default();
        slow.note(&get("http://127.0.0.1:1/poll/17?since=1"));
        assert!(slow.knows(&get("http://127.0.0.1:1/poll/18?since=2")));
        assert!(!slow.knows(&get("http://127.0.0.1:1/poll/name")));
        assert!(!slow.knows(&get("http://127.0.0.1:2/poll/17")));
    }
}
