//! Why an exchange gave no response, or what its response says of its failure: data in the report,
//! never an error of ours.

use std::fmt;

/// The classes a failed exchange is counted under; names are part of the report format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// The name did not resolve.
    Dns,
    /// Nobody listens on the port.
    ConnectRefused,
    /// Connecting took longer than the timeout.
    ConnectTimeout,
    /// Any other failure to connect (an unreachable network).
    Connect,
    /// We had no descriptor, local port or memory left: the generator's limit, not the target's.
    LocalLimit,
    /// The proxy refused to make the connection, or could not be understood.
    Proxy,
    /// The certificate was refused.
    Certificate,
    /// Any other TLS failure.
    Tls,
    /// The TLS handshake did not end within the timeout.
    TlsTimeout,
    /// The peer reset the connection.
    Reset,
    /// The peer closed before the response was complete.
    Closed,
    /// The peer did not take the whole request within the timeout.
    SendTimeout,
    /// No response began within the timeout.
    WaitTimeout,
    /// A response began and was not complete within the timeout.
    ReceiveTimeout,
    /// A message or event that was waited for did not come within its time.
    MessageTimeout,
    /// What came back is not HTTP.
    Protocol,
    /// The response is larger than we are willing to read.
    TooLarge,
    /// The connection's address or the redirect's destination is out of scope.
    OutOfScope,
    /// Too many redirects, or one that leads nowhere.
    Redirect,
    /// A value that the request needs was in no response before it, or does not fit into it.
    Extract,
    /// Cancelled by us: end of run, user, kill switch.
    Cancelled,
    /// A GraphQL answer told errors in its body, under whatever status.
    GraphqlErrors,
    /// A gRPC call came to `CANCELLED`.
    GrpcCancelled,
    /// A gRPC call came to `UNKNOWN`.
    GrpcUnknown,
    /// A gRPC call came to `INVALID_ARGUMENT`.
    GrpcInvalidArgument,
    /// A gRPC call came to `DEADLINE_EXCEEDED`.
    GrpcDeadlineExceeded,
    /// A gRPC call came to `NOT_FOUND`.
    GrpcNotFound,
    /// A gRPC call came to `ALREADY_EXISTS`.
    GrpcAlreadyExists,
    /// A gRPC call came to `PERMISSION_DENIED`.
    GrpcPermissionDenied,
    /// A gRPC call came to `RESOURCE_EXHAUSTED`.
    GrpcResourceExhausted,
    /// A gRPC call came to `FAILED_PRECONDITION`.
    GrpcFailedPrecondition,
    /// A gRPC call came to `ABORTED`.
    GrpcAborted,
    /// A gRPC call came to `OUT_OF_RANGE`.
    GrpcOutOfRange,
    /// A gRPC call came to `UNIMPLEMENTED`.
    GrpcUnimplemented,
    /// A gRPC call came to `INTERNAL`.
    GrpcInternal,
    /// A gRPC call came to `UNAVAILABLE`.
    GrpcUnavailable,
    /// A gRPC call came to `DATA_LOSS`.
    GrpcDataLoss,
    /// A gRPC call came to `UNAUTHENTICATED`.
    GrpcUnauthenticated,
}

impl FailureClass {
    /// Every class, in report order.
    pub const ALL: [Self; 38] = [
        Self::Dns,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::Connect,
        Self::LocalLimit,
        Self::Proxy,
        Self::Certificate,
        Self::Tls,
        Self::TlsTimeout,
        Self::Reset,
        Self::Closed,
        Self::SendTimeout,
        Self::WaitTimeout,
        Self::ReceiveTimeout,
        Self::MessageTimeout,
        Self::Protocol,
        Self::TooLarge,
        Self::OutOfScope,
        Self::Redirect,
        Self::Extract,
        Self::Cancelled,
        Self::GraphqlErrors,
        Self::GrpcCancelled,
        Self::GrpcUnknown,
        Self::GrpcInvalidArgument,
        Self::GrpcDeadlineExceeded,
        Self::GrpcNotFound,
        Self::GrpcAlreadyExists,
        Self::GrpcPermissionDenied,
        Self::GrpcResourceExhausted,
        Self::GrpcFailedPrecondition,
        Self::GrpcAborted,
        Self::GrpcOutOfRange,
        Self::GrpcUnimplemented,
        Self::GrpcInternal,
        Self::GrpcUnavailable,
        Self::GrpcDataLoss,
        Self::GrpcUnauthenticated,
    ];

    /// The stable name in reports and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Connect => "connect",
            Self::LocalLimit => "local_limit",
            Self::Proxy => "proxy",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::TlsTimeout => "tls_timeout",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::SendTimeout => "send_timeout",
            Self::WaitTimeout => "wait_timeout",
            Self::ReceiveTimeout => "receive_timeout",
            Self::MessageTimeout => "message_timeout",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::OutOfScope => "out_of_scope",
            Self::Redirect => "redirect",
            Self::Extract => "extract",
            Self::Cancelled => "cancelled",
            Self::GraphqlErrors => "graphql_errors",
            Self::GrpcCancelled => "grpc_cancelled",
            Self::GrpcUnknown => "grpc_unknown",
            Self::GrpcInvalidArgument => "grpc_invalid_argument",
            Self::GrpcDeadlineExceeded => "grpc_deadline_exceeded",
            Self::GrpcNotFound => "grpc_not_found",
            Self::GrpcAlreadyExists => "grpc_already_exists",
            Self::GrpcPermissionDenied => "grpc_permission_denied",
            Self::GrpcResourceExhausted => "grpc_resource_exhausted",
            Self::GrpcFailedPrecondition => "grpc_failed_precondition",
            Self::GrpcAborted => "grpc_aborted",
            Self::GrpcOutOfRange => "grpc_out_of_range",
            Self::GrpcUnimplemented => "grpc_unimplemented",
            Self::GrpcInternal => "grpc_internal",
            Self::GrpcUnavailable => "grpc_unavailable",
            Self::GrpcDataLoss => "grpc_data_loss",
            Self::GrpcUnauthenticated => "grpc_unauthenticated",
        }
    }

    /// Whether time was up: such an exchange took at least as long as it was given.
    pub fn is_timeout(self) -> bool {
        match self {
            Self::ConnectTimeout
            | Self::TlsTimeout
            | Self::SendTimeout
            | Self::WaitTimeout
            | Self::ReceiveTimeout
            | Self::MessageTimeout
            | Self::GrpcDeadlineExceeded => true,
            Self::Dns
            | Self::ConnectRefused
            | Self::Connect
            | Self::LocalLimit
            | Self::Proxy
            | Self::Certificate
            | Self::Tls
            | Self::Reset
            | Self::Closed
            | Self::Protocol
            | Self::TooLarge
            | Self::OutOfScope
            | Self::Redirect
            | Self::Extract
            | Self::Cancelled
            | Self::GraphqlErrors
            | Self::GrpcCancelled
            | Self::GrpcUnknown
            | Self::GrpcInvalidArgument
            | Self::GrpcNotFound
            | Self::GrpcAlreadyExists
            | Self::GrpcPermissionDenied
            | Self::GrpcResourceExhausted
            | Self::GrpcFailedPrecondition
            | Self::GrpcAborted
            | Self::GrpcOutOfRange
            | Self::GrpcUnimplemented
            | Self::GrpcInternal
            | Self::GrpcUnavailable
            | Self::GrpcDataLoss
            | Self::GrpcUnauthenticated => false,
        }
    }

    /// Whether the peer has answered, and said itself that it failed.
    pub fn is_answer(self) -> bool {
        self as usize >= Self::GraphqlErrors as usize
    }

    /// The class of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One failed exchange: the class it counts under and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {detail}")]
pub struct Failure {
    /// What it counts under.
    pub class: FailureClass,
    /// What was attempted and what happened, for a sample in the report.
    pub detail: String,
}

impl Failure {
    /// A failure of `class`, described.
    pub fn new(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into() }
    }
}
