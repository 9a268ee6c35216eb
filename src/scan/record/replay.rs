//! Answers of an earlier run, as if they were given now.

use std::sync::Arc;

use super::memory::Key;
use super::memory::Memory;
use super::sealed::is_masked;
use crate::model::Exchange;
use crate::model::Request;
use crate::model::Timings;
use crate::scan::persona::Persona;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;

impl Traffic {
    /// What was answered to that in an earlier run, as if it were answered now.
    pub(in crate::scan) fn remembered(
        &self,
        persona: &Persona,
        memory: &Memory,
        key: Key,
        request: &Request,
    ) -> Result<Option<Arc<Exchange>>, Unsent> {
        if self.is_stopping() {
            return Err(Unsent::Stopped);
        }
        let Some((response, took)) = memory.take(key) else { return Ok(None) };
        let request = self.scope.admit(self.completed(persona, request.clone()))?.into_request();
        Ok(Some(Arc::new(Exchange {
            request,
            outcome: Ok(response),
            timings: Timings { wait: took, ..Timings::default() },
            peer: None,
            tls: None,
        })))
    }

    /// Cookies of an earlier run: those of the login that holds now are newer.
    pub(in crate::scan) fn keep_old_cookies(
        &self,
        persona: &Persona,
        memory: &Memory,
        exchange: &Exchange,
    ) {
        let Some(response) = exchange.response() else { return };
        let request = &exchange.request;
        let now = self.clock.unix_seconds();
        let mut jar = persona.cookies.lock().expect("no holder panics");
        for header in response.headers_named("set-cookie") {
            let line = header.value.as_slice();
            let name = line.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
            let is_known = || jar.cookies().iter().any(|cookie| cookie.name.as_bytes() == name);
            if is_masked(line) || memory.is_somebodys() && is_known() {
                continue;
            }
            jar.store_lines(&request.origin, &request.path_and_query, [line], now);
        }
    }
}
