//! What head and trailers say of a call, and what a request says of its time.

use std::time::Duration;

use percent_encoding::percent_decode;

use crate::http::h1::Head;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::GrpcCode;
use crate::model::inert;

/// Characters of a text of the server's that are kept.
const MAX_TEXT: usize = 200;

/// The value of `grpc-timeout`: at most eight digits and a unit, so a long time is rounded up.
pub fn timeout_field(timeout: Duration) -> String {
    let units: [(u128, char); 5] = [
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    let nanos = timeout.as_nanos();
    let exact = |(unit, _): &&(u128, char)| nanos.is_multiple_of(*unit) && nanos / unit <= MOST;
    let fits = |(unit, _): &&(u128, char)| nanos.div_ceil(*unit) <= MOST;
    let exact = units.iter().rev().skip(2).find(exact);
    match exact.or_else(|| units.iter().find(fits)) {
        Some((unit, letter)) => format!("{}{letter}", nanos.div_ceil(*unit)),
        None => format!("{MOST}H"),
    }
}

const MOST: u128 = 99_999_999;

/// What the fields of a response have said so far.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    http_status: u16,
    /// Why it is no answer to a call.
    refused: Option<Box<str>>,
    code: Option<GrpcCode>,
    message: Box<str>,
    coding: Box<str>,
}

/// What came of a call that its server has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Something else than a gRPC server has answered, with this status.
    Http(u16),
    /// The call came to this, and the server's words for it.
    Code(GrpcCode, String),
    /// The answer breaks the rules.
    Broken(Failure),
}

impl Answer {
    /// Takes the head in; of a response without messages it has all there is.
    pub fn head(&mut self, head: &Head<'_>) {
        *self = Self { http_status: head.status, ..Self::default() };
        if head.status != 200 {
            return;
        }
        let kind = head.field("content-type").unwrap_or_default();
        if !is_grpc(kind) {
            self.refused = Some(match kind {
                [] => "the response is no gRPC: it has no Content-Type".into(),
                kind => format!("the response is no gRPC but `{}`", shown(kind)).into(),
            });
        }
        if let Some(coding) = head.field("grpc-encoding") {
            self.coding = String::from_utf8_lossy(coding).into();
        }
        self.status(head);
    }

    /// Takes the trailers in.
    pub fn trailers(&mut self, trailers: &Head<'_>) {
        self.status(trailers);
    }

    /// Whether messages of this response are a call's.
    pub fn is_call(&self) -> bool {
        self.http_status == 200 && self.refused.is_none()
    }

    /// Whether the call goes on: its head has come, and no status with it.
    pub fn is_open(&self) -> bool {
        self.is_call() && self.code.is_none()
    }

    /// The coding that compressed messages have.
    pub fn coding(&self) -> &str {
        &self.coding
    }

    /// What came of the call, now that its response has ended.
    pub fn verdict(&self) -> Verdict {
        let broken = |detail: &str| Verdict::Broken(Failure::new(FailureClass::Protocol, detail));
        match (&self.refused, self.code) {
            _ if self.http_status != 200 => Verdict::Http(self.http_status),
            (Some(refused), _) => broken(refused),
            (None, Some(code)) => Verdict::Code(code, self.message.to_string()),
            (None, None) => broken("the response has ended without a `grpc-status`"),
        }
    }

    fn status(&mut self, fields: &Head<'_>) {
        let Some(status) = fields.field("grpc-status") else { return };
        let number = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok());
        // Codes that nobody has named yet are to be taken as `UNKNOWN`.
        self.code = Some(number.and_then(GrpcCode::of_number).unwrap_or(GrpcCode::Unknown));
        let message = fields.field("grpc-message").unwrap_or_default();
        // Decoded however broken it is: it is for people.
        let message: Vec<u8> = percent_decode(message).collect();
        self.message = inert(&String::from_utf8_lossy(&message), MAX_TEXT).into();
    }
}

fn is_grpc(kind: &[u8]) -> bool {
    let name = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let Some(start) = name.get(..GRPC.len()) else { return false };
    start.eq_ignore_ascii_case(GRPC) && matches!(name.get(GRPC.len()), None | Some(b'+'))
}

const GRPC: &[u8] = b"application/grpc";

fn shown(bytes: &[u8]) -> String {
    inert(&String::from_utf8_lossy(bytes), MAX_TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;

    #[test]
    fn a_timeout_has_at_most_eight_digits_and_is_never_shortened() {
        let cases = [
            (Duration::from_secs(30), "30S"),
            (Duration::from_millis(1_500), "1500m"),
            (Duration::from_micros(250), "250u"),
            (Duration::from_nanos(1), "1u"),
            (Duration::from_secs(99_999_999), "99999999S"),
            (Duration::from_secs(100_000_000), "1666667M"),
            (Duration::from_micros(100_000_001), "100001m"),
            (Duration::MAX, "99999999H"),
        ];
        for (timeout, expected) in cases {
            assert_eq!(timeout_field(timeout), expected, "{timeout:?}");
        }
    }

    fn answer(status: u16, head: &[(&str, &str)], trailers: &[(&str, &str)]) -> Verdict {
        let map = |fields: &[(&str, &str)]| {
            let pairs = fields.iter().map(|(name, value)| {
                let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
                (name, value.parse().expect("a value"))
            });
            pairs.collect::<http::HeaderMap>()
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut answer = Answer::default();
        answer.head(&Head::of_fields(HttpVersion::Http2, status, Some(&map(head)), &mut first));
        answer.trailers(&Head::of_fields(HttpVersion::Http2, 0, Some(&map(trailers)), &mut second));
        answer.verdict()
    }

    #[test]
    fn the_status_comes_from_the_trailers_or_from_the_only_head() {
        let kind = ("content-type", "application/grpc+proto");
        let code = |code, text: &str| Verdict::Code(code, text.to_owned());
        assert_eq!(answer(200, &[kind], &[("grpc-status", "0")]), code(GrpcCode::Ok, ""));
        let refused = [kind, ("grpc-status", "5"), ("grpc-message", "no %22caf%C3%A9%22%zz")];
        assert_eq!(answer(200, &refused, &[]), code(GrpcCode::NotFound, "no \"café\"%zz"));
        let odd = [("grpc-status", "99")];
        assert_eq!(answer(200, &[kind], &odd), code(GrpcCode::Unknown, ""));
    }

    #[test]
    fn what_is_no_answer_to_a_call_says_so() {
        let ok = [("grpc-status", "0")];
        assert_eq!(answer(503, &[("content-type", "text/html")], &ok), Verdict::Http(503));
        let broken = |head: &[(&str, &str)], trailers| match answer(200, head, trailers) {
            Verdict::Broken(failure) => failure.to_string(),
            other => format!("{other:?}"),
        };
        let html = broken(&[("content-type", "text/html; charset=utf-8")], &ok);
        assert_eq!(html, "protocol: the response is no gRPC but `text/html; charset=utf-8`");
        let web = broken(&[("content-type", "application/grpc-web")], &ok);
        assert_eq!(web, "protocol: the response is no gRPC but `application/grpc-web`");
        let bare = broken(&[], &ok);
        assert_eq!(bare, "protocol: the response is no gRPC: it has no Content-Type");
        let endless = broken(&[("content-type", "application/grpc")], &[]);
        assert_eq!(endless, "protocol: the response has ended without a `grpc-status`");
    }
}
