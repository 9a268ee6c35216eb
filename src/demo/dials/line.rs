//! A proxy in front of the shop that plays the network: bytes travel for a while, and only so many
//! a second.
//!
//! What it cannot play: the kernel answers a connect before the proxy knows of it, so the handshake's
//! round trip is added to the first bytes instead; nothing is ever lost or sent again, and windows do
//! not grow from small ones.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::setting::Dials;
use super::table::Dial;

/// What is taken from a connection at once, so that connections take turns.
const PIECE: usize = 4096;
/// Pieces of one direction of one connection that travel at once: a window of 1 MB.
const TRAVELLING: usize = 256;

/// A line between clients and the shop.
#[derive(Debug)]
pub(in crate::demo) struct Line {
    delay: Duration,
    bytes_per_second: Option<f64>,
}

/// One direction, which all connections share.
#[derive(Debug)]
struct Lane {
    delay: Duration,
    bytes_per_second: Option<f64>,
    free_at: Mutex<Instant>,
}

impl Line {
    /// The line that the dials ask for, if they do.
    pub(in crate::demo) fn of(dials: Dials) -> Option<Self> {
        let bandwidth = dials.is_on(Dial::NetworkBandwidth);
        (bandwidth || dials.is_on(Dial::NetworkDelay)).then(|| Self {
            delay: dials.time(Dial::NetworkDelay),
            bytes_per_second: bandwidth.then(|| dials.value(Dial::NetworkBandwidth) * 1000.0),
        })
    }

    /// Carries bytes between `outside` and the shop. Never ends by itself; dropped, it closes every
    /// connection.
    pub(in crate::demo) async fn carry(self, mut outside: TcpListener, shop: SocketAddr) {
        let lane = || {
            let free_at = Mutex::new(Instant::now());
            let (delay, bytes_per_second) = (self.delay, self.bytes_per_second);
            Arc::new(Lane { delay, bytes_per_second, free_at })
        };
        let (there, back) = (lane(), lane());
        let mut connections = JoinSet::new();
        loop {
            // The implementation of the trait knows which errors pass.
            let (client, _) = axum::serve::Listener::accept(&mut outside).await;
            let opened = Instant::now() + 2 * self.delay;
            let (there, back) = (Arc::clone(&there), Arc::clone(&back));
            connections.spawn(async move {
                // A shop that has gone closes the connection, as it does without a line.
                let _closed = connect(client, shop, opened, &there, &back).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn connect(
    client: TcpStream,
    shop: SocketAddr,
    opened: Instant,
    there: &Lane,
    back: &Lane,
) -> io::Result<()> {
    let server = TcpStream::connect(shop).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        there.carry(opened, from_client, to_server),
        back.carry(opened, from_server, to_client),
    )?;
    Ok(())
}

impl Lane {
    /// When so many bytes that come now are on the other side.
    fn arrival(&self, now: Instant, bytes: usize) -> Instant {
        let Some(rate) = self.bytes_per_second else {
            return now + self.delay;
        };
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(now) + Duration::from_secs_f64(bytes as f64 / rate);
        *free_at + self.delay
    }

    async fn carry(
        &self,
        opened: Instant,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        let (sender, mut travelling) = mpsc::channel::<(Instant, Vec<u8>)>(TRAVELLING);
        let enter = async move {
            loop {
                let mut piece = vec![0; PIECE];
                let length = from.read(&mut piece).await?;
                if length == 0 {
                    return Ok(());
                }
                piece.truncate(length);
                // Booked now: who still shakes hands does not keep the line from others.
                let arrival = self.arrival(Instant::now(), length).max(opened + self.delay);
                if sender.send((arrival, piece)).await.is_err() {
                    return Ok(());
                }
            }
        };
        let leave = async move {
            while let Some((arrival, piece)) = travelling.recv().await {
                tokio::time::sleep_until(arrival).await;
                to.write_all(&piece).await?;
            }
            to.shutdown().await
        };
        tokio::try_join!(enter, leave)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(delay: u64, bytes_per_second: Option<f64>) -> (Lane, Instant) {
        let start = Instant::now();
        let delay = Duration::from_millis(delay);
        (Lane { delay, bytes_per_second, free_at: Mutex::new(start) }, start)
    }

    #[test]
    fn what_connections_send_together_shares_the_bandwidth() {
        let (lane, start) = lane(5, Some(1000.0));
        let last = (0..10).map(|_| lane.arrival(start, 100)).last().expect("ten");
        assert_eq!(last - start, Duration::from_millis(1005));
    }

    #[test]
    fn a_line_that_was_idle_owes_nothing() {
        let (lane, start) = lane(0, Some(1000.0));
        let later = start + Duration::from_secs(60);
        assert_eq!(lane.arrival(later, 100) - later, Duration::from_millis(100));
    }

    #[test]
    fn without_a_limit_bytes_only_travel() {
        let (lane, start) = lane(7, None);
        assert_eq!(lane.arrival(start, 1 << 30) - start, Duration::from_millis(7));
        assert_eq!(lane.arrival(start, 1) - start, Duration::from_millis(7));
    }
}
