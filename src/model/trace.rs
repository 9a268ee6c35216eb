//! Traces of the service under test: their ids, and where a user looks one up.
//!
//! W3C Trace Context: <https://www.w3.org/TR/trace-context/>, with `traceresponse` of its second
//! level.

use std::fmt;

/// Names a trace; never all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// Names one operation of a trace; never all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

/// A trace, and the operation in it that a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// Of the whole.
    pub trace: TraceId,
    /// Of the operation.
    pub span: SpanId,
}

/// Which requests are traced, and where their traces are looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracing {
    /// Share of requests that carry an id, 0–1. At 0 only what the service says by itself is read.
    pub share: f64,
    /// Where a trace is looked at.
    pub link: Option<TraceLink>,
}

/// Text that becomes an address with a trace's id: `https://apm.example/trace/{trace_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLink(String);

/// Share of requests that are traced where nothing else is said: all of them would be more than a
/// tracing backend is sized for, and paid by the span.
pub const TRACED_SHARE: f64 = 0.01;

/// Bytes of a `traceparent`.
pub const TRACEPARENT_LEN: usize = 55;

/// What stands for the id in a [`TraceLink`].
const SLOT: &str = "{trace_id}";

impl TraceId {
    /// The id of that number; 1 in place of 0, which names nothing.
    pub fn of_number(number: u128) -> Self {
        Self(number.max(1).to_be_bytes())
    }

    /// Reads 32 hexadecimal digits that are not all zero.
    pub fn parse(digits: &[u8]) -> Option<Self> {
        hex(digits).filter(|bytes| *bytes != [0; 16]).map(Self)
    }

    /// The id in a `traceparent` or `traceresponse`; whatever its operation may be, which
    /// `traceresponse` may leave out.
    pub fn of_field(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let is_version = hex::<1>(value.get(..2)?).is_some_and(|version| version != [0xff]);
        let is_whole = matches!(value.get(35), None | Some(b'-'));
        let digits = value.get(3..35).filter(|_| is_version && is_whole && value[2] == b'-');
        Self::parse(digits?)
    }

    /// The id in the value of a `Server-Timing` field: the description of its `traceparent`, as
    /// Splunk's distributions of OpenTelemetry say it.
    pub fn of_server_timing(value: &[u8]) -> Option<Self> {
        const NAME: &[u8] = b"traceparent";
        let at = memchr::memmem::find(value, NAME)?;
        let rest = value[at + NAME.len()..].trim_ascii_start().strip_prefix(b";")?;
        let rest = rest.trim_ascii_start();
        let is_description = rest.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"desc"));
        let rest = rest.get(4..).filter(|_| is_description)?.trim_ascii_start();
        let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b',' | b';' | b' '));
        Self::of_field(&rest[..end.unwrap_or(rest.len())])
    }

    /// Its bytes, the most significant first.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Its last 56 bits, which the specification's second level wants to be random: what samplers
    /// of OpenTelemetry go by, so that all of them keep or leave the same traces.
    pub fn randomness(self) -> u64 {
        let mut last = [0; 8];
        last.copy_from_slice(&self.0[8..]);
        u64::from_be_bytes(last) & (WHOLE - 1)
    }
}

/// One above the greatest [`TraceId::randomness`].
const WHOLE: u64 = 1 << 56;

impl SpanId {
    /// The id of that number; 1 in place of 0, which names nothing.
    pub fn of_number(number: u64) -> Self {
        Self(number.max(1).to_be_bytes())
    }

    /// Reads 16 hexadecimal digits that are not all zero.
    pub fn parse(digits: &[u8]) -> Option<Self> {
        hex(digits).filter(|bytes| *bytes != [0; 8]).map(Self)
    }

    /// Its bytes, the most significant first.
    pub fn bytes(self) -> [u8; 8] {
        self.0
    }
}

impl TraceContext {
    /// The value of a `traceparent` that asks for the trace to be kept.
    pub fn traceparent(&self) -> [u8; TRACEPARENT_LEN] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-01";
        write_hex(&self.trace.0, &mut text[3..35]);
        write_hex(&self.span.0, &mut text[36..52]);
        text
    }

    /// Reads a `traceparent`, whatever its flags say.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let trace = TraceId::of_field(value)?;
        let is_whole = value.len() >= TRACEPARENT_LEN && value[52] == b'-';
        let span = SpanId::parse(value.get(36..52).filter(|_| is_whole)?)?;
        Some(Self { trace, span })
    }
}

impl Tracing {
    /// The least [`TraceId::randomness`] of traces that are kept.
    pub fn threshold(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 2^56"
        )]
        let left_out = ((1.0 - self.share.clamp(0.0, 1.0)) * WHOLE as f64) as u64;
        left_out
    }

    /// Reads a share: `1%`, `0.01`; from 0 to all.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse_share(text: &str) -> Result<f64, String> {
        let (number, of) = match text.trim().strip_suffix('%') {
            Some(number) => (number, 100.0),
            None => (text, 1.0),
        };
        let share = number.trim().parse::<f64>().ok().map(|number| number / of);
        share
            .filter(|share| (0.0..=1.0).contains(share))
            .ok_or_else(|| format!("`{text}` is no share: from 0% to 100%, or 0 to 1"))
    }
}

impl TraceLink {
    /// Reads a template.
    ///
    /// # Errors
    /// Where it does not say where the id stands.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains(SLOT) {
            return Err(format!(
                "`{text}` does not say where the trace's id stands; write {SLOT} there"
            ));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("an address has no white space".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the trace is looked at. The id may come from the service, so that what is no digit of one
    /// does not get in.
    pub fn of(&self, trace_id: &str) -> String {
        let id: String = trace_id.chars().filter(char::is_ascii_hexdigit).take(32).collect();
        self.0.replace(SLOT, &id)
    }

    /// The same where a browser may be led: to a page of the web, and to nothing else.
    pub fn page_of(&self, trace_id: &str) -> Option<String> {
        let is_web = ["https://", "http://"].iter().any(|scheme| {
            self.0.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        is_web.then(|| self.of(trace_id))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Bytes as twice as many lower-case digits.
fn write_hex(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// Bytes of lower-case digits; the specification knows no others.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn shown(id: Option<TraceId>) -> Option<String> {
        id.map(|id| id.to_string())
    }

    proptest! {
        #[test]
        fn what_is_sent_can_be_read(trace in any::<u128>(), span in any::<u64>()) {
            let context =
                TraceContext { trace: TraceId::of_number(trace), span: SpanId::of_number(span) };
            let text = context.traceparent();
            prop_assert_eq!(TraceContext::parse(&text), Some(context));
            prop_assert_eq!(TraceId::of_field(&text), Some(context.trace));
            let text = String::from_utf8(text.to_vec()).expect("digits");
            prop_assert_eq!(text, format!("00-{}-{}-01", context.trace, context.span));
        }

        #[test]
        fn as_many_are_kept_as_the_share_says(share in 0.0..=1.0f64) {
            let threshold = Tracing { share, link: None }.threshold();
            let kept = (WHOLE - threshold) as f64 / WHOLE as f64;
            prop_assert!((kept - share).abs() < 1e-9, "{kept} of {share}");
        }

        #[test]
        fn no_bytes_break_the_readers(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = TraceContext::parse(&value);
            let _ = TraceId::of_field(&value);
            let _ = TraceId::of_server_timing(&[b"traceparent".to_vec(), value].concat());
        }
    }

    #[test]
    fn responses_say_their_trace_in_two_ways() {
        let response = format!("00-{ID}-00f067aa0ba902b7-01");
        assert_eq!(shown(TraceId::of_field(response.as_bytes())).as_deref(), Some(ID));
        // Whoever restarted the trace may keep its operation to itself.
        let without_span = format!("00-{ID}--01");
        assert_eq!(shown(TraceId::of_field(without_span.as_bytes())).as_deref(), Some(ID));
        for timing in [
            format!("traceparent;desc=\"{response}\""),
            format!("db;dur=53, traceparent;desc=\"{response}\", app;dur=1"),
            format!("traceparent ; desc = {response}"),
        ] {
            let read = shown(TraceId::of_server_timing(timing.as_bytes()));
            assert_eq!(read.as_deref(), Some(ID), "{timing}");
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        let zero = "0".repeat(32);
        for value in [
            format!("00-{zero}-00f067aa0ba902b7-01"),
            format!("ff-{ID}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
            format!("00-{ID}0-00f067aa0ba902b7-01"),
            "00-4bf9".to_owned(),
            String::new(),
        ] {
            assert_eq!(TraceId::of_field(value.as_bytes()), None, "{value}");
        }
        assert_eq!(TraceContext::parse(format!("00-{ID}-0000000000000000-01").as_bytes()), None);
        for timing in ["db;dur=53", "traceparent", "traceparent;dur=1", "traceparent;desc=x"] {
            assert_eq!(TraceId::of_server_timing(timing.as_bytes()), None, "{timing}");
        }
    }

    #[test]
    fn shares_are_written_in_two_ways() {
        for (text, share) in [("1%", 0.01), ("0.01", 0.01), ("100%", 1.0), ("0", 0.0)] {
            assert_eq!(Tracing::parse_share(text), Ok(share), "{text}");
        }
        for text in ["", "2", "101%", "-1%", "one", "NaN"] {
            assert!(Tracing::parse_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_link_has_the_id_and_nothing_else_of_the_services() {
        let link = TraceLink::parse("https://apm.example/t/{trace_id}?v=1").expect("a template");
        assert_eq!(link.of(ID), format!("https://apm.example/t/{ID}?v=1"));
        assert_eq!(link.of("a\"><script>"), "https://apm.example/t/ac?v=1");
        assert_eq!(link.page_of(ID), Some(link.of(ID)));
        let script = TraceLink::parse("javascript:alert('{trace_id}')").expect("a template");
        assert_eq!(script.page_of(ID), None);
        assert!(TraceLink::parse("https://apm.example/").is_err());
        assert!(TraceLink::parse("https://apm.example/ {trace_id}").is_err());
    }
}
