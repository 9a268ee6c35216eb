//! What becomes of a request that a page wants to make.

use super::paused::Paused;
use super::paused::Purpose;
use super::slow::Slow;
use super::visit::Seen;
use crate::model::LeftAlone;
use crate::model::Request;
use crate::model::Scope;
use crate::model::SkipReason;
use crate::scan::careful;
use crate::scan::crawl::Allowance;
use crate::scan::crawl::ROBOTS_REASON;
use crate::scan::crawl::is_media;
use crate::scan::crawl::unsafe_reason;

/// Streams of events that one page gets.
const MAX_STREAMS: usize = 4;

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
    /// No answer while the page is shown, which is what it would have got.
    Silence,
}

/// What holds for all pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners<'s> {
    pub(super) scope: &'s Scope,
    pub(super) allow_unsafe: bool,
    pub(super) allowance: &'s Allowance,
    /// Time or bytes are used up.
    pub(super) is_spent: bool,
    /// What its like has taken too long to answer.
    pub(super) slow: &'s Slow,
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
    seen: &mut Seen,
    manners: Manners<'_>,
) -> Verdict {
    let (Some(request), Some(url)) = (&paused.request, &paused.url) else {
        return match paused.scheme.as_str() {
            "data" | "blob" | "about" => Verdict::Inside,
            _ => Verdict::Refuse,
        };
    };
    let place = place(paused, window, seen);
    if place == Place::Away {
        // The crawler goes there, if anybody does; who stays can click on.
        seen.away += 1;
        let is_unsafe = request.method.as_str() != "GET" && !manners.allow_unsafe;
        match is_unsafe.then(|| unsafe_to_send(request)) {
            None => seen.leave_to_crawler(request, url),
            reason => seen.find(request.clone(), reason),
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
    if let Some(reason) = reason_to_leave(paused, place, manners) {
        seen.find(request.clone(), Some(reason));
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
        Purpose::Events if seen.streams.contains(url.as_str()) => Verdict::Nothing,
        Purpose::Events if seen.streams.len() >= MAX_STREAMS => {
            seen.leave_to_crawler(request, url);
            Verdict::Nothing
        }
        Purpose::Data if manners.slow.knows(request) => {
            seen.slow += 1;
            seen.leave_to_crawler(request, url);
            Verdict::Silence
        }
        _ if !seen.has_room() => refusal(place),
        _ if manners.is_spent || !manners.allowance.claim(request) => {
            seen.leave_to_crawler(request, url);
            refusal(place)
        }
        purpose => {
            seen.has_begun |= place == Place::Start;
            if purpose == Purpose::Events {
                seen.streams.insert(url.to_string());
            }
            seen.send(&paused.id, request);
            Verdict::Send
        }
    }
}

/// Why the request is not to be sent, if anything speaks against it.
fn reason_to_leave(paused: &Paused, place: Place, manners: Manners<'_>) -> Option<LeftAlone> {
    let (request, url) = (paused.request.as_ref()?, paused.url.as_ref()?);
    if !request.method.is_safe() && !manners.allow_unsafe {
        return Some(unsafe_to_send(request));
    }
    // The page itself was chosen by the crawler; where it redirects to was not.
    if place == Place::Start && !paused.is_redirect {
        return None;
    }
    if let Some(reason) = careful::reason_to_leave(url, "") {
        return Some(LeftAlone::new(SkipReason::Harmful, reason));
    }
    let is_allowed = manners.allowance.robots_allow(request);
    (!is_allowed).then(|| LeftAlone::new(SkipReason::Robots, ROBOTS_REASON))
}

fn unsafe_to_send(request: &Request) -> LeftAlone {
    LeftAlone::new(SkipReason::Unsafe, unsafe_reason(request.method.as_str()))
}

fn place(paused: &Paused, window: &str, seen: &Seen) -> Place {
    if paused.purpose != Purpose::Document {
        Place::Within
    } else if paused.frame == window {
        // A page that is shown asks for no other in its place; a redirect goes on with what we asked.
        if seen.has_begun && !paused.is_redirect { Place::Away } else { Place::Start }
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
    use crate::scan::crawl::allowance;

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
        judged_of(paused, seen, allow_unsafe, &allowance(2000, ""))
    }

    fn judged_of(
        paused: &Paused,
        seen: &mut Seen,
        allow_unsafe: bool,
        allowance: &Allowance,
    ) -> Verdict {
        let (scope, mut slow) = (scope(), Slow::default());
        slow.note(
            asked("XHR", "GET", "http://127.0.0.1:1/poll/7", "W").request.as_ref().expect("one"),
        );
        judge(
            paused,
            "W",
            seen,
            Manners { scope: &scope, allow_unsafe, allowance, is_spent: false, slow: &slow },
        )
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
    fn a_stream_is_asked_for_once_and_a_few_are_for_one_page() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        let mut stream = asked("XHR", "GET", "http://127.0.0.1:1/events", "W");
        stream.purpose = Purpose::Events;
        assert_eq!(judged(&stream, &mut seen, false), Verdict::Send);
        assert_eq!(judged(&stream, &mut seen, false), Verdict::Nothing);
        let mut sent = 1;
        for number in 0..10 {
            let url = format!("http://127.0.0.1:1/events/{number}");
            let stream = Paused { purpose: Purpose::Events, ..asked("XHR", "GET", &url, "W") };
            sent += usize::from(judged(&stream, &mut seen, false) == Verdict::Send);
        }
        assert_eq!((sent, seen.links.len()), (MAX_STREAMS, 11 - MAX_STREAMS));
    }

    #[test]
    fn what_takes_long_each_time_is_left_to_the_crawler() {
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        let poll = asked("XHR", "GET", "http://127.0.0.1:1/poll/8?since=3", "W");
        assert_eq!(judged(&poll, &mut seen, false), Verdict::Silence);
        assert_eq!((seen.slow, seen.sent, seen.links.len()), (1, 0, 1));
        let document = asked("Document", "GET", "http://127.0.0.1:1/poll/8", "F");
        assert_eq!(judged(&document, &mut seen, false), Verdict::Send);
    }

    #[test]
    fn what_robots_disallow_is_not_sent_unless_the_crawler_chose_it() {
        let allowance = allowance(2000, "User-agent: *\nDisallow: /quiet");
        let mut seen = Seen::default();
        let start = asked("Document", "GET", "http://127.0.0.1:1/quiet", "W");
        assert_eq!(judged_of(&start, &mut seen, false, &allowance), Verdict::Send);
        let data = asked("XHR", "GET", "http://127.0.0.1:1/quiet/x", "W");
        assert_eq!(judged_of(&data, &mut seen, false, &allowance), Verdict::Refuse);
        assert_eq!(seen.found[0].left_alone.as_ref().expect("a reason").why, SkipReason::Robots);
        let redirected = Paused { is_redirect: true, ..start };
        assert_eq!(judged_of(&redirected, &mut seen, false, &allowance), Verdict::Stay);
    }

    #[test]
    fn urls_that_are_used_up_end_the_new_ones_of_pages_too() {
        let allowance = allowance(2, "");
        let mut seen = Seen { has_begun: true, ..Seen::default() };
        let mut ask = |path: &str| {
            let url = format!("http://127.0.0.1:1{path}");
            judged_of(&asked("XHR", "GET", &url, "W"), &mut seen, false, &allowance)
        };
        assert_eq!(ask("/a"), Verdict::Send);
        assert_eq!(ask("/b"), Verdict::Send);
        assert_eq!(ask("/c"), Verdict::Refuse);
        assert_eq!(ask("/a"), Verdict::Send);
        assert_eq!(seen.links[0].url.path(), "/c", "it waits for whoever raises the bound");
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
