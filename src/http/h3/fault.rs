//! What QUIC's and `h3`'s errors are counted under, and whether the request may be sent again.

use h3::error::Code;
use h3::error::LocalError;
use h3::error::StreamError;
use quinn_proto::ConnectError;
use quinn_proto::ConnectionError;
use quinn_proto::TransportErrorCode;
use rustls::AlertDescription;
use rustls::Error as TlsError;

use super::quic::Quic;
use crate::http::lanes::Again;
use crate::http::lanes::Lost;
use crate::http::tls;
use crate::model::Failure;
use crate::model::FailureClass;

/// Codes of QUIC that carry a TLS alert in their last byte (RFC 9001 §4.8).
const ALERTS: std::ops::Range<u64> = 0x100..0x200;

/// Why a request could not be sent whole.
pub(super) fn request(error: StreamError, quic: &Quic) -> Lost {
    if let StreamError::HeaderTooBig { actual_size, max_size } = error {
        let detail = format!(
            "HTTP/3: the request's headers have {actual_size} bytes, the server takes {max_size}"
        );
        return Lost { failure: Failure::new(FailureClass::Protocol, detail), again: Again::Never };
    }
    lost(error, false, quic)
}

/// Why an exchange was lost; `has_head` when its response had begun.
pub(super) fn lost(error: StreamError, has_head: bool, quic: &Quic) -> Lost {
    let (class, detail, again) = match error {
        StreamError::RemoteClosing => {
            (FailureClass::Closed, "the server is going away".to_owned(), Again::Always)
        }
        StreamError::RemoteTerminate { code: Code::H3_REQUEST_REJECTED } => {
            (FailureClass::Reset, "the server rejected the request".to_owned(), Again::Always)
        }
        StreamError::RemoteTerminate { code } => {
            (FailureClass::Reset, format!("the server reset the stream: {code}"), Again::Never)
        }
        StreamError::ConnectionError(error) => {
            let failure = h3_connection(&error, quic);
            let again = if has_head { Again::Never } else { Again::IfIdempotent };
            return Lost { failure, again };
        }
        StreamError::HeaderTooBig { actual_size, max_size } => (
            FailureClass::TooLarge,
            format!("the response's headers have {actual_size} bytes, {max_size} are read"),
            Again::Never,
        ),
        StreamError::StreamError { code, reason } => {
            (FailureClass::Protocol, format!("{reason} ({code})"), Again::Never)
        }
        other => (FailureClass::Protocol, other.to_string(), Again::Never),
    };
    let again = if has_head { Again::Never } else { again };
    Lost { failure: Failure::new(class, format!("HTTP/3: {detail}")), again }
}

/// Why `h3` has given up a connection.
pub(super) fn h3_connection(error: &h3::error::ConnectionError, quic: &Quic) -> Failure {
    if let Some(reason) = &quic.lost {
        return connection(reason, quic);
    }
    let detail = match error {
        h3::error::ConnectionError::Local {
            error: LocalError::Application { code, reason, .. },
            ..
        } => format!("{reason} ({code})"),
        other => other.to_string(),
    };
    Failure::new(FailureClass::Protocol, format!("HTTP/3: {detail}"))
}

/// Why a connection could not even be begun.
pub(super) fn start(error: &ConnectError) -> Failure {
    Failure::new(FailureClass::Connect, format!("QUIC: {error}"))
}

/// Why QUIC has lost a connection.
pub(super) fn connection(error: &ConnectionError, quic: &Quic) -> Failure {
    let (class, detail) = match error {
        ConnectionError::TransportError(error) => {
            if let Some(Err(verdict)) = &quic.verdict {
                return tls::failure(verdict);
            }
            // Our own alert, on what the server said.
            let code = u64::from(error.code);
            let is_tls = ALERTS.contains(&code);
            if is_tls && description(code) == AlertDescription::NoApplicationProtocol {
                return no_h3("chose no protocol");
            }
            let class = if is_tls { FailureClass::Tls } else { FailureClass::Protocol };
            (class, format!("QUIC: {error}"))
        }
        ConnectionError::ConnectionClosed(close) => {
            let code = u64::from(close.error_code);
            if ALERTS.contains(&code) {
                return alert(code);
            }
            let class = match close.error_code {
                _ if !quic.connected => FailureClass::Connect,
                TransportErrorCode::NO_ERROR => FailureClass::Closed,
                _ => FailureClass::Reset,
            };
            (class, format!("QUIC: the server gave the connection up: {close}"))
        }
        ConnectionError::ApplicationClosed(close) => {
            let code = Code::from(close.error_code.into_inner());
            let reason = String::from_utf8_lossy(&close.reason);
            if code == Code::H3_NO_ERROR {
                let detail = "closed before the response was complete".to_owned();
                (FailureClass::Closed, detail)
            } else {
                let detail = format!("HTTP/3: the server closed the connection: {code} {reason}");
                (FailureClass::Reset, detail.trim_end().to_owned())
            }
        }
        ConnectionError::VersionMismatch => (
            FailureClass::Protocol,
            "the server speaks no version of QUIC that we speak (version 1)".to_owned(),
        ),
        ConnectionError::Reset => (
            FailureClass::Reset,
            "QUIC: the server does not know the connection any more (stateless reset)".to_owned(),
        ),
        ConnectionError::TimedOut if quic.answered.is_none() => {
            (FailureClass::ConnectTimeout, "no answer over QUIC (UDP) within 30 s".to_owned())
        }
        ConnectionError::TimedOut if !quic.connected => {
            (FailureClass::TlsTimeout, "no end of the QUIC handshake within 30 s".to_owned())
        }
        ConnectionError::TimedOut => (
            FailureClass::Reset,
            "QUIC: nothing was heard of the server for as long as the connection may be idle"
                .to_owned(),
        ),
        ConnectionError::LocallyClosed | ConnectionError::CidsExhausted => {
            (FailureClass::Closed, format!("QUIC: {error}"))
        }
    };
    Failure::new(class, detail)
}

/// The server refused the handshake with an alert.
fn alert(code: u64) -> Failure {
    match description(code) {
        AlertDescription::NoApplicationProtocol => no_h3("refused `h3`"),
        alert => tls::failure(&TlsError::AlertReceived(alert)),
    }
}

fn description(code: u64) -> AlertDescription {
    AlertDescription::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX))
}

fn no_h3(what: &str) -> Failure {
    let detail = format!("the server does not speak HTTP/3 here: it {what} (ALPN)");
    Failure::new(FailureClass::Protocol, detail)
}
