//! What the shop's office sees.

use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;

use crate::demo::accounts;
use crate::demo::catalogue;
use crate::demo::html::value;
use crate::demo::orders;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::visit::Visit;

pub(in crate::demo) async fn admin(visit: Visit) -> Result<Response, Refusal> {
    visit.require_admin().await?;
    let (members, orders, coupons) = visit
        .read(|db| Ok((accounts::members(db)?, orders::latest(db)?, catalogue::coupons(db)?)))
        .await?;
    visit.page("admin.html", context! { members => value(members), orders => value(orders), coupons => value(coupons) }).await
}

pub(in crate::demo) async fn add_coupon(form: Form) -> Result<Redirect, Refusal> {
    form.visit.require_admin().await?;
    let code: String = form.fields.value("code").chars().take(40).collect();
    let percent = form.fields.number("percent").unwrap_or(0);
    if code.is_empty() || !(1..=90).contains(&percent) {
        return Err(Refusal::BadRequest("A code and 1 to 90 percent are expected."));
    }
    form.visit.write(move |db| catalogue::add_coupon(db, &code, percent)).await?;
    Ok(Redirect::to("/admin"))
}
