//! The table of dials, from which `--dials` and every check of a setting are made.

/// A dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dial {
    /// One query for each row of a list.
    NPlusOne,
    /// A lock that unrelated endpoints share.
    Lock,
    /// How many connections to the database there are.
    Pool,
    /// How long a connection is busy after its query.
    PoolReset,
    /// How much a query scans.
    SlowIndex,
    /// How much slower one of three backends is.
    Backend,
    /// What making a resource costs that the cache does not answer.
    Uncached,
    /// The share that the cache answers all the same.
    Hits,
    /// How long an answer is.
    Payload,
    /// What each connection costs, now that each request needs one.
    NoKeepAlive,
    /// How many requests a second are let in.
    RateLimit,
    /// How many requests a second go through, the others waiting.
    RateShape,
    /// How long bytes travel.
    NetworkDelay,
    /// How many bytes a second get through.
    NetworkBandwidth,
    /// What every request costs.
    Work,
    /// What every query costs.
    Query,
    /// Whether a cache stands in front.
    Cache,
    /// What chance is drawn from.
    Seed,
    /// Whether answers keep to themselves where their time went.
    Bare,
}

/// What turning a dial means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialKind {
    /// A fault.
    Fault,
    /// Part of another dial's fault; nothing by itself.
    Part,
    /// What the shop is like, faults or not.
    Shop,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct DialRow {
    /// Which one.
    pub dial: Dial,
    /// Its name on the command line.
    pub name: &'static str,
    /// What its value counts.
    pub unit: &'static str,
    /// The highest value it takes.
    pub most: u32,
    /// Fault or setting.
    pub kind: DialKind,
    /// Paths that it can be put on by `@PATH`, its own one first; empty where it has no choice.
    pub places: &'static [&'static str],
    /// What it does.
    pub does: &'static str,
    /// Where it is to be seen.
    pub shows: &'static str,
}

const LISTS: &[&str] = &["/products", "/search", "/bestsellers", "/api/products", "/api/search"];
const QUERIES: &[&str] = &[
    "/search",
    "/products",
    "/product",
    "/bestsellers",
    "/api/products",
    "/api/search",
    "/api/products/{id}",
    "/api/products/{id}/reviews",
    "/api/stock",
];
const CACHEABLE: &[&str] = &["/static/theme.css", "/static/logo.svg", "/api/products"];
const ANSWERS: &[&str] = &[
    "/api/products",
    "/",
    "/products",
    "/product",
    "/search",
    "/bestsellers",
    "/cart",
    "/static/theme.css",
    "/static/logo.svg",
    "/api/search",
    "/api/products/{id}",
    "/api/products/{id}/reviews",
    "/api/stock",
];
/// What waits for the shared lock: pages and parts of the API that have nothing else in common.
pub(super) const LOCKED: &[&str] = &["/cart", "/search", "/product", "/api/stock", "/api/products"];

/// How many dials there are. Not the table's own length: with that in a type, optimised builds without
/// incremental compilation end in a query cycle (seen with Rust 1.95).
pub(super) const COUNT: usize = Dial::Bare as usize + 1;

/// All dials, in the order of [`Dial`].
pub const DIALS: &[DialRow; COUNT] = &[
    at(
        LISTS,
        fault(Dial::NPlusOne, "n-plus-one", "ms", 1000),
        "one more query for each row of a list, each with a round trip of this length",
        "wait of this endpoint; Server-Timing db, desc queries=",
    ),
    row(
        fault(Dial::Lock, "lock", "ms", 1000),
        "one lock held for this long by each request to /cart, /search, /product, /api/stock and \
         /api/products",
        "wait of these endpoints, the more the higher the load; Server-Timing lock",
    ),
    row(
        fault(Dial::Pool, "pool", "connections", 8),
        "only so many connections to the database (0: all eight)",
        "wait of all endpoints with queries, the more the higher the load; Server-Timing db, which \
         contains the wait for a connection",
    ),
    row(
        part(Dial::PoolReset, "pool-reset", "ms", 1000),
        "a connection is busy for about this long after its query, as when it is reset before the next",
        "as pool; by itself only when all eight are taken",
    ),
    at(
        QUERIES,
        fault(Dial::SlowIndex, "slow-index", "thousand rows", 1000),
        "each query of an endpoint also reads this part of a table that lacks an index, from \
         storage that takes 1 ms for a thousand rows",
        "wait of this endpoint; Server-Timing db, desc scanned=",
    ),
    row(
        fault(Dial::Backend, "backend", "ms", 10_000),
        "one of three backends, app-3, takes this much longer for everything",
        "a third of all answers; X-Served-By",
    ),
    at(
        CACHEABLE,
        fault(Dial::Uncached, "uncached", "ms", 10_000),
        "a resource that may be cached costs this much to make, and the cache in front asks for it \
         anew each time (see hits)",
        "wait of this endpoint; X-Cache: MISS and Cache-Status beside Cache-Control: public",
    ),
    row(
        part(Dial::Hits, "hits", "percent", 100),
        "with uncached: so many requests are answered by the cache all the same",
        "X-Cache: HIT",
    ),
    at(
        ANSWERS,
        fault(Dial::Payload, "payload", "KB", 100_000),
        "an answer carries this much that nobody asked for, and each connection takes 10 MB/s",
        "receive and bytes of this endpoint",
    ),
    row(
        fault(Dial::NoKeepAlive, "no-keep-alive", "ms", 1000),
        "Connection: close on every answer, and a connection is served only so long after it was \
         opened, as with a handshake",
        "connections, one for each request; wait, since the kernel has answered the connect",
    ),
    row(
        fault(Dial::RateLimit, "rate-limit", "requests/s", 1_000_000),
        "what is above is refused",
        "429 with Retry-After; RateLimit-Limit, -Remaining, -Reset",
    ),
    row(
        fault(Dial::RateShape, "rate-shape", "requests/s", 1_000_000),
        "what is above waits for its turn, and is refused if that is more than 2 s away",
        "wait of all endpoints while the load is above; RateLimit-Limit, -Remaining, -Reset",
    ),
    row(
        fault(Dial::NetworkDelay, "network-delay", "ms", 10_000),
        "a proxy in front delays all bytes, in each direction, and the first by a round trip more",
        "wait of everything; not connect: the kernel has answered that before the proxy knows",
    ),
    row(
        fault(Dial::NetworkBandwidth, "network-bandwidth", "KB/s", 4_000_000),
        "a proxy in front lets so many bytes through, in each direction, all connections together",
        "receive and wait of everything, the long answers first; no packet is ever lost",
    ),
    row(
        shop(Dial::Work, "work", "ms", 1000),
        "every request takes about this long, drawn from a log-normal distribution; lists more, \
         static files less",
        "wait; Server-Timing app",
    ),
    row(
        shop(Dial::Query, "query", "ms", 1000),
        "every query takes about this long, drawn likewise, and holds its connection",
        "wait; Server-Timing db",
    ),
    row(
        shop(Dial::Cache, "cache", "0 or 1", 1),
        "a cache stands in front of the style sheet, the logo and /api/products, and keeps each for \
         5 s",
        "X-Cache, Cache-Status, Age",
    ),
    row(shop(Dial::Seed, "seed", "number", 4_000_000), "what is drawn is drawn from this", ""),
    row(
        shop(Dial::Bare, "bare", "0 or 1", 1),
        "answers say nothing of where their time went",
        "no Server-Timing, X-Served-By, X-Cache, Cache-Status, Age",
    ),
];

impl Dial {
    /// Whether the dial can be put on this path.
    pub(super) fn can_be_at(self, path: &str) -> bool {
        DIALS[self as usize].places.iter().any(|route| fits(route, path))
    }
}

/// Whether a path is one of a route such as `/api/products/{id}`.
pub(super) fn fits(route: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let same = route.split('/').all(|wanted| match segments.next() {
        Some(segment) if wanted.starts_with('{') => !segment.is_empty(),
        Some(segment) => segment == wanted,
        None => false,
    });
    same && segments.next().is_none()
}

const fn row(bare: DialRow, does: &'static str, shows: &'static str) -> DialRow {
    DialRow { does, shows, ..bare }
}

const fn at(
    places: &'static [&'static str],
    bare: DialRow,
    does: &'static str,
    shows: &'static str,
) -> DialRow {
    DialRow { places, does, shows, ..bare }
}

const fn fault(dial: Dial, name: &'static str, unit: &'static str, most: u32) -> DialRow {
    DialRow { dial, name, unit, most, kind: DialKind::Fault, places: &[], does: "", shows: "" }
}

const fn part(dial: Dial, name: &'static str, unit: &'static str, most: u32) -> DialRow {
    DialRow { kind: DialKind::Part, ..fault(dial, name, unit, most) }
}

const fn shop(dial: Dial, name: &'static str, unit: &'static str, most: u32) -> DialRow {
    DialRow { kind: DialKind::Shop, ..fault(dial, name, unit, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_dials() {
        for (index, row) in DIALS.iter().enumerate() {
            assert_eq!(row.dial as usize, index, "{}", row.name);
        }
    }

    #[test]
    fn a_route_fits_its_paths_only() {
        let route = "/api/products/{id}";
        assert!(fits(route, "/api/products/7") && fits("/", "/"));
        for path in ["/api/products", "/api/products/", "/api/products/7/reviews", "/"] {
            assert!(!fits(route, path), "{path}");
        }
    }
}
