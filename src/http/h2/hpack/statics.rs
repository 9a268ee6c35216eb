//! The static table (RFC 7541, appendix A).

/// Names and values; the first has the index 1.
pub(super) const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// The index of a request header's name, where it has one.
pub(super) fn name_index(name: &str) -> Option<usize> {
    // Behind the pseudo-headers and in the order of the alphabet, but for one pair.
    let headers = &STATIC[14..];
    let place = match name {
        "accept" => 4,
        "accept-charset" => 0,
        "accept-encoding" => 1,
        "accept-language" => 2,
        "accept-ranges" => 3,
        name => headers.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?,
    };
    Some(place + 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        for (index, (name, _)) in (1..).zip(STATIC).skip(14) {
            assert_eq!(name_index(name), Some(index), "{name}");
        }
        for name in ["", "accep", "accept-x", "x", "zzz", "content-type2"] {
            assert_eq!(name_index(name), None, "{name}");
        }
    }
}
