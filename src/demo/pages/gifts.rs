//! Gift cards: a form whose token is good for one use, and only the last one that was shown.

use axum::body::Bytes;
use axum::response::Response;
use minijinja::context;

use crate::demo::refusal::Refusal;
use crate::demo::request::Params;
use crate::demo::visit::Visit;

pub(in crate::demo) async fn form(visit: Visit) -> Result<Response, Refusal> {
    show(&visit, "").await
}

/// Says what is left on a card, which is known of none: who wants to guess numbers needs a new form
/// for each.
pub(in crate::demo) async fn balance(visit: Visit, body: Bytes) -> Result<Response, Refusal> {
    let fields = Params::parse(&body);
    let mut expected = None;
    visit.change(|state| expected = state.once.take());
    if expected.as_deref() != Some(fields.value("csrf")) {
        return Err(Refusal::Forbidden);
    }
    show(&visit, fields.value("code")).await
}

async fn show(visit: &Visit, code: &str) -> Result<Response, Refusal> {
    let once = visit.shop.sessions.fresh_id();
    visit.change(|state| state.once = Some(once.clone()));
    visit.page("gift-card.html", context! { once, code }).await
}
