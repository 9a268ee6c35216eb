//! gRPC's words: how calls are shaped, and what they come to.

use super::failure::FailureClass;

/// Which sides of a call are streams; the method's descriptor says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// One message each way.
    Unary,
    /// Many messages to the server, one back.
    ClientStream,
    /// One message to the server, many back.
    ServerStream,
    /// Many messages both ways.
    BidiStream,
}

impl CallKind {
    /// The kind of a method.
    pub fn of(streams_requests: bool, streams_responses: bool) -> Self {
        match (streams_requests, streams_responses) {
            (false, false) => Self::Unary,
            (true, false) => Self::ClientStream,
            (false, true) => Self::ServerStream,
            (true, true) => Self::BidiStream,
        }
    }

    /// Whether several messages go to the server.
    pub fn streams_requests(self) -> bool {
        matches!(self, Self::ClientStream | Self::BidiStream)
    }

    /// Whether several messages come back.
    pub fn streams_responses(self) -> bool {
        matches!(self, Self::ServerStream | Self::BidiStream)
    }
}

/// What a call came to; numbers and names are those of
/// <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GrpcCode {
    /// The call did what it was for.
    Ok,
    /// It was cancelled.
    Cancelled,
    /// An error that nobody has named.
    Unknown,
    /// The request makes no sense, whatever the server's state.
    InvalidArgument,
    /// Its time was up before it was over; said by the server, or found by us.
    DeadlineExceeded,
    /// What it asked for is not there.
    NotFound,
    /// What it was to make is there already.
    AlreadyExists,
    /// The caller may not do this.
    PermissionDenied,
    /// A quota or some room is used up.
    ResourceExhausted,
    /// The server's state does not allow it.
    FailedPrecondition,
    /// It was given up, as by a conflict with another one.
    Aborted,
    /// It went beyond what is valid.
    OutOfRange,
    /// The server does not have the method.
    Unimplemented,
    /// Something that must hold on the server does not.
    Internal,
    /// The server cannot serve now.
    Unavailable,
    /// Data is lost or broken.
    DataLoss,
    /// The caller has not shown who it is.
    Unauthenticated,
}

impl GrpcCode {
    /// Every code, by number.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// Its number on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The code of a number; `None` for one that does not exist.
    pub fn of_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// The code of a name or a number.
    pub fn parse(text: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|code| code.as_str() == text);
        named.or_else(|| Self::of_number(text.parse().ok()?))
    }

    /// What a call that came to it is counted under; `None` for the one that is no failure.
    pub fn class(self) -> Option<FailureClass> {
        match self {
            Self::Ok => None,
            Self::Cancelled => Some(FailureClass::GrpcCancelled),
            Self::Unknown => Some(FailureClass::GrpcUnknown),
            Self::InvalidArgument => Some(FailureClass::GrpcInvalidArgument),
            Self::DeadlineExceeded => Some(FailureClass::GrpcDeadlineExceeded),
            Self::NotFound => Some(FailureClass::GrpcNotFound),
            Self::AlreadyExists => Some(FailureClass::GrpcAlreadyExists),
            Self::PermissionDenied => Some(FailureClass::GrpcPermissionDenied),
            Self::ResourceExhausted => Some(FailureClass::GrpcResourceExhausted),
            Self::FailedPrecondition => Some(FailureClass::GrpcFailedPrecondition),
            Self::Aborted => Some(FailureClass::GrpcAborted),
            Self::OutOfRange => Some(FailureClass::GrpcOutOfRange),
            Self::Unimplemented => Some(FailureClass::GrpcUnimplemented),
            Self::Internal => Some(FailureClass::GrpcInternal),
            Self::Unavailable => Some(FailureClass::GrpcUnavailable),
            Self::DataLoss => Some(FailureClass::GrpcDataLoss),
            Self::Unauthenticated => Some(FailureClass::GrpcUnauthenticated),
        }
    }
}

impl std::fmt::Display for GrpcCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is pure data of a request that is a gRPC call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcCall {
    /// Which sides are streams.
    pub kind: CallKind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_classes_belong_together() {
        for (number, code) in (0..).zip(GrpcCode::ALL) {
            assert_eq!(code.number(), number);
            assert_eq!(GrpcCode::of_number(number), Some(code));
            assert_eq!(GrpcCode::parse(code.as_str()), Some(code));
            assert_eq!(GrpcCode::parse(&number.to_string()), Some(code));
            let class = code.class().map(|class| class.as_str().to_owned());
            let named = format!("grpc_{}", code.as_str().to_ascii_lowercase());
            assert_eq!(class, (code != GrpcCode::Ok).then_some(named));
        }
        assert_eq!((GrpcCode::of_number(17), GrpcCode::parse("Ok")), (None, None));
    }
}
