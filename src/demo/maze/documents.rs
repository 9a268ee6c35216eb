//! The rooms that are files: where each stands, what it is and what headers come with it.

/// A file of the site as it is sent; `{{origin}}` and `{{host}}` are filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document {
    pub(super) path: &'static str,
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const XML: &str = "application/xml";
const TEXT: &str = "text/plain; charset=utf-8";

const fn file(path: &'static str, kind: &'static str, body: &'static str) -> Document {
    Document { path, status: 200, kind, headers: &[], body }
}

const fn answer(
    path: &'static str,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> Document {
    Document { path, status, kind: HTML, headers, body }
}

macro_rules! site {
    ($name:literal) => {
        include_str!(concat!("site/", $name))
    };
}

/// Every room, those of the origin's root included.
pub(super) const DOCUMENTS: &[&[Document]] = &[PAGES, STYLES, SCRIPTS, DATA, ANSWERS, APP, ROOT];

const PAGES: &[Document] = &[
    file("/maze", HTML, site!("hub.html")),
    file("/maze/", HTML, site!("hub.html")),
    file("/maze/links/", HTML, site!("links.html")),
    file(
        "/maze/links/search-description",
        "application/opensearchdescription+xml",
        site!("opensearch.xml"),
    ),
    file("/maze/embeds/", HTML, site!("embeds.html")),
    file("/maze/embeds/frameset", HTML, site!("frameset.html")),
    file("/maze/media/", HTML, site!("media.html")),
    file("/maze/meta/", HTML, site!("meta.html")),
    file("/maze/meta/waiting-room", HTML, site!("waiting-room.html")),
    file("/maze/meta/tiles", XML, site!("tiles.xml")),
    file("/maze/base/", HTML, site!("base.html")),
    file("/maze/vector/", HTML, site!("vector.html")),
    file("/maze/vector/diagram.svg", "image/svg+xml", site!("diagram.svg")),
    file("/maze/attributes/", HTML, site!("attributes.html")),
    file("/maze/handlers/", HTML, site!("handlers.html")),
    file("/maze/comments/", HTML, site!("comments.html")),
    file("/maze/shadow/", HTML, site!("shadow.html")),
    file("/maze/styles/", HTML, site!("styles.html")),
    file("/maze/scripts/", HTML, site!("scripts.html")),
    // As frameworks name their pages.
    file("/maze/bundle", HTML, site!("bundle.html")),
    file("/maze/bundle/", HTML, site!("bundle.html")),
    file("/maze/modules/", HTML, site!("modules.html")),
    file("/maze/data/", HTML, site!("data.html")),
    file("/maze/headers/", HTML, site!("headers.html")),
    file("/maze/redirects/", HTML, site!("redirects.html")),
    file("/maze/errors/", HTML, site!("errors.html")),
    file("/maze/feeds/", HTML, site!("feeds.html")),
    file("/maze/install/", HTML, site!("install.html")),
    file("/maze/papers/", HTML, site!("papers.html")),
    file("/maze/interfaces/", HTML, site!("interfaces.html")),
    file("/maze/interfaces/docs", HTML, site!("docs.html")),
    file("/maze/forms/", HTML, site!("forms.html")),
    file("/maze/forms/search", HTML, site!("form-search.html")),
    file("/maze/forms/inputs", HTML, site!("form-inputs.html")),
    file("/maze/forms/choices", HTML, site!("form-choices.html")),
    file("/maze/forms/limits", HTML, site!("form-limits.html")),
    file("/maze/forms/names", HTML, site!("form-names.html")),
    file("/maze/forms/address", HTML, site!("form-address.html")),
    file("/maze/forms/buttons", HTML, site!("form-buttons.html")),
    file("/maze/forms/outside", HTML, site!("form-outside.html")),
    file("/maze/forms/upload", HTML, site!("form-upload.html")),
    file("/maze/forms/plain", HTML, site!("form-plain.html")),
    file("/maze/forms/nested", HTML, site!("form-nested.html")),
    file("/maze/forms/account", HTML, site!("form-account.html")),
];

const STYLES: &[Document] = &[
    file("/maze/styles/look.css", CSS, site!("look.css")),
    file("/maze/styles/look.css.map", JSON, site!("look.css.map")),
    file("/maze/styles/fonts.css", CSS, site!("fonts.css")),
    file("/maze/styles/layout.css", CSS, site!("layout.css")),
    file("/maze/styles/theme.css", CSS, site!("theme.css")),
    file("/maze/styles/dark.css", CSS, site!("dark.css")),
    file("/maze/styles/print.css", CSS, site!("print.css")),
    file("/maze/bundle/static/css/121.44fa.css", CSS, site!("chunk.css")),
];

const SCRIPTS: &[Document] = &[
    file("/maze/scripts/app.js", SCRIPT, site!("app.js")),
    file("/maze/scripts/app.js.map", JSON, site!("app.js.map")),
    file("/maze/scripts/vendor.js", SCRIPT, site!("vendor.js")),
    file("/maze/scripts/worker.js", SCRIPT, site!("worker.js")),
    file("/maze/scripts/worker-parts.js", SCRIPT, site!("worker-parts.js")),
    file("/maze/bundle/static/js/runtime.3c1a.js", SCRIPT, site!("runtime.js")),
    file("/maze/bundle/static/js/main.9f2e.js", SCRIPT, site!("main.js")),
    file("/maze/bundle/static/js/build-manifest.js", SCRIPT, site!("build-manifest.js")),
    file("/maze/bundle/static/js/checkout.7be0.chunk.js", SCRIPT, site!("chunk-checkout.js")),
    file("/maze/bundle/static/js/help.e51c.chunk.js", SCRIPT, site!("chunk-help.js")),
    file("/maze/bundle/static/js/508.a9d4.chunk.js", SCRIPT, site!("chunk-508.js")),
    file("/maze/modules/cart.js", SCRIPT, site!("cart.js")),
    file("/maze/modules/cart-old.js", SCRIPT, site!("cart-old.js")),
    file("/maze/modules/preloaded.js", SCRIPT, site!("preloaded.js")),
    file("/maze/modules/side-effect.js", SCRIPT, site!("side-effect.js")),
    file("/maze/modules/price.js", SCRIPT, site!("price.js")),
    file("/maze/modules/tax.js", SCRIPT, site!("tax.js")),
    file("/maze/modules/ui/dialog.js", SCRIPT, site!("dialog.js")),
    file("/maze/modules/entry.js", SCRIPT, site!("entry.js")),
    file("/maze/modules/deep/leaf.js", SCRIPT, site!("leaf.js")),
    file("/maze/modules/deep/crunch.js", SCRIPT, site!("crunch.js")),
    file("/maze/modules/deep/about.js", SCRIPT, site!("about.js")),
    file("/maze/modules/deep/mapped-dep.js", SCRIPT, site!("mapped-dep.js")),
    file("/maze/modules/for-old-browsers.js", SCRIPT, site!("for-old-browsers.js")),
    file("/maze/install/sw.js", SCRIPT, site!("sw.js")),
    file("/maze/install/sw-strategies.js", SCRIPT, site!("sw-strategies.js")),
    file("/maze/interfaces/docs-init.js", SCRIPT, site!("docs-init.js")),
    Document {
        path: "/maze/headers/mapped.js",
        status: 200,
        kind: SCRIPT,
        headers: &[("sourcemap", "maps/mapped.js.map")],
        body: "var a=1;\n",
    },
    Document {
        path: "/maze/headers/older-mapped.js",
        status: 200,
        kind: SCRIPT,
        headers: &[("x-sourcemap", "/maze/headers/maps/older-mapped.js.map")],
        body: "var b=1;\n",
    },
    file("/maze/headers/maps/mapped.js.map", JSON, site!("mapped.js.map")),
    file("/maze/headers/maps/older-mapped.js.map", JSON, site!("older-mapped.js.map")),
];

const DATA: &[Document] = &[
    file("/maze/modules/labels.json", JSON, site!("labels.json")),
    file("/maze/data/orders.json", "application/hal+json", site!("orders.json")),
    file("/maze/data/articles", "application/vnd.api+json", site!("articles.json")),
    file("/maze/data/plain.json", JSON, site!("plain.json")),
    file("/maze/data/stock.xml", XML, site!("stock.xml")),
    file("/maze/data/log.ndjson", "application/x-ndjson", site!("log.ndjson")),
    file("/maze/data/jsonp.js", SCRIPT, site!("jsonp.js")),
    file("/maze/feeds/news.rss", "application/rss+xml", site!("news.rss")),
    file("/maze/feeds/blog.atom", "application/atom+xml", site!("blog.atom")),
    file("/maze/feeds/feed.json", "application/feed+json", site!("feed.json")),
    file("/maze/feeds/reading.opml", "text/x-opml", site!("reading.opml")),
    file("/maze/install/app.webmanifest", "application/manifest+json", site!("app.webmanifest")),
    file("/maze/papers/readme.txt", TEXT, site!("readme.txt")),
    file("/maze/papers/guide.md", "text/markdown", site!("guide.md")),
    file("/maze/papers/prices.csv", "text/csv", site!("prices.csv")),
    file("/maze/papers/session.m3u8", "application/vnd.apple.mpegurl", site!("session.m3u8")),
    file("/maze/papers/card.vcf", "text/vcard", site!("card.vcf")),
    file("/maze/papers/opening.ics", "text/calendar", site!("opening.ics")),
    file("/maze/interfaces/openapi.json", JSON, site!("openapi.json")),
    file("/maze/interfaces/swagger.json", JSON, site!("swagger.json")),
    file("/maze/interfaces/partners.yaml", "application/yaml", site!("partners.yaml")),
    file("/maze/interfaces/rsd.xml", "application/rsd+xml", site!("rsd.xml")),
    file("/maze/interfaces/service.wsdl", "text/xml", site!("service.wsdl")),
    file("/maze/headers/rules.json", "application/speculationrules+json", site!("rules.json")),
    file("/maze/sitemap/index.xml", XML, site!("sitemap-index.xml")),
    file("/maze/sitemap/pages.xml", XML, site!("sitemap-pages.xml")),
    file("/maze/sitemap/more.xml", XML, site!("sitemap-more.xml")),
    file("/maze/sitemap/nested.xml", XML, site!("sitemap-nested.xml")),
    file("/maze/sitemap/list.txt", TEXT, "{{origin}}/maze/sitemap/as-text\n"),
    file("/maze/app/menu", JSON, site!("menu.json")),
];

const PLAIN: &str = "<!doctype html>\n<html><body><p>See the headers.</p></body></html>\n";

const ANSWERS: &[Document] = &[
    answer(
        "/maze/headers/linked",
        200,
        &[
            (
                "link",
                "<link-next?page=2>; rel=\"next\"; title=\"a, b\", </maze/headers/link-preload>; rel=preload; as=fetch",
            ),
            ("link", "<{{origin}}/maze/headers/link-described>;rel=describedby"),
            ("x-pingback", "{{origin}}/maze/headers/pingback"),
        ],
        PLAIN,
    ),
    answer("/maze/headers/refreshing", 200, &[("refresh", "30; url=refresh-next")], PLAIN),
    answer("/maze/headers/located", 200, &[("content-location", "content-place?lang=en")], PLAIN),
    answer(
        "/maze/headers/guarded",
        200,
        &[
            (
                "content-security-policy",
                "default-src 'self'; report-uri /maze/headers/policy-report; report-to main",
            ),
            (
                "reporting-endpoints",
                "main=\"/maze/headers/reports\", default=\"{{origin}}/maze/headers/reports\"",
            ),
            (
                "report-to",
                "{\"group\":\"old\",\"max_age\":600,\"endpoints\":[{\"url\":\"{{origin}}/maze/headers/reports-old\"}]}",
            ),
        ],
        PLAIN,
    ),
    answer("/maze/headers/speculating", 200, &[("speculation-rules", "\"rules.json\"")], PLAIN),
    answer(
        "/maze/headers/retired",
        200,
        &[
            ("deprecation", "@1735689600"),
            ("sunset", "Wed, 31 Dec 2031 23:59:59 GMT"),
            ("link", "</maze/headers/successor>; rel=\"successor-version\""),
        ],
        PLAIN,
    ),
    answer("/maze/redirects/301", 301, &[("location", "/maze/redirects/landed-301")], ""),
    answer("/maze/redirects/302", 302, &[("location", "landed-302")], ""),
    answer("/maze/redirects/303", 303, &[("location", "{{origin}}/maze/redirects/landed-303")], ""),
    answer("/maze/redirects/307", 307, &[("location", "//{{host}}/maze/redirects/landed-307")], ""),
    answer("/maze/redirects/308", 308, &[("location", "./landed-308")], ""),
    answer("/maze/redirects/chain", 302, &[("location", "chain-2")], ""),
    answer("/maze/redirects/chain-2", 301, &[("location", "chain-3")], ""),
    answer("/maze/redirects/chain-3", 307, &[("location", "end-of-chain")], ""),
    answer(
        "/maze/redirects/with-body",
        302,
        &[("location", "/maze/redirects/")],
        "<p>Moved. Staff go <a href=\"/maze/redirects/only-in-the-body\">here</a>.</p>\n",
    ),
    answer(
        "/maze/redirects/choices",
        300,
        &[],
        "<ul><li><a href=\"choice-one\">One</a></li></ul>\n",
    ),
    answer("/maze/redirects/created", 201, &[("location", "/maze/redirects/made")], ""),
    answer(
        "/maze/errors/forbidden",
        403,
        &[],
        "<h1>Not for you</h1><a href=\"forbidden-appeal\">Ask for access</a>\n",
    ),
    answer(
        "/maze/errors/gone",
        410,
        &[],
        "<h1>Gone</h1><a href=\"/maze/errors/gone-successor\">This year's</a>\n",
    ),
    answer("/maze/errors/broken", 500, &[], site!("broken.html")),
    answer(
        "/maze/errors/closed",
        503,
        &[("retry-after", "3600")],
        "<h1>Maintenance</h1><a href=\"/maze/errors/service-news\">News</a>\n",
    ),
    answer(
        "/maze/errors/members",
        401,
        &[("www-authenticate", "Bearer realm=\"members\"")],
        "<h1>Members only</h1><a href=\"/maze/errors/sign-in\">Sign in</a>\n",
    ),
];

const APP: &[Document] = &[
    file("/maze/app/", HTML, site!("app.html")),
    file("/maze/app/computed", HTML, site!("app-computed.html")),
    file("/maze/app/mail", HTML, site!("app-mail.html")),
    file("/maze/app/mail/inbox", HTML, site!("app-mail.html")),
    file("/maze/app/mail/drafts", HTML, site!("app-mail.html")),
    file("/maze/app/mail/sent", HTML, site!("app-mail.html")),
    file("/maze/app/clicks", HTML, site!("app-clicks.html")),
    file("/maze/app/cards", HTML, site!("app-cards.html")),
    file("/maze/app/stream", HTML, site!("app-stream.html")),
    file("/maze/app/frames", HTML, site!("app-frames.html")),
    file("/maze/app/frames/frame", HTML, site!("app-frame.html")),
    file("/maze/app/live", HTML, site!("app-live.html")),
    file("/maze/app/live/stock", "text/event-stream", "data: low-stock\n\n"),
    file("/maze/app/live/prices.mjs", SCRIPT, "export default 1;\n"),
    file("/maze/app/later", HTML, site!("app-later.html")),
    file("/maze/app/leaving", HTML, site!("app-leaving.html")),
    file("/maze/app/entry-form", HTML, site!("app-entry-form.html")),
    file("/maze/app/entry-form/asked", JSON, "{\"next\":\"next-question\"}\n"),
    file("/maze/app/department/teas", JSON, "{\"first\":\"green\",\"count\":3}\n"),
    file("/maze/app/department/tools", JSON, "{\"first\":\"green\",\"count\":1}\n"),
    file("/maze/app/stream/batch-1", JSON, "[11,12,13]\n"),
    file("/maze/app/stream/batch-2", JSON, "[21,22,23]\n"),
    file("/maze/app/stream/batch-3", JSON, "[31,32,33]\n"),
    file("/maze/app/stream/batch-4", JSON, "[]\n"),
    file("/maze/app/stream/entry-11", HTML, PLAIN),
    file("/maze/app/stream/entry-12", HTML, PLAIN),
    file("/maze/app/stream/entry-13", HTML, PLAIN),
    file("/maze/app/stream/entry-21", HTML, PLAIN),
    file("/maze/app/stream/entry-22", HTML, PLAIN),
    file("/maze/app/stream/entry-23", HTML, PLAIN),
    file("/maze/app/stream/entry-32", HTML, PLAIN),
    Document {
        path: "/maze/app/live/prices",
        status: 426,
        kind: TEXT,
        headers: &[("upgrade", "websocket")],
        body: "A WebSocket.\n",
    },
    file("/maze/app/clicks/sorted-by-name", HTML, PLAIN),
    file("/maze/app/clicks/all", HTML, PLAIN),
];

/// Below the origin's root, only when the shop leads into the maze.
const ROOT: &[Document] = &[
    file("/.well-known/security.txt", TEXT, site!("security.txt")),
    answer("/.well-known/change-password", 302, &[("location", "/maze/known/new-password")], ""),
    file("/.well-known/openid-configuration", JSON, site!("openid-configuration.json")),
    file("/.well-known/oauth-protected-resource", JSON, site!("oauth-protected-resource.json")),
    file("/.well-known/apple-app-site-association", JSON, site!("apple-app-site-association.json")),
    file("/.well-known/assetlinks.json", JSON, site!("assetlinks.json")),
    file("/.well-known/host-meta", "application/xrd+xml", site!("host-meta.xml")),
    file("/.well-known/nodeinfo", JSON, site!("nodeinfo.json")),
];
