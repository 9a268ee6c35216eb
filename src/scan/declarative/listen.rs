//! The seam to whoever listens for calls from outside.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Mutex;

use super::hit::Callback;
use crate::scan::oob::Listener;
use crate::scan::oob::OobId;

/// Gives addresses for calls, and the calls that came.
pub(crate) trait Callbacks: Send + Sync {
    /// An address that nobody has seen, without a scheme: a host, or a host with a path.
    fn new_url(&self) -> String;

    /// The calls that came to an address since it was last asked.
    fn take(&self, url: &str) -> Vec<Callback>;

    /// Afterwards, what has come until now is there to be taken. Ends within seconds.
    fn settle(&self) -> Settling<'_> {
        Box::pin(std::future::ready(()))
    }
}

/// A future that can be moved between threads.
pub(crate) type Settling<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Our own listener.
pub(crate) struct OwnListener {
    listener: Listener,
    ids: Mutex<HashMap<String, OobId>>,
}

impl OwnListener {
    pub(crate) fn new(listener: Listener) -> Self {
        Self { listener, ids: Mutex::new(HashMap::new()) }
    }
}

impl Callbacks for OwnListener {
    fn new_url(&self) -> String {
        let url = self.listener.new_url();
        self.ids.lock().expect("no holder panics").insert(url.text.clone(), url.id);
        url.text
    }

    fn take(&self, url: &str) -> Vec<Callback> {
        let id = self.ids.lock().expect("no holder panics").get(url).copied();
        let Some(id) = id else { return Vec::new() };
        let calls = self.listener.take(&id).into_iter();
        calls
            .map(|call| Callback {
                protocol: call.protocol.as_str().to_owned(),
                request: call.request_text(),
                response: call.response_text(),
                remote: call.remote.ip().to_string(),
            })
            .collect()
    }
}
