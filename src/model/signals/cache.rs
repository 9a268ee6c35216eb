//! What caches say: RFC 9211 `Cache-Status` and the vendors' own headers; and what RFC 9111 lets a
//! shared cache do.

use super::has_token;

/// What became of a request at the caches on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CacheState {
    /// Served from a cache.
    Hit,
    /// Served from a cache although it was too old, while or because it could not be renewed.
    Stale,
    /// Served from a cache after the origin said that nothing has changed.
    Revalidated,
    /// The cache did not have it, or had it no longer.
    Miss,
    /// The cache was told not to look.
    Bypass,
    /// The cache does not keep such responses.
    Dynamic,
}

impl CacheState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Hit, Self::Stale, Self::Revalidated, Self::Miss, Self::Bypass, Self::Dynamic];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Revalidated => "revalidated",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
            Self::Dynamic => "dynamic",
        }
    }

    /// Whether the origin did not have to make the response.
    pub fn is_served(self) -> bool {
        matches!(self, Self::Hit | Self::Stale | Self::Revalidated)
    }
}

/// Whether a shared cache may keep a response (RFC 9111 §3), and what stands against it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Storing {
    /// It may.
    May,
    /// `Cache-Control: no-store`.
    NoStore,
    /// `Cache-Control: private`.
    Private,
    /// `no-cache`, or an age of nothing: it may be kept, and must be asked about each time.
    AskEachTime,
    /// It sets a cookie, and most caches leave such responses alone.
    SetsCookie,
    /// `Vary: *`.
    VariesByAll,
    /// It does not say for how long it holds.
    #[default]
    NoFreshness,
}

impl Storing {
    /// Every case.
    pub const ALL: [Self; 7] = [
        Self::May,
        Self::NoStore,
        Self::Private,
        Self::AskEachTime,
        Self::SetsCookie,
        Self::VariesByAll,
        Self::NoFreshness,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::May => "may",
            Self::NoStore => "no_store",
            Self::Private => "private",
            Self::AskEachTime => "ask_each_time",
            Self::SetsCookie => "sets_cookie",
            Self::VariesByAll => "varies_by_all",
            Self::NoFreshness => "no_freshness",
        }
    }

    /// In words, after "because".
    pub fn reason(self) -> &'static str {
        match self {
            Self::May => "nothing stands against it",
            Self::NoStore => "Cache-Control says no-store",
            Self::Private => "Cache-Control says private",
            Self::AskEachTime => "Cache-Control has it asked about each time",
            Self::SetsCookie => "it sets a cookie",
            Self::VariesByAll => "Vary is *",
            Self::NoFreshness => "it does not say for how long it holds",
        }
    }
}

/// Reads header by header.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a header or none")]
pub(super) struct Reader {
    state: Option<CacheState>,
    /// What several headers say counts by how much is known of them.
    rank: u8,
    aged: bool,
    control: Option<Control>,
    expires: bool,
    sets_cookie: bool,
    varies_by_all: bool,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive or none")]
struct Control {
    no_store: bool,
    private: bool,
    no_cache: bool,
    public: bool,
    max_age: Option<u64>,
    shared_max_age: Option<u64>,
}

impl Reader {
    /// Takes a header; `name` is in lower case.
    pub(super) fn read(&mut self, name: &[u8], value: &str) {
        match name {
            b"cache-status" => self.tell(3, standard(value)),
            b"cf-cache-status" | b"x-vercel-cache" | b"x-azure-cache" | b"x-nf-cache" => {
                self.tell(2, word(value));
            }
            b"x-cache" | b"x-cache-status" | b"x-proxy-cache" | b"x-nginx-cache"
            | b"x-litespeed-cache" | b"x-drupal-cache" | b"x-fastcgi-cache" | b"x-rack-cache"
            | b"x-cache-lookup" => self.tell(1, words(value)),
            // Varnish: its own request's number, and that of the one which filled the cache.
            b"x-varnish" => {
                let is_hit = value.split_ascii_whitespace().count() == 2;
                self.tell(0, Some(if is_hit { CacheState::Hit } else { CacheState::Miss }));
            }
            b"age" => self.aged |= value.trim().parse::<u64>().is_ok_and(|age| age > 0),
            b"cache-control" => self.control(value),
            b"expires" => self.expires |= value.len() > 2,
            b"set-cookie" => self.sets_cookie = true,
            b"vary" => self.varies_by_all |= has_token(value, "*"),
            _ => {}
        }
    }

    /// What it came to; an age alone means that a cache had it.
    pub(super) fn state(&self) -> Option<CacheState> {
        self.state.or(self.aged.then_some(CacheState::Hit))
    }

    /// Whether it may be kept.
    pub(super) fn storing(&self) -> Storing {
        let control = self.control.as_ref();
        let is = |what: fn(&Control) -> bool| control.is_some_and(what);
        let age = control.and_then(|control| control.shared_max_age.or(control.max_age));
        if is(|control| control.no_store) {
            Storing::NoStore
        } else if is(|control| control.private) {
            Storing::Private
        } else if self.varies_by_all {
            Storing::VariesByAll
        } else if is(|control| control.no_cache) || age == Some(0) {
            Storing::AskEachTime
        } else if age.is_some() || self.expires || is(|control| control.public) {
            // It stands against it only where nothing else does.
            if self.sets_cookie { Storing::SetsCookie } else { Storing::May }
        } else {
            Storing::NoFreshness
        }
    }

    fn tell(&mut self, rank: u8, state: Option<CacheState>) {
        if state.is_some() && (self.state.is_none() || rank > self.rank) {
            (self.state, self.rank) = (state, rank);
        }
    }

    fn control(&mut self, value: &str) {
        let control = self.control.get_or_insert_default();
        for directive in value.split(',') {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = || argument.trim().trim_matches('"').parse().ok();
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => control.no_store = true,
                // With field names it is about these alone.
                "private" => control.private |= argument.is_empty(),
                "no-cache" => control.no_cache |= argument.is_empty(),
                "public" => control.public = true,
                "max-age" => control.max_age = seconds(),
                "s-maxage" => control.shared_max_age = seconds(),
                _ => {}
            }
        }
    }
}

/// RFC 9211: `Origin; fwd=miss, Edge; hit; ttl=30`, the cache nearest to the origin first.
fn standard(value: &str) -> Option<CacheState> {
    let mut found = None;
    for member in value.split(',') {
        let mut parameters = member.split(';').skip(1).map(str::trim);
        let mut state = None;
        for parameter in parameters.by_ref() {
            match parameter.split_once('=').unwrap_or((parameter, "")) {
                ("hit", "" | "?1") => state = Some(CacheState::Hit),
                ("fwd", "bypass") => state = Some(CacheState::Bypass),
                ("fwd", "stale") => state = Some(CacheState::Miss),
                ("fwd", "miss" | "uri-miss" | "vary-miss" | "request" | "partial") => {
                    state = Some(CacheState::Miss);
                }
                ("fwd", "method") => state = Some(CacheState::Dynamic),
                // Asked about, and it was still good.
                ("fwd-status", "304") if state == Some(CacheState::Miss) => {
                    state = Some(CacheState::Revalidated);
                }
                _ => {}
            }
        }
        found = best(found, state);
    }
    found
}

/// Several caches: `HIT, MISS`; if one of them had it, the origin did not make it.
fn words(value: &str) -> Option<CacheState> {
    value.split(',').map(word).fold(None, best)
}

/// One that served it beats one that did not; else what the one nearest to us says.
fn best(found: Option<CacheState>, next: Option<CacheState>) -> Option<CacheState> {
    match (found, next) {
        (Some(found), Some(next)) if found.is_served() && !next.is_served() => Some(found),
        (found, next) => next.or(found),
    }
}

/// `HIT`, `TCP_MEM_HIT`, `Miss from cloudfront`, `EXPIRED`, `cp-hit`.
fn word(value: &str) -> Option<CacheState> {
    let value = value.trim().to_ascii_lowercase();
    let has = |part: &str| value.contains(part);
    // In this order: a refresh hit is a hit too, and an error is none.
    if has("error") {
        None
    } else if has("revalidated") || has("refresh_hit") || has("refreshhit") {
        Some(CacheState::Revalidated)
    } else if has("stale") || has("updating") {
        Some(CacheState::Stale)
    } else if has("hit") || has("prerender") {
        Some(CacheState::Hit)
    } else if has("bypass") || has("pass") {
        Some(CacheState::Bypass)
    } else if has("dynamic") || has("uncacheable") || has("none") || has("unknown") {
        Some(CacheState::Dynamic)
    } else if has("miss") || has("expired") {
        Some(CacheState::Miss)
    } else {
        None
    }
}
