//! What answers to one request say of who may send it.
//!
//! Each is judged beside the others: what is not there (404), leads elsewhere or asks for a login is
//! a refusal only where somebody else gets in; where nobody does, it may be what the operation is.

use std::borrow::Cow;

use url::Url;

use crate::model::Access;
use crate::model::Request;
use crate::model::Response;
use crate::scan::probe::Door;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Likeness;
use crate::scan::probe::Shape;
use crate::scan::probe::split_words;

/// Words of addresses to which those are led who are to log in.
const LOGIN_WORDS: [&str; 11] = [
    "login",
    "logon",
    "signin",
    "sso",
    "auth",
    "oauth",
    "authenticate",
    "authentication",
    "authorize",
    "anmelden",
    "connexion",
];
const LOGIN_PAIRS: [(&str, &str); 3] = [("log", "in"), ("sign", "in"), ("log", "on")];

/// Parts of elements that hold no data and are others for everybody: tokens of forms, nonces.
const TOKENS: [&str; 4] = ["csrf", "xsrf", "token", "nonce"];

/// What one answer says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Something is given.
    Given,
    /// A page to log in at.
    Login,
    /// Another address.
    Led,
    /// There is no such thing.
    Missing,
    /// Not to whoever asks.
    Refused,
    /// Nothing about that: no answer, a fault, a limit.
    Nothing,
}

/// Whether somebody gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    In,
    Out,
    Unclear,
}

/// Answers to one request as everybody, by identity.
pub(super) struct Answers {
    grants: Vec<Grant>,
    /// Of those who get in.
    shapes: Vec<Option<Shape>>,
}

impl Answers {
    /// What they say together; `None` is no answer.
    pub(super) fn of(request: &Request, answers: &[Option<&Response>]) -> Self {
        let here = Url::parse(&request.url()).ok();
        let said: Vec<Said> = answers
            .iter()
            .map(|answer| match answer {
                Some(response) => said(request, here.as_ref(), response),
                None => Said::Nothing,
            })
            .collect();
        let grants = grants(&said);
        let pairs = grants.iter().zip(answers);
        let shapes = pairs.map(|(grant, answer)| {
            let response = answer.filter(|_| *grant == Grant::In)?;
            Some(shape(response))
        });
        let shapes = shapes.collect();
        Self { grants, shapes }
    }

    /// The first who gets in, where another look at their answer tells whether others get the same:
    /// something in it may change by itself.
    pub(super) fn doubtful(&self) -> Option<usize> {
        let first = self.first()?;
        let own = self.shapes[first].as_ref();
        self.shapes.iter().flatten().any(|shape| Some(shape) != own).then_some(first)
    }

    /// What each identity gets; `again` is another answer to the first who gets in.
    pub(super) fn cells(&self, again: Option<&Response>) -> Vec<Access> {
        let first = self.first();
        let own = first.and_then(|first| self.shapes[first].as_ref());
        let again = again.map(shape);
        let known = match (own, again) {
            (Some(own), Some(again)) => Likeness::of(&[own.clone(), again]),
            _ => None,
        };
        let is_same = |shape: &Shape| {
            own == Some(shape) || known.as_ref().is_some_and(|known| known.is(shape))
        };
        let cells = self.grants.iter().zip(&self.shapes).enumerate();
        let cells = cells.map(|(index, (grant, shape))| match (grant, shape) {
            (Grant::Out, _) => Access::Deny,
            (Grant::Unclear, _) | (Grant::In, None) => Access::Error,
            (Grant::In, Some(shape)) if Some(index) != first && is_same(shape) => Access::Same,
            (Grant::In, Some(_)) => Access::Allow,
        });
        cells.collect()
    }

    fn first(&self) -> Option<usize> {
        self.grants.iter().position(|grant| *grant == Grant::In)
    }
}

fn grants(said: &[Said]) -> Vec<Grant> {
    let has = |wanted: Said| said.contains(&wanted);
    // Where nobody gets anything else, the operation is a login, or an address that leads on.
    let (given, login, led) = (has(Said::Given), has(Said::Login), has(Said::Led));
    let grant = |said: &Said| match said {
        Said::Given => Grant::In,
        Said::Login if !given => Grant::In,
        Said::Led if !given && !login => Grant::In,
        Said::Login | Said::Led | Said::Refused => Grant::Out,
        Said::Missing if given || login || led => Grant::Out,
        Said::Missing | Said::Nothing => Grant::Unclear,
    };
    said.iter().map(grant).collect()
}

fn said(request: &Request, here: Option<&Url>, response: &Response) -> Said {
    match response.status {
        200..=299 if shows_login(request, response) => Said::Login,
        200..=299 => Said::Given,
        300..=399 => match response.header("location") {
            Some(location) if leads_to_login(here, &location.text()) => Said::Refused,
            Some(_) => Said::Led,
            None => Said::Nothing,
        },
        401 | 403 => Said::Refused,
        404 | 410 => Said::Missing,
        _ => Said::Nothing,
    }
}

fn shows_login(request: &Request, response: &Response) -> bool {
    Door::on_page(request, response).iter().any(|door| door.kind == DoorKind::Login)
}

/// Whether an address is one to log in at, by its words.
fn leads_to_login(here: Option<&Url>, location: &str) -> bool {
    let Some(url) = here.and_then(|here| here.join(location).ok()) else { return false };
    let mut words = split_words(url.path());
    if here.is_some_and(|here| here.host_str() != url.host_str()) {
        words.extend(split_words(url.host_str().unwrap_or_default()));
    }
    let is_pair = |two: &[String]| LOGIN_PAIRS.iter().any(|(a, b)| two[0] == *a && two[1] == *b);
    words.iter().any(|word| LOGIN_WORDS.contains(&word.as_str())) || words.windows(2).any(is_pair)
}

fn shape(response: &Response) -> Shape {
    Shape::of(&without_tokens(response), "", "")
}

/// A page without the elements that hold what is drawn for whoever asks.
fn without_tokens(response: &Response) -> Cow<'_, Response> {
    if !response.is_html() {
        return Cow::Borrowed(response);
    }
    let text = response.body_text();
    let is_token = |tag: &str| {
        let tag = tag.to_ascii_lowercase();
        TOKENS.iter().any(|token| tag.contains(token))
    };
    let mut kept = String::with_capacity(text.len());
    for (index, piece) in text.split('<').enumerate() {
        if index > 0 {
            kept.push('<');
        }
        match piece.split_once('>') {
            Some((tag, behind)) if index > 0 && is_token(tag) => kept.push_str(behind),
            _ => kept.push_str(piece),
        }
    }
    Cow::Owned(Response { body: kept.into_bytes(), ..response.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;
    use crate::model::Target;

    const FORM: &str = "<form method=post action=/login><input name=user>\
        <input type=password name=password></form>";

    fn response(status: u16, location: &str, body: &str) -> Response {
        let mut headers = vec![Header::new("Content-Type", "text/html")];
        if !location.is_empty() {
            headers.push(Header::new("Location", location));
        }
        Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers,
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        }
    }

    fn cells_with(answers: &[Option<Response>], again: Option<&Response>) -> Vec<Access> {
        let origin = Target::parse("http://127.0.0.1:8080/").expect("an address").origin;
        let request = Request::get(origin, "/orders/7");
        let answers: Vec<Option<&Response>> = answers.iter().map(Option::as_ref).collect();
        Answers::of(&request, &answers).cells(again)
    }

    fn cells(answers: &[(u16, &str, &str)]) -> Vec<Access> {
        let answers: Vec<_> = answers
            .iter()
            .map(|(status, location, body)| {
                (*status > 0).then(|| response(*status, location, body))
            })
            .collect();
        cells_with(&answers, None)
    }

    #[test]
    fn each_answer_is_judged_beside_the_others() {
        use Access::{Allow, Deny, Error, Same};
        let page = (200, "", "<p>to Mill Lane</p>");
        for (answers, expected) in [
            ([(401, "", ""), page, (403, "", "")], [Deny, Allow, Deny]),
            ([(302, "/account/sign-in?next=x", ""), page, page], [Deny, Allow, Same]),
            ([(302, "https://sso.example/", ""), page, (404, "", "")], [Deny, Allow, Deny]),
            // To the start page, where somebody else is let in.
            ([(302, "/", ""), page, (200, "", "<p>none</p>")], [Deny, Allow, Allow]),
            ([(200, "", FORM), page, page], [Deny, Allow, Same]),
            // The page to log in at is there for everybody.
            ([(200, "", FORM), (200, "", FORM), (302, "/", "")], [Allow, Same, Deny]),
            ([(301, "/new", ""), (301, "/new", ""), (301, "/other", "")], [Allow, Same, Allow]),
            // Gone, and for nobody.
            ([(404, "", ""), (404, "", ""), (404, "", "")], [Error, Error, Error]),
            ([(401, "", ""), (404, "", ""), (404, "", "")], [Deny, Error, Error]),
            ([(500, "", ""), page, (0, "", "")], [Error, Allow, Error]),
            ([(429, "", ""), (400, "", ""), (304, "", "")], [Error, Error, Error]),
        ] {
            assert_eq!(cells(&answers), expected, "{answers:?}");
        }
    }

    #[test]
    fn what_changes_by_itself_does_not_make_an_answer_somebody_s_own() {
        let page = |clock: u32, token: &str, data: &str| {
            let body = format!(
                "<h1>Prices</h1><input name=csrf value={token}><p>{data}</p><i>at {clock}</i>"
            );
            Some(response(200, "", &body))
        };
        let again = page(2, "a", "one");
        let judged =
            |other: Option<Response>| cells_with(&[page(1, "a", "one"), other], again.as_ref())[1];
        assert_eq!(judged(page(3, "b", "one")), Access::Same);
        assert_eq!(judged(page(3, "b", "two")), Access::Allow);
        // Without another look, nothing is known of what changes.
        let answers = [page(1, "a", "one"), page(3, "b", "one")];
        assert_eq!(cells_with(&answers, None)[1], Access::Allow);
    }
}
