//! The annex's routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use axum::routing::get;
use axum::routing::post;

use super::cache;
use super::club;
use super::content;
use super::directory;
use super::feeds;
use super::graphql;
use super::hidden;
use super::jwt;
use super::mail;
use super::reset;
use super::settings;
use super::sql;
use super::text;
use super::trade;
use crate::demo::shop::Shop;

/// Pages and interfaces that both shops have.
pub(in crate::demo) fn routes() -> Router<Arc<Shop>> {
    pages().merge(accounts()).merge(interfaces()).merge(files())
}

/// What a careless deployment leaves open.
pub(in crate::demo) fn leftovers() -> Router<Arc<Shop>> {
    Router::new().route("/actuator/env", get(hidden::environment))
}

fn pages() -> Router<Arc<Shop>> {
    Router::new()
        .route("/services", get(hidden::services))
        .route("/partners/network", get(text::network))
        .route("/billing/copy", get(text::invoice_copy_form).post(text::invoice_copy))
        .route("/gifts/greeting", get(text::greeting_form).post(text::greeting))
        .route("/help/faq", get(text::faq_topics))
        .route("/help/faq/{topic}", get(text::faq))
        .route("/gifts/label", get(text::gift_label))
        .route("/contact/staff", get(directory::staff))
        .route("/partners/dealers", get(directory::dealers_form).post(directory::dealers))
        .route("/news/alerts", get(sql::alerts_form).post(sql::alert))
        .route("/news/alerts/matches", get(sql::matches))
        .route("/news/currency", get(sql::currency))
        .route("/news/prices", get(sql::prices))
        .route("/contact/message", get(mail::message_form).post(mail::message))
        .route("/contact/outbox", get(mail::outbox))
        .route("/help/info", get(content::info))
        .route("/my/preferences", get(content::preferences))
        .route("/community/guestbook.shtml", get(content::guestbook))
        .route("/community/guestbook", post(content::sign_guestbook))
        .route("/community/gallery", get(content::gallery_form).post(content::gallery))
        .route("/community/gallery/photos", get(content::gallery_list))
        .route("/partners/webhooks", get(feeds::webhooks).post(feeds::try_webhook))
        .route("/news/offers", get(hidden::offers))
        .route("/news/finder", get(hidden::finder))
        .route("/contact/chat", get(hidden::chat))
        .route("/news/campaign", get(cache::campaign))
        .route("/gifts/wish-list", get(trade::wish_list_form).post(trade::share))
        .route("/gifts/wish-list/shared/{token}", get(trade::shared))
}

fn accounts() -> Router<Arc<Shop>> {
    Router::new()
        .route("/club", get(club::club))
        .route("/club/login", post(club::login))
        .route("/club/logout", post(club::logout))
        .route("/club/points.json", get(club::points))
        .route("/partners/offers.json", get(club::partner_offers))
        .route("/help/password-reset", get(reset::form).post(reset::request))
        .route("/help/password-reset/confirm", get(reset::confirm_form).post(reset::confirm))
        .route("/partners/trade", get(trade::trade_form).post(trade::trade))
        .route("/partners/trade/return", get(trade::partner_login))
        .route("/help/repairs", get(trade::repairs).post(trade::repairs_posted))
        .route("/billing/invoices/{number}", get(trade::invoice))
        .route("/members/prices.csv", get(trade::member_prices))
        .route("/my/address", get(trade::address_form).post(trade::address))
        .route("/account/{*rest}", get(cache::below_account))
        .route("/console", get(trade::console))
        .route("/internal/report", get(trade::internal_report))
}

fn interfaces() -> Router<Arc<Shop>> {
    Router::new()
        .route("/api/quote", post(text::quote))
        .route("/api/club/login", post(club::api_login))
        .route("/api/partner/stock", post(sql::partner_stock))
        .route("/api/partner/feed", post(feeds::feed))
        .route("/api/images/import", post(feeds::import_image))
        .route("/api/manuals/check", post(content::manual))
        .route("/api/reference/check", post(content::reference))
        .route("/api/settings", get(settings::show).post(settings::change))
        .route("/api/price-history", get(settings::price_history))
        .route("/api/notices/{id}", any(hidden::notice))
        .route("/api/app/token", post(jwt::issue))
        .route("/api/app/profile", get(jwt::profile))
        .route("/graphql", get(graphql::get).post(graphql::post))
}

fn files() -> Router<Arc<Shop>> {
    Router::new()
        .route("/assets/", get(hidden::assets))
        .route("/assets/{name}", get(hidden::asset).put(hidden::put_asset))
        .route("/static/offers.js", get(hidden::offers_script))
        .route("/static/offers.js.map", get(hidden::offers_map))
        .route("/static/finder.js", get(hidden::finder_script))
        .route("/static/chat.js", get(hidden::chat_script))
        .route("/actuator/health", get(hidden::health))
}
