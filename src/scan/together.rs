//! Requests that are sent as they are and once, all at one instant.
//!
//! Who counts what is sent here counts all of it: nothing is taken from an earlier run, no token of a
//! form is fetched, nothing is sent again. Only logins come on top.

use std::sync::Arc;

use super::persona::Persona;
use super::persona::Whom;
use super::session::Keeper;
use super::traffic::Learnt;
use super::traffic::Refusals;
use super::traffic::Traffic;
use super::traffic::Unsent;
use crate::model::Exchange;
use crate::model::Request;
use crate::model::StopLevel;

impl Traffic {
    /// Exchanges whose requests end at one instant, in their order; of one request alone a plain one.
    /// Whoever asks has [`Self::alone`]. Cancel safe: exchanges that are dropped are not counted.
    ///
    /// # Errors
    /// [`Unsent`]; a failed exchange is no error but an outcome.
    pub(crate) async fn exchange_together(
        &self,
        whom: Whom,
        requests: Vec<Request>,
    ) -> Result<Vec<Arc<Exchange>>, Unsent> {
        let persona = &*self.ready(whom).await?;
        if let Some(keeper) = &persona.keeper {
            self.say(keeper, keeper.keep(&persona.cookies).await).await;
        }
        let generation = persona.keeper.as_ref().map(Keeper::generation);
        let exchanges = self.release(persona, requests).await?;
        for exchange in &exchanges {
            if whom != Whom::Nobody {
                self.keep_cookies(persona, exchange);
            }
            let exchange = Arc::clone(exchange);
            self.tell(Learnt::Exchange { exchange, stands_for: None }).await;
        }
        // Of many copies most may well be refused; that is no sign of a lost login.
        if let (Some(keeper), Some(generation), [exchange]) =
            (&persona.keeper, generation, exchanges.as_slice())
        {
            let (_, notice) = keeper.judge(&persona.cookies, exchange, generation).await;
            self.say(keeper, notice).await;
        }
        Ok(exchanges)
    }

    async fn release(
        &self,
        persona: &Persona,
        requests: Vec<Request>,
    ) -> Result<Vec<Arc<Exchange>>, Unsent> {
        let Some(origin) = requests.first().map(|request| request.origin.clone()) else {
            return Ok(Vec::new());
        };
        let is_alone = requests.len() == 1;
        // What they are refused with is what they are about, and no sign of a busy host.
        let _turn = self.turn(&origin, Refusals::Obeyed).await?;
        let mut admitted = Vec::with_capacity(requests.len());
        for request in requests {
            admitted.push(self.scope.admit(self.completed(persona, request))?);
        }
        let sending = async {
            // Nothing is held back of one that nobody joins.
            match admitted.pop_if(|_| is_alone) {
                Some(alone) => vec![self.wire.send(alone).await],
                None => self.wire.send_together(admitted).await,
            }
        };
        let exchanges = tokio::select! {
            exchanges = sending => exchanges,
            // Copies may wait long for the pace: a stop ends that, and those that are on their way.
            () = self.stop.reached(StopLevel::Stopping) => return Err(Unsent::Stopped),
        };
        Ok(exchanges.into_iter().map(Arc::new).collect())
    }
}
