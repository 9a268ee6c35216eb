//! The shop's state and its routes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::any;
use axum::routing::get;
use axum::routing::post;

use super::annex;
use super::annex::Annex;
use super::api;
use super::coupon;
use super::crowd;
use super::crowd::Counter;
use super::dials;
use super::dials::Dialled;
use super::faults::Balancer;
use super::faults::CheckoutLock;
use super::files::Files;
use super::html::Templates;
use super::maze;
use super::observe;
use super::openapi;
use super::pages;
use super::refusal::ApiRefusal;
use super::refusal::Refusal;
use super::seed;
use super::serve::DemoError;
use super::serve::ShopOptions;
use super::session::Sessions;
use super::store::Store;
use super::tickets;
use super::tickets::Tickets;

const BODY_LIMIT_BYTES: usize = 256 << 10;

/// Everything the handlers share.
#[derive(Debug)]
pub(super) struct Shop {
    /// Whether the planted flaws are in.
    pub(super) flawed: bool,
    /// Where it listens.
    pub(super) address: SocketAddr,
    pub(super) store: Store,
    pub(super) sessions: Sessions,
    pub(super) templates: Templates,
    pub(super) files: Files,
    pub(super) balancer: Balancer,
    pub(super) checkout_lock: CheckoutLock,
    pub(super) maze: maze::Rooms,
    pub(super) annex: Annex,
    pub(super) counter: Counter,
    pub(super) tickets: Tickets,
    pub(super) dialled: Arc<Dialled>,
}

/// Fills `directory` and gives the shop's routes.
pub(super) fn open(
    directory: &Path,
    address: SocketAddr,
    options: ShopOptions,
) -> Result<Router, DemoError> {
    let flawed = !options.safe;
    let mut secret = [0; 32];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut secret)
        .map_err(|_| DemoError::Random)?;
    let dialled = Arc::new(Dialled::new(options.dials));
    let shop = Arc::new(Shop {
        flawed,
        address,
        store: Store::create(&directory.join("shop.sqlite"), Arc::clone(&dialled), |db| {
            seed::seed(db, !flawed)?;
            seed::visits(db, options.dials.rows_to_scan())
        })?,
        sessions: Sessions::new(secret),
        templates: Templates::new(flawed),
        files: Files::create(directory).map_err(DemoError::Files)?,
        balancer: Balancer::default(),
        checkout_lock: CheckoutLock::new(flawed),
        maze: maze::Rooms::new(address, options.maze),
        annex: Annex::new(),
        counter: Counter::new(),
        tickets: Tickets::default(),
        dialled: Arc::clone(&dialled),
    });
    let mut routes = pages().merge(api()).merge(crawl_site()).merge(annex::routes());
    routes = routes.merge(crowd::routes()).merge(coupon::routes()).merge(tickets::routes());
    if flawed {
        routes = routes.merge(leftovers()).merge(annex::leftovers());
    }
    let routes = routes
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .with_state(Arc::clone(&shop));
    // Around the routes and not a layer of them, because the guard may change the path.
    let guarded = Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn_with_state(Arc::clone(&shop), annex::guard));
    let observed = middleware::from_fn_with_state(shop, observe::observe);
    if options.dials.are_off() {
        return Ok(guarded.layer(observed));
    }
    Ok(guarded
        .layer(middleware::from_fn_with_state(Arc::clone(&dialled), dials::back))
        .layer(observed)
        .layer(middleware::from_fn_with_state(dialled, dials::front)))
}

async fn not_found(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return ApiRefusal(Refusal::NotFound).into_response();
    }
    Refusal::NotFound.into_response()
}

fn pages() -> Router<Arc<Shop>> {
    Router::new()
        .route("/", get(pages::catalogue::home))
        .route("/products", get(pages::catalogue::products))
        .route("/product", get(pages::catalogue::product))
        .route("/product/review", post(pages::catalogue::review))
        .route("/bestsellers", get(pages::catalogue::bestsellers))
        .route("/search", get(pages::catalogue::search))
        .route("/cart", get(pages::cart::cart))
        .route("/cart/add", post(pages::cart::add))
        .route("/cart/remove", post(pages::cart::remove))
        .route("/cart/coupon", post(pages::cart::coupon))
        .route("/checkout", get(pages::cart::checkout_form).post(pages::cart::checkout))
        .route("/login", get(pages::account::login_form).post(pages::account::login))
        .route("/logout", post(pages::account::logout))
        .route("/account", get(pages::account::account).post(pages::account::update))
        .route("/orders", get(pages::account::orders))
        .route("/orders/{id}", get(pages::account::order))
        .route("/admin", get(pages::admin::admin))
        .route("/admin/coupons", post(pages::admin::add_coupon))
        .route("/newsletter", get(pages::service::newsletter))
        .route("/track", get(pages::service::track))
        .route("/gift-card", get(pages::gifts::form).post(pages::gifts::balance))
        .route("/preview", get(pages::service::preview))
        .route("/go", get(pages::service::go))
        .route("/lang", get(pages::service::lang))
        .route("/about.html", get(pages::service::about))
        .route("/contact.html", get(pages::service::contact))
        .route("/downloads", get(pages::files::downloads))
        .route("/download", get(pages::files::download))
        .route("/upload", get(pages::files::upload_form).post(pages::files::upload))
        .route("/uploads/{id}", get(pages::files::uploaded))
        .route("/static/theme.css", get(pages::assets::theme))
        .route("/static/logo.svg", get(pages::assets::logo))
        .route("/favicon.ico", get(pages::assets::logo))
        .route("/robots.txt", get(pages::assets::robots))
        .route("/sitemap.xml", get(pages::assets::sitemap))
        .route("/healthz", get(async || "ok\n"))
}

fn crawl_site() -> Router<Arc<Shop>> {
    Router::new()
        .route("/maze", any(maze::maze))
        .route("/maze/", any(maze::maze))
        .route("/maze/{*room}", any(maze::maze))
        .route("/.well-known/{name}", get(maze::well_known))
}

/// What a careless deployment leaves behind.
fn leftovers() -> Router<Arc<Shop>> {
    Router::new()
        .route("/debug", get(pages::leftovers::debug))
        .route("/contact.html.bak", get(pages::leftovers::contact_source))
        .route("/contact.html~", get(pages::leftovers::contact_source))
}

fn api() -> Router<Arc<Shop>> {
    Router::new()
        .route("/openapi.json", get(openapi::document))
        .route("/api/login", post(api::account::login))
        .route("/api/account", get(api::account::account).patch(api::account::update))
        .route("/api/admin/users", get(api::account::users))
        .route("/api/products", get(api::catalogue::products))
        .route("/api/products/{id}", get(api::catalogue::product))
        .route(
            "/api/products/{id}/reviews",
            get(api::catalogue::reviews).post(api::catalogue::review),
        )
        .route("/api/search", get(api::catalogue::search))
        .route("/api/stock", post(api::catalogue::stock))
        .route("/api/coupons/{code}", get(api::orders::coupon))
        .route("/api/checkout", post(api::orders::checkout))
        .route("/api/orders", get(api::orders::orders))
        .route("/api/orders/{id}", get(api::orders::order))
}
