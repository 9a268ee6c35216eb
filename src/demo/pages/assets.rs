//! Style sheet, logo and the files for robots.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::demo::faults;
use crate::demo::maze::ROBOTS;
use crate::demo::seed;
use crate::demo::visit::Visit;

const THEME: &str = include_str!("../templates/theme.css");
const LOGO: &str = include_str!("../templates/logo.svg");
/// Changes with the theme's text, by hand: a stale value only costs one reload.
const THEME_TAG: HeaderValue = HeaderValue::from_static("\"theme-1\"");
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub(in crate::demo) async fn theme(visit: Visit, headers: HeaderMap) -> Response {
    let css = (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    if visit.has("theme-uncached") {
        faults::compile_theme().await;
        let never = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return ([css, never], THEME).into_response();
    }
    let cached = [(header::CACHE_CONTROL, CACHEABLE), (header::ETAG, THEME_TAG)];
    if headers.get(header::IF_NONE_MATCH) == Some(&THEME_TAG) {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    (cached, [css], THEME).into_response()
}

pub(in crate::demo) async fn logo() -> Response {
    let svg = (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    ([svg, (header::CACHE_CONTROL, CACHEABLE)], LOGO).into_response()
}

pub(in crate::demo) async fn robots(visit: Visit) -> String {
    let hidden =
        if visit.has("debug-page") { "Disallow: /debug\nDisallow: /actuator/env\n" } else { "" };
    let maze = &visit.shop.maze;
    let more = if maze.leads { maze.fill(ROBOTS) } else { String::new() };
    format!(
        "User-agent: *\nDisallow: /cart\nDisallow: /account\nDisallow: /internal/report\n\
         Disallow: /console\nDisallow: /actuator/health\n{hidden}{more}Sitemap: /sitemap.xml\n"
    )
}

/// Absolute addresses, as the format asks, from where the shop listens: `Host` is the client's.
pub(in crate::demo) async fn sitemap(visit: Visit) -> Response {
    let host = visit.shop.address;
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for path in ["/", "/products", "/bestsellers", "/newsletter", "/track", "/about.html"] {
        let _infallible = writeln!(xml, "<url><loc>http://{host}{path}</loc></url>");
    }
    for id in 1..=seed::PRODUCTS {
        let _infallible = writeln!(xml, "<url><loc>http://{host}/product?id={id}</loc></url>");
    }
    xml.push_str("</urlset>\n");
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"))], xml).into_response()
}
