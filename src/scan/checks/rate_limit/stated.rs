//! When an answer says that its sender may come again. Pure.

use std::time::Duration;

use crate::model::Header;
use crate::model::Response;
use crate::model::inert;
use crate::scan::probe::retry_after;

/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// What `Retry-After` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stated {
    /// There is none.
    Absent,
    /// It is neither a number of seconds nor a date.
    Garbled(String),
    /// After so long.
    After(Duration),
}

impl Stated {
    /// What an answer says; `unix` is now, in seconds since 1970. A date is by the clock of whoever
    /// answers, where the answer has that.
    pub(super) fn by(response: &Response, unix: u64) -> Self {
        let Some(header) = response.header("retry-after") else { return Self::Absent };
        let since_1970 = |header: &Header| retry_after(&header.text(), 0);
        let now = response.header("date").and_then(since_1970).map_or(unix, |now| now.as_secs());
        match retry_after(&header.text(), now) {
            Some(wait) => Self::After(wait),
            None => Self::Garbled(inert(&header.text(), SHOWN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;

    fn stated(headers: &[(&str, &str)]) -> Stated {
        let response = Response {
            status: 429,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        };
        Stated::by(&response, 784_111_770)
    }

    #[test]
    fn seconds_and_dates_are_understood_and_dates_by_their_own_clock() {
        let after = |seconds| Stated::After(Duration::from_secs(seconds));
        let until = ("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(stated(&[]), Stated::Absent);
        assert_eq!(stated(&[("retry-after", " 17 ")]), after(17));
        assert_eq!(stated(&[until]), after(7));
        let early = ("Date", "Sun, 06 Nov 1994 08:49:07 GMT");
        assert_eq!(stated(&[until, early]), after(30));
        assert_eq!(stated(&[("Retry-After", "soon\u{1b}")]), Stated::Garbled("soon\\u{1b}".into()));
    }
}
