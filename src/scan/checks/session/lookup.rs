//! What a login is held by, taken off its owner and sent as nobody.

use crate::model::Header;
use crate::model::Request;
use crate::scan::probe::Guarded;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Headers of a request that say who sends it.
pub(super) fn held(request: &Request) -> Vec<Header> {
    let names = ["cookie", "authorization", "x-access-token", "x-auth-token", "x-token"];
    let is_held = |header: &&Header| names.iter().any(|name| header.is(name));
    request.headers.iter().filter(is_held).cloned().collect()
}

/// A page asked for by nobody with these headers alone.
pub(super) async fn with(
    probe: &mut SiteProbe,
    page: &Guarded,
    headers: &[Header],
    value: &str,
) -> Result<Shot, ProbeStop> {
    let mut request = page.request.clone();
    request.headers.retain(|header| !headers.iter().any(|other| header.is(&other.name)));
    request.headers.extend(headers.iter().cloned());
    probe.ask_as(Whom::Nobody, request, value, None).await
}

/// The headers with every value in them so changed that it cannot be right.
pub(super) fn spoilt(headers: &[Header]) -> Vec<Header> {
    let swap = |byte: u8| match byte {
        b'a'..=b'y' | b'A'..=b'Y' | b'0'..=b'8' => byte + 1,
        b'z' => b'a',
        b'Z' => b'A',
        b'9' => b'0',
        other => other,
    };
    let spoil = |text: &[u8]| text.iter().map(|byte| swap(*byte)).collect::<Vec<u8>>();
    let change = |header: &Header| {
        let text = header.text().into_owned();
        let value = if header.is("cookie") {
            let pairs = text.split(';').map(|pair| {
                let (name, value) = pair.trim().split_once('=').unwrap_or((pair.trim(), ""));
                format!("{name}={}", String::from_utf8_lossy(&spoil(value.as_bytes())))
            });
            pairs.collect::<Vec<_>>().join("; ").into_bytes()
        } else {
            match text.split_once(' ') {
                Some((scheme, token)) => {
                    format!("{scheme} {}", String::from_utf8_lossy(&spoil(token.as_bytes())))
                        .into_bytes()
                }
                None => spoil(text.as_bytes()),
            }
        };
        Header::new(header.name.clone(), value)
    };
    headers.iter().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spoilt_and_names_stay() {
        let headers =
            [Header::new("Cookie", "a=b1; c=z"), Header::new("Authorization", "Bearer x")];
        let spoilt = spoilt(&headers);
        assert_eq!(spoilt[0].text(), "a=c2; c=a");
        assert_eq!(spoilt[1].text(), "Bearer y");
    }
}
