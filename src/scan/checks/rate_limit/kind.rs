//! What an answer says of a limit: that the request was let in, that it was refused, or nothing.

use crate::model::Response;
use crate::model::Wall;
use crate::scan::probe::Likeness;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    LetIn,
    Refused,
    /// It may be a refusal in other words, or the target fails.
    Odd,
}

impl Kind {
    /// What an answer is; `refused` are the plan's statuses, and `first` is what the first one had that
    /// was let in.
    pub(super) fn of(response: &Response, refused: &[u16], first: Option<u16>) -> Self {
        let status = response.status;
        if is_refusal(response, refused) {
            return Self::Refused;
        }
        if Wall::of(response).is_some() {
            return Self::Odd;
        }
        let is_usual = match first {
            None => status < 500 && !matches!(status, 403..=405),
            Some(first) => first == status || is_plain(first) && is_plain(status),
        };
        if is_usual { Self::LetIn } else { Self::Odd }
    }
}

fn is_refusal(response: &Response, refused: &[u16]) -> bool {
    match refused {
        [] => {
            let status = response.status;
            status == 429 || status == 503 && response.header("retry-after").is_some()
        }
        statuses => statuses.contains(&response.status),
    }
}

/// What a service answers of its own accord: the first of several copies may be created, and the others
/// be in conflict with it.
fn is_plain(status: u16) -> bool {
    matches!(status, 200..=299 | 400 | 409 | 410 | 412 | 422)
}

/// What those look like that were let in.
#[derive(Debug, Clone)]
pub(super) struct Usual {
    status: u16,
    media_type: String,
    /// Without one, pages change too much to be compared.
    likeness: Option<Likeness>,
}

impl Usual {
    /// Of the first that were let in; `None` of none.
    pub(super) fn of(let_in: &[Shot]) -> Option<Self> {
        let last = let_in.last()?.response();
        let shapes: Vec<Shape> =
            let_in.iter().map(|shot| Shape::of(shot.response(), "", "")).collect();
        Some(Self {
            status: last.status,
            media_type: last.media_type(),
            likeness: Likeness::of(&shapes),
        })
    }

    /// Whether an answer is of their kind, and no other page. `sent` is what differed in the request, and
    /// `instead` what stood there otherwise.
    pub(super) fn is(&self, shot: &Shot, sent: &str, instead: &str) -> bool {
        let response = shot.response();
        let is_elsewhere = matches!(response.status, 300..=399 | 404 | 405);
        if response.status != self.status || is_elsewhere {
            return false;
        }
        if shot.exchange.request.method.as_str() == "HEAD" {
            return true;
        }
        match &self.likeness {
            Some(likeness) => likeness.is(&Shape::of(response, sent, instead)),
            None => response.media_type() == self.media_type,
        }
    }

    /// Whether an answer to a plain copy shows something else than the first ones did.
    pub(super) fn has_changed(&self, shot: &Shot) -> bool {
        let shape = Shape::of(shot.response(), "", "");
        shot.response().status == self.status
            && self.likeness.as_ref().is_some_and(|likeness| !likeness.is(&shape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
        Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        }
    }

    #[test]
    fn refusals_are_what_is_usual_or_what_the_plan_says() {
        let later = [("Retry-After", "5")];
        for (status, headers, refused, kind) in [
            (200, &[][..], &[][..], Kind::LetIn),
            (401, &[], &[], Kind::LetIn),
            (302, &[], &[], Kind::LetIn),
            (429, &[], &[], Kind::Refused),
            (503, &later, &[], Kind::Refused),
            (503, &[], &[], Kind::Odd),
            (500, &[], &[], Kind::Odd),
            (404, &[], &[], Kind::Odd),
            (403, &[], &[403], Kind::Refused),
            (429, &[], &[403], Kind::LetIn),
        ] {
            assert_eq!(Kind::of(&answer(status, headers), refused, None), kind, "{status}");
        }
    }

    #[test]
    fn what_changes_on_the_way_may_be_a_refusal() {
        let then = |first, status| Kind::of(&answer(status, &[]), &[], Some(first));
        assert_eq!(then(201, 409), Kind::LetIn);
        assert_eq!(then(401, 401), Kind::LetIn);
        assert_eq!(then(401, 403), Kind::Odd);
        assert_eq!(then(200, 302), Kind::Odd);
        assert_eq!(then(200, 503), Kind::Odd);
    }
}
