//! A server of the test's own that a shop may be made to call.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// What it answers with.
pub(super) const CANARY: &str = "canary from inside";

/// A listener that counts its calls.
pub(super) struct Listener {
    pub(super) url: String,
    calls: Arc<AtomicUsize>,
}

impl Listener {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}/inside", listener.local_addr().expect("bound"));
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let answer = format!("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{CANARY}");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, calls }
    }

    pub(super) fn was_called(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > 0
    }
}
