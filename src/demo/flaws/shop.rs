//! Catalogue, cart, orders, accounts and the JSON API.

use super::table::Flaw;
use super::table::Parameter;
use super::table::customer;
use super::table::get;
use super::table::patch;
use super::table::performance;
use super::table::post;
use super::table::security;

/// The flaws of the shop proper.
pub(super) const FLAWS: &[Flaw] = &[
    security(
        "xss-search-text",
        79,
        get("/search", Parameter::Query("q")),
        "the search word stands unescaped in the page's text",
        "the word is HTML-escaped",
    ),
    security(
        "xss-newsletter-attribute",
        79,
        get("/newsletter", Parameter::Query("email")),
        "the address stands in value=\"…\" with only < and > escaped, so a quote breaks out",
        "quotes are escaped too",
    ),
    security(
        "xss-track-script",
        79,
        get("/track", Parameter::Query("code")),
        "the parcel code stands unescaped in a JavaScript string",
        "no inline script; the code is escaped text",
    ),
    security(
        "xss-gift-card",
        79,
        post("/gift-card", Parameter::Form("code")),
        "the card's number stands unescaped in the page's text; each form has a token that is good \
         once, so whoever tests it needs a new form for each try",
        "the number is HTML-escaped; the token is the same",
    ),
    security(
        "xss-review-stored",
        79,
        post("/product/review", Parameter::Form("text")),
        "the review's text is shown unescaped on GET /product?id={product_id} to everybody \
         (also sent through POST /api/products/{id}/reviews)",
        "the text is HTML-escaped",
    ),
    security(
        "sqli-category-error",
        89,
        get("/products", Parameter::Query("category")),
        "the value is pasted into a quoted SQL string; a quote gives the database's error text",
        "the value is a bound parameter; an unknown category is an empty list",
    ),
    security(
        "sqli-product-boolean",
        89,
        get("/product", Parameter::Query("id")),
        "the value is pasted into SQL as a number; errors are swallowed, but a true condition \
         shows the product and a false one is 404",
        "the value must be a number and is bound; anything else is 404",
    ),
    security(
        "sqli-stock-blind",
        89,
        post("/api/stock", Parameter::Json("sku")),
        "the value is pasted into a quoted SQL string of an EXISTS; only `available` true or \
         false, or the time a heavy expression takes, tells",
        "the value is a bound parameter",
    ),
    security(
        "path-traversal-download",
        22,
        get("/download", Parameter::Query("file")),
        "`../` and absolute paths leave the public folder (inside a fake root with etc/passwd)",
        "only names of the public folder's own files; anything else is 404",
    ),
    security(
        "open-redirect-go",
        601,
        get("/go", Parameter::Query("to")),
        "redirects to any address",
        "redirects to known partners and own paths only; anything else is 400",
    ),
    security(
        "crlf-lang",
        113,
        get("/lang", Parameter::Query("code")),
        "the value goes into Set-Cookie; a CR LF in it starts headers of its own",
        "only the offered languages; anything else is 400",
    ),
    security(
        "bola-order-page",
        639,
        customer(get("/orders/{id}", Parameter::Path("id"))),
        "any logged-in customer sees any order",
        "another customer's order is 404",
    ),
    security(
        "bola-order-api",
        639,
        customer(get("/api/orders/{id}", Parameter::Path("id"))),
        "any bearer token reads any order",
        "another customer's order is 404",
    ),
    security(
        "bola-upload",
        639,
        get("/uploads/{id}", Parameter::Path("id")),
        "anybody sees the file that somebody else has uploaded",
        "404 for everybody but the sender",
    ),
    security(
        "bfla-admin-users",
        285,
        customer(get("/api/admin/users", Parameter::Whole)),
        "a customer's bearer token lists all users",
        "403 unless the token is an admin's",
    ),
    security(
        "mass-assignment-account",
        915,
        customer(patch("/api/account", Parameter::Json("role"))),
        "a `role` in the body is stored, so a customer can become admin",
        "only `display_name` and `email` are taken; other members are ignored",
    ),
    security(
        "excessive-data-account",
        213,
        customer(get("/api/account", Parameter::Whole)),
        "the answer has the password hash and an internal note",
        "only what the account page shows",
    ),
    security(
        "cors-any-origin",
        942,
        get("/api/products", Parameter::RequestHeader("Origin")),
        "any Origin is reflected with Access-Control-Allow-Credentials: true",
        "no CORS headers",
    ),
    security(
        "csrf-missing",
        352,
        customer(post("/account", Parameter::Whole)),
        "no form but the gift card's has a token; a form post from anywhere is accepted",
        "every form has a token bound to the session; without it 403",
    ),
    security(
        "headers-missing",
        693,
        get("/", Parameter::Whole),
        "no Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, Referrer-Policy",
        "all of them, the policy without unsafe-inline",
    ),
    security(
        "cookie-flags-missing",
        1004,
        get("/", Parameter::ResponseHeader("Set-Cookie")),
        "the session cookie has neither HttpOnly nor SameSite",
        "HttpOnly and SameSite=Lax (no Secure: the shop speaks plain http on loopback)",
    ),
    security(
        "version-disclosure",
        497,
        get("/", Parameter::ResponseHeader("Server")),
        "Server and X-Powered-By name product and version",
        "neither header",
    ),
    security(
        "verbose-error-page",
        209,
        get("/products", Parameter::Query("page")),
        "a page that is no number gives 500 with a panic message and a stack trace",
        "400 with a plain sentence",
    ),
    security(
        "verbose-error-api",
        209,
        get("/api/products", Parameter::Query("page")),
        "a page that is no number gives 500 with the traceback of an inner service",
        "400 with a plain sentence",
    ),
    security(
        "login-unlimited-page",
        307,
        post("/login", Parameter::Form("password")),
        "any number of wrong passwords is answered alike",
        "429 with Retry-After after five wrong passwords for a name",
    ),
    security(
        "login-unlimited-api",
        307,
        post("/api/login", Parameter::Json("password")),
        "any number of wrong passwords is answered alike",
        "429 with Retry-After after five wrong passwords for a name",
    ),
    security(
        "debug-page",
        489,
        get("/debug", Parameter::Whole),
        "an unlinked page (named in robots.txt) shows configuration and secrets",
        "404",
    ),
    security(
        "source-backup",
        530,
        get("/contact.html.bak", Parameter::Whole),
        "the page's source with a database password; also as /contact.html~",
        "404",
    ),
    security(
        "upload-unrestricted",
        434,
        post("/upload", Parameter::File("file")),
        "any file is taken and served inline with the type its sender claimed, HTML included",
        "PNG, JPEG, PDF and plain text only, judged by content, served as attachment",
    ),
    performance(
        "n-plus-one-bestsellers",
        Some(1073),
        get("/bestsellers", Parameter::Whole),
        "one query for the list and one more for each of its 30 rows, each with a round trip",
        "one query",
    ),
    performance(
        "checkout-lock",
        Some(667),
        post("/api/checkout", Parameter::Whole),
        "one lock is held while the payment is taken: checkouts wait for each other \
         (also POST /checkout); Server-Timing has `lock`",
        "no lock around the payment",
    ),
    performance(
        "search-unindexed",
        Some(1067),
        get("/search", Parameter::Query("q")),
        "the words of all products are scanned for each product (also GET /api/search)",
        "an index answers",
    ),
    performance(
        "backend-slow",
        None,
        get("/", Parameter::ResponseHeader("X-Served-By")),
        "one of the three backends, app-3, takes 20 ms longer for everything",
        "all three are alike",
    ),
    performance(
        "theme-uncached",
        Some(1176),
        get("/static/theme.css", Parameter::Whole),
        "Cache-Control: no-store and no validator; compiled anew for each request",
        "compiled once, Cache-Control: public, max-age=3600, ETag and 304",
    ),
];
