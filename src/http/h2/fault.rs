//! What `h2`'s errors are counted under, and whether the request may be sent again.

use h2::Reason;

use crate::http::fault;
use crate::http::lanes::Again;
use crate::http::lanes::Lost;
use crate::model::Failure;
use crate::model::FailureClass;

/// Why an exchange was lost; `has_head` when its response had begun.
pub(super) fn lost(error: &h2::Error, has_head: bool) -> Lost {
    // A GOAWAY reaches only the streams that its sender did not and will not look at.
    let is_untouched =
        error.is_remote() && (error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM));
    let again = if has_head {
        Again::Never
    } else if is_untouched {
        Again::Always
    } else if error.is_io() {
        Again::IfIdempotent
    } else {
        Again::Never
    };
    Lost { failure: failure(error), again }
}

/// The failure alone: of a whole connection, where no stream has its own.
pub(super) fn failure(error: &h2::Error) -> Failure {
    let class = match error.get_io() {
        // `h2` says so of streams that the end of the connection cut off.
        Some(io) if io.kind() == std::io::ErrorKind::BrokenPipe => FailureClass::Closed,
        Some(io) => fault::stream_class(io),
        None if !error.is_remote() => FailureClass::Protocol,
        None if error.is_go_away() && error.reason() == Some(Reason::NO_ERROR) => {
            FailureClass::Closed
        }
        None => FailureClass::Reset,
    };
    let detail = match class {
        FailureClass::Closed => "closed before the response was complete".to_owned(),
        _ => format!("HTTP/2: {error}"),
    };
    Failure::new(class, detail)
}
