//! How much a rate limiter says it lets in: `RateLimit` of the IETF draft in its several forms
//! (draft-ietf-httpapi-ratelimit-headers), and the `X-RateLimit-*` from before it.

/// What a response told of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a window.
    pub limit: Option<u64>,
    /// Of these, how many are left.
    pub left: Option<u64>,
}

/// Takes a header, whose name is in lower case.
pub(super) fn read(name: &[u8], value: &str, quota: &mut Option<Quota>) {
    let Ok(name) = std::str::from_utf8(name) else { return };
    let name = name.strip_prefix("x-").unwrap_or(name);
    let (limit, left) = match name {
        "ratelimit" => (member(value, "limit"), member(value, "r").or(member(value, "remaining"))),
        "ratelimit-policy" => (member(value, "q").or_else(|| first(value)), None),
        "ratelimit-limit" | "rate-limit-limit" => (first(value), None),
        "ratelimit-remaining" | "rate-limit-remaining" => (None, first(value)),
        _ => return,
    };
    if limit.is_none() && left.is_none() {
        return;
    }
    let quota = quota.get_or_insert_default();
    // Of several windows the tightest counts.
    let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
    quota.limit = least(quota.limit, limit);
    quota.left = least(quota.left, left);
}

/// The number that a value begins with.
fn first(value: &str) -> Option<u64> {
    let digits = value.trim_start().split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The number behind `name=`, whatever stands around it.
fn member(value: &str, name: &str) -> Option<u64> {
    value.split([';', ',']).find_map(|part| {
        let (key, number) = part.split_once('=')?;
        (key.trim().eq_ignore_ascii_case(name)).then(|| first(number)).flatten()
    })
}
