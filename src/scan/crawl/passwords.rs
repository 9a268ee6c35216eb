//! Forms that take a password, as somebody who is logged in may send them: with their own.
//!
//! It opens what asks for it, and where a new one is set it changes nothing. Left alone are the form at
//! which the scan itself logs in, and those that ask for the password to confirm something.

use url::Url;

use crate::model::Request;
use crate::scan::door::Door;
use crate::scan::door::DoorKind;
use crate::scan::door::new_passwords;
use crate::scan::persona::Whom;
use crate::scan::point::with_point;
use crate::scan::session::Entrance;
use crate::scan::session::Keeper;
use crate::scan::traffic::Traffic;

/// A form's request as whoever looks at the site may send it.
pub(super) enum Own {
    /// It logs in once more.
    LogsIn(Request),
    /// It sets the password that is set already.
    Sets(Request),
}

/// The request of a form that stands on `page`, filled in with what the session logs in with; `None`
/// where that is not known, or could do harm.
pub(super) fn with_own(request: &Request, page: &Url, traffic: &Traffic) -> Option<Own> {
    let persona = traffic.persona(Whom::Session);
    let entrance = persona.keeper().and_then(Keeper::entrance);
    if entrance.is_some_and(|entrance| is_at(&entrance, page)) {
        return None;
    }
    let (user, password) = (persona.known.names.first()?, persona.known.password.as_ref()?);
    if let Some(door) = Door::of_form(request, page) {
        return (door.kind == DoorKind::Login).then(|| Own::LogsIn(door.filled(user, password)));
    }
    let points = new_passwords(request);
    let fill = |request: Request, point| with_point(&request, point, password).unwrap_or(request);
    (!points.is_empty()).then(|| Own::Sets(points.iter().fold(request.clone(), fill)))
}

/// Whether the page is the one at which somebody logs in.
fn is_at(entrance: &Entrance, page: &Url) -> bool {
    let (Entrance::Page(request) | Entrance::Request(request)) = entrance;
    let target = request.path_and_query_text();
    target.split('?').next() == Some(page.path())
}
