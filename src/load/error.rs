//! What prevents load from starting, as opposed to what a target does to it.

use std::io;

use crate::flow::ExpectationError;
use crate::http::h1::EncodeError;
use crate::http::message::MessageError;
use crate::http::tls::TlsError;
use crate::model::Failure;
use crate::model::OutOfScope;

/// Nothing was sent, or nothing more can be.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A request of a flow is out of scope.
    #[error("`{request}` may not be sent")]
    OutOfScope {
        /// The request's name.
        request: String,
        /// Why.
        #[source]
        source: OutOfScope,
    },
    /// A request cannot be written as it stands.
    #[error("writing request `{request}`")]
    Encode {
        /// The request's name.
        request: String,
        /// Why.
        #[source]
        source: EncodeError,
    },
    /// What a request waits for after its response has begun cannot be compiled.
    #[error("preparing the messages of request `{request}`")]
    Expectation {
        /// The request's name.
        request: String,
        /// Why.
        #[source]
        source: ExpectationError,
    },
    /// A request cannot be sent over HTTP/2 or HTTP/3.
    #[error("preparing request `{request}` for HTTP/2 or HTTP/3")]
    NotInFrames {
        /// The request's name.
        request: String,
        /// Why.
        #[source]
        source: MessageError,
    },
    /// A host cannot be dialled: its class is `Dns` where the name does not resolve, `OutOfScope`
    /// where no address of it is in scope.
    #[error("finding an address of {host}")]
    Address {
        /// The name.
        host: String,
        /// What was wrong.
        #[source]
        source: Failure,
    },
    /// The certificates that the user named are of no use.
    #[error("preparing TLS")]
    Tls(#[source] TlsError),
    /// The system gives no readiness loop, or it broke.
    #[error("waiting for connections")]
    Reactor(#[source] io::Error),
    /// What is to be done before the scenarios did not succeed.
    #[error("`setup`: {0}")]
    Setup(String),
    /// Nobody whom the scenarios need can log in.
    #[error("{0}")]
    Login(String),
    /// A plan without scenarios or without series.
    #[error("the plan has no load scenario")]
    NothingToRun,
}
