//! Cookies that a response sets.

/// The value of the last cookie of that name, letter by letter, in `Set-Cookie` lines.
pub fn set_cookie<'h>(lines: impl Iterator<Item = &'h [u8]>, name: &str) -> Option<&'h [u8]> {
    let pairs = lines.filter_map(|line| {
        let pair = line.split(|byte| *byte == b';').next()?;
        let equals = memchr::memchr(b'=', pair)?;
        Some((pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii()))
    });
    pairs.filter(|(known, _)| *known == name.as_bytes()).last().map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cookie_of_the_name_counts() {
        let lines = ["sid=1; Path=/", "SID=2", "none", "=x", "sid = a=b ;HttpOnly", "sid2=4"];
        let of = |name| set_cookie(lines.iter().map(|line| line.as_bytes()), name);
        assert_eq!(of("sid"), Some(&b"a=b"[..]));
        assert_eq!(of("SID"), Some(&b"2"[..]));
        assert_eq!(of("none"), None);
    }
}
