//! What becomes of a request that a page wants to make.

use super::paused::Paused;
use super::paused::Purpose;
use super::visit::Seen;
use crate::model::LeftAlone;
use crate::model::Request;
use crate::model::Scope;
use crate::model::SkipReason;
use crate::scan::careful;
use crate::scan::crawl::is_media;
use crate::scan::crawl::unsafe_reason;

/// Origins that are named where a page wanted to leave the scope.
const MAX_STRANGERS: usize = 5;

/// What the browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It makes its own of it: nothing of it goes anywhere.
    Inside,
    /// The target is asked.
    Send,
    /// The page stays where it is.
    Stay,
    /// It cannot be had.
    Refuse,
    /// Something that looks like an image.
    Blank,
    /// Nothing, and no more of it.
    Nothing,
}

/// What holds for all pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners<'s> {
    pub(super) scope: &'s Scope,
    pub(super) allow_unsafe: bool,
}

/// Where in the window a document is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The page itself, asked for by us or by a redirect of what we asked for.
    Start,
    /// The page wants to go elsewhere, or opens a window.
    Away,
    /// A frame of it, or no document.
    Within,
}

/// Decides, and notes in `seen` what was learnt from the request.
pub(super) fn judge(
    paused: &Paused,
    window: &str,
    is_redirect: bool,
    seen: &mut Seen,
    manners: Manners<'_>,
) -> Verdict {
    let (Some(request), Some(url)) = (&paused.request, &paused.url) else {
        return match paused.scheme.as_str() {
            "data" | "blob" | "about" => Verdict::Inside,
            _ => Verdict::Refuse,
        };
    };
    let place = place(paused, window, is_redirect, seen);
    let is_safe = request.method.is_safe();
    if place == Place::Away {
        // The crawler goes there, if anybody does; who stays can click on.
        seen.away += 1;
        if request.method.as_str() == "GET" {
            seen.link(url.clone());
        } else {
            let reason = (!manners.allow_unsafe).then(|| unsafe_to_send(request));
            seen.find(request.clone(), reason);
        }
        return Verdict::Stay;
    }
    if manners.scope.judge(&request.origin, &request.path_and_query_text()).is_err() {
        seen.activity += 1;
        seen.out_of_scope += 1;
        if seen.strangers.len() < MAX_STRANGERS {
            seen.strangers.insert(request.origin.to_string());
        }
        return refusal(place);
    }
    if !is_safe && !manners.allow_unsafe {
        seen.find(request.clone(), Some(unsafe_to_send(request)));
        return refusal(place);
    }
    // The page itself was chosen by the crawler; where it redirects to was not.
    if (place != Place::Start || is_redirect)
        && let Some(reason) = careful::reason_to_leave(url, "")
    {
        seen.find(request.clone(), Some(LeftAlone::new(SkipReason::Harmful, reason)));
        return refusal(place);
    }
    match paused.purpose {
        Purpose::Image if is_media(url) => Verdict::Blank,
        // The icon that browsers look for by themselves is one.
        _ if is_media(url) => refusal(place),
        Purpose::Image => {
            seen.link(url.clone());
            Verdict::Blank
        }
        Purpose::Media => {
            seen.link(url.clone());
            Verdict::Refuse
        }
        // A stream that ends is asked for again and again.
        Purpose::Events if !seen.streams.insert(url.to_string()) => Verdict::Nothing,
        purpose if seen.claim(purpose) => {
            seen.has_begun |= place == Place::Start;
            Verdict::Send
        }
        _ => refusal(place),
    }
}

fn unsafe_to_send(request: &Request) -> LeftAlone {
    LeftAlone::new(SkipReason::Unsafe, unsafe_reason(request.method.as_str()))
}

fn place(paused: &Paused, window: &str, is_redirect: bool, seen: &Seen) -> Place {
    if paused.purpose != Purpose::Document {
        Place::Within
    } else if paused.frame == window {
        // A page that is shown asks for no other in its place; a redirect goes on with what we asked.
        if seen.has_begun && !is_redirect { Place::Away } else { Place::Start }
    } else if seen.popups.contains(&paused.frame) {
        Place::Away
    } else {
        Place::Within
    }
}

/// A window that cannot have what it asks for stays as it is; everything else learns that it failed.
fn refusal(place: Place) -> Verdict {
    if place == Place::Start { Verdict::Stay } else { Verdict::Refuse }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Authorisation;
    use crate::model::ScopeBuilder;
    use crate::model::Target;

    fn scope() -> Scope {
        ScopeBuilder {
            origins: vec![Target::parse("http://127.0.0.1:1/").expect("valid").origin],
            include: Vec::new(),
            exclude: vec!["^/private".to_owned()],
            authorisation: Authorisation::LocalOnly,
        }
        .build()
        .expect("valid patterns")
    }

    fn asked(resource: &str, method: &str, url: &str, frame: &str) -> Paused {
        let request = json!({ "url": url, "method": method, "headers": {} });
        let params = json!({
            "requestId": "r", "frameId": frame, "resourceType": resource, "request": request,
        });
        Paused::read(&params).expect("paused")
    }

    fn judged(paused: &Paused, seen: &mut Seen, allow_unsafe: bool) -> Verdict {
        let scope = scope();
        judge(paused, "W", false, seen, Manners { scope: &scope, allow_unsafe })
    }

    #[test]
    fn the_page_is_sent_for_once_and_then_stays() {
        let mut seen = Seen::default();
        let start = asked("Document", "GET", "http://127.0.0.1:1/", "W");
        assert_eq!(judged(&start, &mut seen, false), Verdict::Send);
        let away = asked("Document", "GET", "http://127.0.0.1:1/next?a=1", "W");
        assert_eq!(judged(&away, &mut seen, false), Verdict::Stay);
        assert_eq!(seen.links[0].url.path(), "/next");
        let form = asked("Document", "POST", "http://127.0.0.1:1/cart", "W");
        assert_eq!(judged(&form, &mut seen, false), Verdict::Stay);
        assert!(seen.found[0].left_alone.as_ref().expect("a reason").reason.contains("POST"));
        let frame = asked("Document", "GET", "http://127.0.0.1:1/frame", "F");
        assert_eq!(judged(&frame, &mut seen, false), Verdict::Send);
    }

    #[test]
    fn nothing_leaves_the_scope_and_nothing_unsafe_is_sent_unless_allowed() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        for url in ["http://elsewhere.example/x", "http://127.0.0.1:1/private/x"] {
            assert_eq!(judged(&asked("XHR", "GET", url, "W"), &mut seen, true), Verdict::Refuse);
        }
        assert_eq!(seen.out_of_scope, 2);
        assert_eq!(seen.sent, 0);
        let post = asked("XHR", "POST", "http://127.0.0.1:1/api", "W");
        assert_eq!(judged(&post, &mut seen, false), Verdict::Refuse);
        assert_eq!(judged(&post, &mut seen, true), Verdict::Send);
        assert_eq!(seen.found.len(), 1, "found while it was not sent");
    }

    #[test]
    fn a_script_does_not_log_out_or_delete() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        for url in ["http://127.0.0.1:1/logout", "http://127.0.0.1:1/items/1/delete"] {
            assert_eq!(judged(&asked("XHR", "GET", url, "W"), &mut seen, true), Verdict::Refuse);
        }
        assert_eq!(seen.found.len(), 2);
    }

    #[test]
    fn media_are_not_fetched() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        let image = asked("Image", "GET", "http://127.0.0.1:1/logo.png", "W");
        assert_eq!(judged(&image, &mut seen, false), Verdict::Blank);
        assert_eq!(seen.links, []);
        let beacon = asked("Image", "GET", "http://127.0.0.1:1/track?page=1", "W");
        assert_eq!(judged(&beacon, &mut seen, false), Verdict::Blank);
        assert_eq!(seen.links.len(), 1);
        let inside = asked("Image", "GET", "data:image/png;base64,AA", "W");
        assert_eq!(judged(&inside, &mut seen, false), Verdict::Inside);
        assert_eq!(
            judged(&asked("Other", "GET", "ftp://h/", "W"), &mut seen, false),
            Verdict::Refuse
        );
    }

    #[test]
    fn a_stream_is_asked_for_once_and_waited_for_by_nobody() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        let mut stream = asked("XHR", "GET", "http://127.0.0.1:1/events", "W");
        stream.purpose = Purpose::Events;
        assert_eq!(judged(&stream, &mut seen, false), Verdict::Send);
        assert_eq!(seen.in_flight, 0);
        assert_eq!(judged(&stream, &mut seen, false), Verdict::Nothing);
    }

    #[test]
    fn a_page_that_never_stops_asking_is_cut_off() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        let mut sent = 0;
        for number in 0..1000 {
            let url = format!("http://127.0.0.1:1/api/{number}");
            sent += u32::from(
                judged(&asked("XHR", "GET", &url, "W"), &mut seen, false) == Verdict::Send,
            );
        }
        assert_eq!((sent, seen.left_out), (300, 700));
    }
}
