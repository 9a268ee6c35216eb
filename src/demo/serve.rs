//! Starting and stopping the shop.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::dials::Dials;
use super::dials::Door;
use super::dials::Line;
use super::shop;

/// How long open requests may go on after the shutdown began.
const GRACE: Duration = Duration::from_secs(2);

/// How to start the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopOptions {
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Address to listen on; loopback only.
    pub address: IpAddr,
    /// Start the safe twin instead of the flawed shop.
    pub safe: bool,
    /// Let `robots.txt` and `.well-known` lead into the maze, the crawl test site below `/maze`.
    /// No page of the shop links it, so that nobody who looks at the shop strays there.
    pub maze: bool,
    /// Faults of speed that are turned up.
    pub dials: Dials,
}

/// Why the shop did not start or went down.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The shop is vulnerable on purpose and must not be reachable from elsewhere.
    #[error("the demo shop listens on loopback only, not on {0}")]
    NotLoopback(IpAddr),
    /// The port is taken or not allowed.
    #[error("listening on {address}")]
    Listen {
        /// Where the shop was to listen.
        address: SocketAddr,
        /// Why it could not.
        #[source]
        source: io::Error,
    },
    /// The temporary directory could not be made or filled.
    #[error("creating the shop's temporary files")]
    Files(#[source] io::Error),
    /// The database could not be made or filled.
    #[error("creating the shop's database")]
    Database(#[from] rusqlite::Error),
    /// No secure random numbers.
    #[error("getting random bytes for session ids")]
    Random,
    /// Accepting connections failed.
    #[error("serving")]
    Serve(#[source] io::Error),
}

/// Runs the shop until `shutdown` completes; `ready` learns the address once it accepts
/// connections. Everything it wrote is deleted at the end.
///
/// # Errors
/// An address that is not loopback, a port that cannot be had, a temporary directory that cannot
/// be written.
///
/// Cancel safe: a dropped future closes the listener and deletes the files; connections that are
/// being served end with the runtime.
pub async fn serve(
    options: ShopOptions,
    ready: impl FnOnce(SocketAddr) + Send,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), DemoError> {
    if !options.address.is_loopback() {
        return Err(DemoError::NotLoopback(options.address));
    }
    let address = SocketAddr::new(options.address, options.port);
    let listener =
        TcpListener::bind(address).await.map_err(|source| DemoError::Listen { address, source })?;
    let bound = listener.local_addr().map_err(|source| DemoError::Listen { address, source })?;
    let directory =
        tempfile::Builder::new().prefix("demo-shop-").tempdir().map_err(DemoError::Files)?;
    let router = shop::open(directory.path(), bound, options)?;
    // The network, if one is played, has the address that clients know.
    let (listener, line) = match Line::of(options.dials) {
        None => (listener, None),
        Some(line) => {
            let behind = SocketAddr::new(options.address, 0);
            let inner = TcpListener::bind(behind)
                .await
                .map_err(|source| DemoError::Listen { address: behind, source })?;
            let behind = inner.local_addr().map_err(DemoError::Serve)?;
            (inner, Some(line.carry(listener, behind)))
        }
    };
    ready(bound);

    let (stopping, mut stopped) = watch::channel(());
    let server = axum::serve(Door::new(listener, options.dials), router).with_graceful_shutdown(
        async move {
            shutdown.await;
            stopping.send_replace(());
        },
    );
    // A client that never ends its request must not keep the shop alive.
    let overdue = async move {
        if stopped.changed().await.is_ok() {
            tokio::time::sleep(GRACE).await;
        }
    };
    let carried = async move {
        match line {
            Some(carrying) => carrying.await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = server => ended.map_err(DemoError::Serve),
        () = overdue => Ok(()),
        () = carried => Ok(()),
    }
}
