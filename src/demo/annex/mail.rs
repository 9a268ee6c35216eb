//! Messages to the shop, and the mails it would have sent.

use axum::response::Response;
use minijinja::context;

use super::state::Mail;
use crate::demo::html::value;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::visit::Visit;

/// The shop sends no mail: this shows a visitor what they have had sent.
pub(in crate::demo) async fn outbox(visit: Visit) -> Result<Response, Refusal> {
    let mails = visit.shop.annex.mails.all(|mail| mail.sender == visit.session());
    visit.page("outbox.html", context! { mails => value(mails) }).await
}

pub(in crate::demo) async fn message_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("message.html", context! {}).await
}

/// Sends a message to the shop and shows it as it was sent.
pub(in crate::demo) async fn message(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let field = |name| form.fields.value(name).chars().take(1000).collect::<String>();
    let (mut email, mut subject) = (field("email"), field("subject"));
    if !visit.has("mail-header-message") {
        for value in [&mut email, &mut subject] {
            *value = value.replace(['\r', '\n'], " ");
        }
    }
    let source = format!(
        "To: hello@shop.example\r\nFrom: {email}\r\nSubject: {subject}\r\n\r\n{}\r\n",
        field("text")
    );
    send(&visit, source.clone());
    let page = visit.page("message.html", context! { source }).await?;
    Ok(visit.with_cookie(page))
}

/// Puts a mail into the outbox.
pub(super) fn send(visit: &Visit, source: String) {
    visit.shop.annex.mails.push(Mail { sender: visit.session().to_owned(), source });
}
