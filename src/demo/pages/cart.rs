//! Cart, coupons and checkout.

use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;

use crate::demo::catalogue;
use crate::demo::html::value;
use crate::demo::orders;
use crate::demo::orders::Wanted;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::visit::Visit;

pub(in crate::demo) async fn cart(visit: Visit) -> Result<Response, Refusal> {
    show(&visit, "cart.html", None).await
}

pub(in crate::demo) async fn add(form: Form) -> Result<Response, Refusal> {
    let product_id = form.fields.number("product_id").ok_or(Refusal::NotFound)?;
    let quantity = form.fields.number("quantity").unwrap_or(1).clamp(1, 99);
    let visit = form.visit;
    let known = visit.read(move |db| catalogue::by_id(db, product_id)).await?;
    known.ok_or(Refusal::NotFound)?;
    visit.change(|state| state.add(product_id, quantity));
    Ok(visit.with_cookie(Redirect::to("/cart")))
}

pub(in crate::demo) async fn remove(form: Form) -> Result<Response, Refusal> {
    let product_id = form.fields.number("product_id").ok_or(Refusal::NotFound)?;
    form.visit.change(|state| {
        state.cart.remove(&product_id);
    });
    Ok(form.visit.with_cookie(Redirect::to("/cart")))
}

pub(in crate::demo) async fn coupon(form: Form) -> Result<Response, Refusal> {
    let code: String = form.fields.value("code").chars().take(40).collect();
    let visit = form.visit;
    let wanted = code.clone();
    let Some(percent) = visit.read(move |db| catalogue::coupon(db, &wanted)).await? else {
        return show(&visit, "cart.html", Some("We do not know this coupon.")).await;
    };
    visit.change(|state| state.coupon = Some((code, percent)));
    Ok(visit.with_cookie(Redirect::to("/cart")))
}

pub(in crate::demo) async fn checkout_form(visit: Visit) -> Result<Response, Refusal> {
    show(&visit, "checkout.html", None).await
}

pub(in crate::demo) async fn checkout(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let ship_to: String = form.fields.value("ship_to").chars().take(200).collect();
    let state = visit.state();
    let wanted: Vec<Wanted> = state.cart.into_iter().collect();
    let lines = visit.read(move |db| orders::lines(db, &wanted)).await?;
    if lines.is_empty() {
        return show(&visit, "checkout.html", Some("Your cart is empty.")).await;
    }
    if ship_to.trim().is_empty() {
        return show(&visit, "checkout.html", Some("Where should we send it?")).await;
    }
    visit.pay().await;
    let percent = state.coupon.map_or(0, |(_, percent)| percent);
    let total = orders::total(&lines, percent);
    let id =
        visit.write(move |db| orders::place(db, state.user_id, &ship_to, &lines, percent)).await?;
    visit.change(|state| {
        state.cart.clear();
        state.coupon = None;
    });
    visit.page("checkout.html", context! { placed => id, total }).await
}

async fn show(visit: &Visit, page: &str, problem: Option<&str>) -> Result<Response, Refusal> {
    let state = visit.state();
    let wanted: Vec<Wanted> = state.cart.into_iter().collect();
    let lines = match wanted.as_slice() {
        [] => Vec::new(),
        _ => visit.read(move |db| orders::lines(db, &wanted)).await?,
    };
    let (coupon, percent) = state.coupon.unwrap_or_default();
    let total = orders::total(&lines, percent);
    visit.page(page, context! { lines => value(lines), coupon, percent, total, problem }).await
}
