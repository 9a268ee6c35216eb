//! Who waits for calls from outside that templates provoke.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;

use super::error::CliError;
use crate::model::Seed;
use crate::scan::CallbackServerOptions;
use crate::scan::CallbackSource;
use crate::scan::oob::OobOptions;

/// `--interactsh-server`, `--oob-bind` and the like.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Callbacks")]
pub(super) struct CallbackArgs {
    /// Do not listen for calls from outside; templates that wait for such are left out.
    #[arg(long, visible_alias = "ni")]
    no_interactsh: bool,
    /// Wait for calls at this Interactsh server instead; of several, the first that is there. None is
    /// asked unless it is named here.
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        visible_alias = "iserver",
        conflicts_with_all = ["no_interactsh", "oob_bind", "oob_public", "oob_domain"]
    )]
    interactsh_server: Vec<String>,
    /// Token of that server. Others may see the command line, so rather set the variable.
    #[arg(
        long,
        value_name = "TOKEN",
        visible_alias = "itoken",
        env = "SHAKEDOWN_INTERACTSH_TOKEN",
        hide_env_values = true
    )]
    interactsh_token: Option<String>,
    /// Seconds between two questions to that server.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    interactions_poll_duration: u64,
    /// Seconds that calls are waited for at the end.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    interactions_cooldown_period: u64,
    /// Address on which calls are waited for (127.0.0.1): HTTP, DNS, SMTP, LDAP, on free ports.
    #[arg(long, value_name = "ADDRESS")]
    oob_bind: Option<IpAddr>,
    /// Name or address, with or without a port, under which the target reaches it.
    #[arg(long, value_name = "HOST[:PORT]")]
    oob_public: Option<String>,
    /// Domain whose name server this is: addresses for calls are names below it.
    #[arg(long, value_name = "DOMAIN")]
    oob_domain: Option<String>,
}

impl CallbackArgs {
    /// Whether nobody is to wait.
    pub(super) fn are_off(&self) -> bool {
        self.no_interactsh
    }

    /// Whether they say who waits, or that nobody does.
    pub(super) fn are_given(&self) -> bool {
        self.no_interactsh
            || !self.interactsh_server.is_empty()
            || self.oob_bind.is_some()
            || self.oob_public.is_some()
            || self.oob_domain.is_some()
    }

    /// How long calls are waited for at the end.
    pub(super) fn cool_down(&self) -> Duration {
        Duration::from_secs(self.interactions_cooldown_period)
    }

    /// Who waits; a listener on this machine unless they say otherwise.
    ///
    /// # Errors
    /// A server's address that is none.
    pub(super) fn source(&self, seed: Seed) -> Result<Option<CallbackSource>, CliError> {
        if self.no_interactsh {
            return Ok(None);
        }
        if !self.interactsh_server.is_empty() {
            let token = self.interactsh_token.as_deref();
            let poll = Duration::from_secs(self.interactions_poll_duration);
            let options = CallbackServerOptions::new(&self.interactsh_server, token, poll);
            let options = options.map_err(|error| CliError::Usage(error.to_string()))?;
            return Ok(Some(CallbackSource::Server(options)));
        }
        let usual = usual_listener(seed);
        Ok(Some(CallbackSource::Listener(OobOptions {
            bind: self.oob_bind.unwrap_or(usual.bind),
            public: self.oob_public.clone(),
            domain: self.oob_domain.clone(),
            ..usual
        })))
    }
}

/// The listener on this machine that nothing else is said of.
pub(super) fn usual_listener(seed: Seed) -> OobOptions {
    OobOptions {
        seed: seed.derive("callbacks"),
        // Nobody is to guess an address from the seed alone.
        salt: rand::random(),
        ..OobOptions::default()
    }
}
