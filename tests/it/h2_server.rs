//! A real HTTP/2 server on loopback (the `h2` crate's), whose answers a test writes.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::Builder;
use h2::server::SendResponse;
use http::Request;
use rustls::ServerConfig;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<(), h2::Error>> + Send>>;

/// What comes of a request.
pub(crate) type Answering =
    dyn Fn(Request<RecvStream>, SendResponse<Bytes>) -> Answer + Send + Sync;

/// What the server counted.
#[derive(Default)]
pub(crate) struct H2Counted {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    under_way: AtomicU64,
    /// Requests under way at once at most, over all connections.
    pub(crate) most_at_once: AtomicU64,
    /// Exchanges that did not end as the server meant them to: resets by the client.
    pub(crate) broken: AtomicU64,
}

pub(crate) struct H2Server {
    pub(crate) address: SocketAddr,
    pub(crate) counted: Arc<H2Counted>,
}

impl H2Server {
    /// Serves what `answering` says until the test's process ends.
    pub(crate) fn start<F>(settings: Builder, tls: Option<ServerConfig>, answering: F) -> Self
    where
        F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> Answer + Send + Sync + 'static,
    {
        Self::start_leaving(settings, tls, None, answering)
    }

    /// The same; every connection goes away after so many requests.
    pub(crate) fn start_leaving<F>(
        settings: Builder,
        tls: Option<ServerConfig>,
        go_away_after: Option<u64>,
        answering: F,
    ) -> Self
    where
        F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> Answer + Send + Sync + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
        listener.set_nonblocking(true).expect("a socket can be that");
        let address = listener.local_addr().expect("bound");
        let counted = Arc::new(H2Counted::default());
        let server = Self { address, counted: Arc::clone(&counted) };
        let tls = tls.map(|mut config| {
            config.alpn_protocols = vec![b"h2".to_vec()];
            TlsAcceptor::from(Arc::new(config))
        });
        let answering: Arc<Answering> = Arc::new(answering);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    counted.connections.fetch_add(1, Ordering::SeqCst);
                    let (settings, tls) = (settings.clone(), tls.clone());
                    let (counted, answering) = (Arc::clone(&counted), Arc::clone(&answering));
                    tokio::spawn(async move {
                        let noted = (&counted, &answering);
                        let Some(tls) = tls else {
                            return serve(stream, settings, go_away_after, noted).await;
                        };
                        // A client that does not trust us goes away.
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, settings, go_away_after, noted).await;
                        }
                    });
                }
            });
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.counted.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.counted.connections.load(Ordering::SeqCst)
    }
}

async fn serve<T>(
    stream: T,
    settings: Builder,
    go_away_after: Option<u64>,
    (counted, answering): (&Arc<H2Counted>, &Arc<Answering>),
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(mut connection) = settings.handshake::<_, Bytes>(stream).await else { return };
    let mut accepted = 0;
    while let Some(Ok((request, respond))) = connection.accept().await {
        accepted += 1;
        if Some(accepted) == go_away_after {
            connection.graceful_shutdown();
        }
        counted.requests.fetch_add(1, Ordering::SeqCst);
        let now = counted.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        counted.most_at_once.fetch_max(now, Ordering::SeqCst);
        let answer = answering(request, respond);
        let counted = Arc::clone(counted);
        tokio::spawn(async move {
            if answer.await.is_err() {
                counted.broken.fetch_add(1, Ordering::SeqCst);
            }
            counted.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// The whole body, its window given back as it comes.
pub(crate) async fn whole(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        all.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len())?;
    }
    Ok(all)
}
