//! The demo shop within the test's own process.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use shakedown::demo;
use shakedown::demo::DemoError;
use shakedown::demo::Dials;
use shakedown::demo::ShopOptions;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A shop on a port of its own; it goes on until it is closed.
pub(crate) struct OwnShop {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), DemoError>>,
}

impl OwnShop {
    pub(crate) async fn open(safe: bool) -> Self {
        let (ready, bound) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let options = ShopOptions {
            port: 0,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            safe,
            maze: false,
            dials: Dials::default(),
        };
        let served = tokio::spawn(demo::serve(
            options,
            move |address| ready.send(address).expect("the test waits"),
            async move { stopped.await.unwrap_or(()) },
        ));
        let url = format!("http://{}", bound.await.expect("the shop starts"));
        Self { url, stop, served }
    }

    pub(crate) async fn close(self) {
        drop(self.stop);
        self.served.await.expect("no panic").expect("the shop stops");
    }
}
