//! AWS Signature Version 4 in headers, for one request whose body is known.
//!
//! After <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>. The path is
//! signed as it is sent, normalised as AWS does it for every service but S3, which signs it bare.

use std::collections::BTreeMap;

use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_encode;
use sha2::Digest as _;
use sha2::Sha256;

use super::hex::hex;
use crate::model::Header;
use crate::model::Request;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// RFC 3986's unreserved characters stay.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const STRICT_PATH: &AsciiSet = &STRICT.remove(b'/');

/// Headers that change on the way or are written by the wire.
const UNSIGNED: [&str; 6] =
    ["authorization", "connection", "content-length", "user-agent", "expect", "transfer-encoding"];

/// Who signs, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4 {
    /// `AKIA…`
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// Of temporary credentials.
    pub session_token: Option<String>,
    /// `eu-central-1`
    pub region: String,
    /// `execute-api`, `s3`, …
    pub service: String,
}

impl SigV4 {
    /// The request with `X-Amz-Date`, `Authorization` and what else the signature needs, at a time
    /// in seconds since 1970. A signature that is there is replaced.
    pub fn sign(&self, request: &mut Request, unix: u64) {
        const OURS: [&str; 4] =
            ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
        request.headers.retain(|header| !OURS.iter().any(|name| header.is(name)));
        let time = amz_date(unix);
        request.headers.push(Header::new("X-Amz-Date", time.as_str()));
        if let Some(token) = &self.session_token {
            request.headers.push(Header::new("X-Amz-Security-Token", token.as_str()));
        }
        let body = hex(&Sha256::digest(&request.body));
        if self.service == "s3" {
            request.headers.push(Header::new("X-Amz-Content-Sha256", body.as_str()));
        }
        let authorization = self.authorization(request, &time, &body);
        request.headers.push(Header::new("Authorization", authorization));
    }

    fn authorization(&self, request: &Request, time: &str, body_hash: &str) -> String {
        let (canonical, signed) = self.canonical(request, body_hash);
        let day = &time[..8];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = [ALGORITHM, time, &scope, &hex(&Sha256::digest(canonical))].join("\n");
        let mut key = format!("AWS4{}", self.secret_key).into_bytes();
        for part in [day, &self.region, &self.service, "aws4_request"] {
            key = hmac(&key, part.as_bytes());
        }
        let signature = hex(&hmac(&key, text.as_bytes()));
        let credential = &self.access_key;
        format!(
            "{ALGORITHM} Credential={credential}/{scope}, SignedHeaders={signed}, \
             Signature={signature}"
        )
    }

    /// The canonical request, and the names of its headers.
    fn canonical(&self, request: &Request, body_hash: &str) -> (String, String) {
        let mut parts = request.path_and_query.splitn(2, |byte| *byte == b'?');
        let path = parts.next().unwrap_or_default();
        let query = parts.next().unwrap_or_default();
        let path = if self.service == "s3" {
            String::from_utf8_lossy(path).into_owned()
        } else {
            percent_encode(normalised(path).as_bytes(), STRICT_PATH).to_string()
        };
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        if request.header("host").is_none() {
            headers.insert("host".to_owned(), request.origin.host_header());
        }
        for header in &request.headers {
            let name = header.name.to_ascii_lowercase();
            if UNSIGNED.contains(&name.as_str()) {
                continue;
            }
            let value = header.text().split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            let known = headers.entry(name).or_default();
            if !known.is_empty() {
                known.push(',');
            }
            known.push_str(&value);
        }
        let signed = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| {
                format!(
                    "{name}:{value}
"
                )
            })
            .collect();
        let lines = lines.concat();
        let canonical =
            [request.method.as_str(), &path, &canonical_query(query), &lines, &signed, body_hash]
                .join("\n");
        (canonical, signed)
    }
}

/// Pairs encoded strictly and sorted.
fn canonical_query(query: &[u8]) -> String {
    let strict = |part: &[u8]| {
        let decoded: Vec<u8> = percent_encoding::percent_decode(part).collect();
        percent_encode(&decoded, STRICT).to_string()
    };
    let pairs = query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = halves.next().unwrap_or_default();
            (strict(name), strict(halves.next().unwrap_or_default()))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Without `.`, `..` and empty segments (RFC 3986 §6.2.2.3).
fn normalised(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let is_directory = path.ends_with(['/', '.']) && !segments.is_empty() && ends_open(&path);
    format!("/{}{}", segments.join("/"), if is_directory { "/" } else { "" })
}

fn ends_open(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("" | "." | ".."))
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC has any length");
    mac.chain_update(data).finalize().into_bytes().to_vec()
}

/// `20150830T123600Z`
fn amz_date(unix: u64) -> String {
    let seconds = i64::try_from(unix).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Method;
    use crate::model::Origin;
    use crate::model::Scheme;

    /// 2015-08-30T12:36:00Z, the time of AWS's published test suite.
    const TIME: u64 = 1_440_938_160;

    fn suite() -> SigV4 {
        SigV4 {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: "service".to_owned(),
        }
    }

    fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let host = "example.amazonaws.com".to_owned();
        Request {
            origin: Origin { scheme: Scheme::Https, host, port: 443 },
            method: Method::new(method),
            path_and_query: target.as_bytes().to_vec(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn signature(signer: &SigV4, mut request: Request) -> String {
        signer.sign(&mut request, TIME);
        let text = request.header("authorization").expect("signed").text().into_owned();
        text.rsplit('=').next().expect("one").to_owned()
    }

    /// From aws-sig-v4-test-suite: get-vanilla, get-vanilla-query-order-key-case,
    /// get-utf8, get-slashes, get-relative-relative, get-header-value-trim, post-vanilla,
    /// post-x-www-form-urlencoded.
    #[test]
    fn the_published_signatures_come_out() {
        let none: &[(&str, &str)] = &[];
        for (request, expected) in [
            (
                request("GET", "/", none, ""),
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                request("GET", "/?Param2=value2&Param1=value1", none, ""),
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                request("GET", "/\u{1234}", none, ""),
                "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            ),
            (
                request("GET", "//example//", none, ""),
                "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ),
            (
                request("GET", "/example1/example2/../..", none, ""),
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                request(
                    "GET",
                    "/",
                    &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                    "",
                ),
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                request("POST", "/", none, ""),
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                request(
                    "POST",
                    "/",
                    &[("Content-Type", "application/x-www-form-urlencoded")],
                    "Param1=value1",
                ),
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let shown = request.url();
            assert_eq!(signature(&suite(), request), expected, "{shown}");
        }
    }

    /// Computed by botocore 1's `SigV4Auth` and `S3SigV4Auth` at the same time with the same keys.
    #[test]
    fn signatures_are_those_of_another_signer() {
        let api = SigV4 { service: "execute-api".to_owned(), ..suite() };
        let temporary = SigV4 { session_token: Some("SESSION/TOKEN+1".to_owned()), ..api.clone() };
        let s3 =
            SigV4 { service: "s3".to_owned(), session_token: Some("TOKEN".to_owned()), ..suite() };
        let json: &[(&str, &str)] = &[("Content-Type", "application/json")];
        let query = "/v1/a%20b/c?x=1&b=2&a=%2F&a=%20&empty=";
        for (signer, request, expected) in [
            (
                &temporary,
                request("POST", query, json, "{\"n\":1}"),
                "1c883d03a9bc6a276b9eaf03468ed0f43d648295a48e2206ba40984c887d71b7",
            ),
            (
                &api,
                request("DELETE", "/items/./~user_1.-//x/../y/", &[], ""),
                "f2dc2b722c77d4a225fa220c9d9500192a5d609ff55a713f68ae1f6176e10f11",
            ),
            (
                &s3,
                request("PUT", "/bucket/a%20b/./c", &[], "body"),
                "f284e8fe19f27c78d07e9f8c681941adbf39a7695d798e3d0b1abfeb1a4e0e35",
            ),
        ] {
            let shown = request.url();
            assert_eq!(signature(signer, request), expected, "{shown}");
        }
    }

    #[test]
    fn a_session_token_and_the_body_are_signed_and_signing_again_replaces() {
        let with_token =
            SigV4 { session_token: Some("TOKEN".to_owned()), service: "s3".to_owned(), ..suite() };
        let mut signed = request("PUT", "/a%20b", &[], "x");
        with_token.sign(&mut signed, TIME);
        let first = signed.clone();
        with_token.sign(&mut signed, TIME);
        assert_eq!(signed, first);
        let authorization = signed.header("authorization").expect("signed").text().into_owned();
        assert!(
            authorization.contains(
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
            ),
            "{authorization}"
        );
        signed.body = b"y".to_vec();
        with_token.sign(&mut signed, TIME);
        assert_ne!(signed.header("authorization"), first.header("authorization"));
    }
}
