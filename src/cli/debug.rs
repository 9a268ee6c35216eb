//! `load --debug`: one request, shown with its response instead of measured.

use std::fmt::Write as _;

use super::error::CliError;
use super::outputs::write_stderr;
use super::outputs::write_stdout;
use crate::http::clock::Clock;
use crate::model::Exchange;
use crate::model::ExitCode;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Redactor;
use crate::model::Response;
use crate::model::inert;
use crate::plan::Plan;
use crate::run::Sent;
use crate::run::send_once;

/// Bytes of a body that are shown.
const BODY_SHOWN: usize = 4 << 10;
/// Characters of a line that are shown.
const LINE_SHOWN: usize = 2_000;

const INFALLIBLE: &str = "writing to a string does not fail";

/// Sends the plan's first request and prints both messages; 86 without a response.
///
/// # Errors
/// Whatever kept it from being sent, or standard output when it breaks.
pub(super) fn run(plan: &Plan) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Internal(format!("starting the runtime: {error}")))?;
    let sent = runtime.block_on(send_once(plan, Clock::start()))?;
    write_stdout(shown(&sent, &plan.redactor).as_bytes())?;
    let Err(failure) = &sent.exchange.outcome else { return Ok(ExitCode::Passed) };
    let text = plan.redactor.text(&format!("{}: {failure}", plan.target.origin));
    let text = inert(&text, LINE_SHOWN);
    write_stderr(format!("error: {text}\n").as_bytes());
    Ok(if failure.class == FailureClass::OutOfScope {
        ExitCode::Refused
    } else {
        ExitCode::Unreachable
    })
}

/// Both messages, `>` and `<` before their lines and `*` before what is on neither's wire.
fn shown(sent: &Sent, redactor: &Redactor) -> String {
    let mut out = String::new();
    connection(&sent.exchange, &mut out);
    let end =
        memchr::memmem::find(&sent.request, b"\r\n\r\n").map_or(sent.request.len(), |at| at + 4);
    let (head, body) = sent.request.split_at(end);
    show_head(head, '>', redactor, &mut out);
    show_body(body, '>', redactor, &mut out);
    if let Some(response) = sent.exchange.response() {
        show_response(response, redactor, &mut out);
    }
    out
}

fn connection(exchange: &Exchange, out: &mut String) {
    if let Some(peer) = exchange.peer {
        writeln!(out, "* connected to {peer}").expect(INFALLIBLE);
    }
    if let Some(tls) = &exchange.tls {
        writeln!(out, "* {} {}", tls.version, tls.cipher_suite).expect(INFALLIBLE);
        if let Some(fault) = &tls.certificate_fault {
            writeln!(out, "* certificate: {}", inert(fault, LINE_SHOWN)).expect(INFALLIBLE);
        }
    }
}

fn show_response(response: &Response, redactor: &Redactor, out: &mut String) {
    show_head(&response.head_to_wire(), '<', redactor, out);
    show_body(&response.body, '<', redactor, out);
    if response.truncated {
        let read = response.body.len();
        writeln!(out, "* the body goes on; reading ended after {read} bytes").expect(INFALLIBLE);
    }
}

/// Each line of a head with its secrets masked; the empty line ends it.
fn show_head(head: &[u8], mark: char, redactor: &Redactor, out: &mut String) {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.strip_suffix("\r\n").unwrap_or(&text).split("\r\n");
    // The request or status line.
    let first = lines.next().map(|line| redactor.text(line));
    let fields = lines.map(|line| match line.split_once(':') {
        Some((name, value)) => {
            let value = redactor.header_value(&Header::new(name, value.trim()));
            format!("{name}: {}", String::from_utf8_lossy(&value))
        }
        None => redactor.text(line),
    });
    for line in first.into_iter().chain(fields) {
        writeln!(out, "{mark} {}", inert(&line, LINE_SHOWN)).expect(INFALLIBLE);
    }
}

/// The start of a body, if it is text; else how long it is.
fn show_body(body: &[u8], mark: char, redactor: &Redactor, out: &mut String) {
    if body.is_empty() {
        return;
    }
    let masked = redactor.bytes(body);
    let start = &masked[..masked.len().min(BODY_SHOWN)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character that the cut goes through is no sign of binary data.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => {
            writeln!(out, "* {} bytes that are not text", body.len()).expect(INFALLIBLE);
            return;
        }
    };
    for line in text.lines() {
        writeln!(out, "{mark} {}", inert(line, LINE_SHOWN)).expect(INFALLIBLE);
    }
    if masked.len() > start.len() {
        writeln!(out, "* {BODY_SHOWN} of {} bytes shown", masked.len()).expect(INFALLIBLE);
    }
}
