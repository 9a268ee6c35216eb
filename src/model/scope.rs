//! What may be sent where. [`Scope::admit`] is the only way to make an [`InScope`].

use std::net::IpAddr;

use regex::RegexSet;

use super::address::Origin;
use super::request::Request;

/// Who allowed testing of hosts that are not local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorisation {
    /// Nobody: loopback and private addresses only.
    LocalOnly,
    /// Named in the plan or by `--authorised-by`; the name stands in the report.
    Granted {
        /// Who.
        by: String,
        /// Host names this covers; empty for the run's own targets.
        hosts: Vec<String>,
    },
}

/// Why something may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfScope {
    /// Another origin.
    #[error("{origin} is not in scope; add it to `scope.origins` if it is yours to test")]
    Origin {
        /// Where it would have gone.
        origin: Origin,
    },
    /// The path is excluded or not included.
    #[error("{path} is outside scope.include or inside scope.exclude")]
    Path {
        /// As it would have been sent.
        path: String,
    },
    /// Not local, and nobody authorised it.
    #[error(
        "{host} ({address}) is neither loopback nor private, and nobody authorised testing it; \
         add `authorised: {{ by: …, hosts: [{host}] }}` to the plan or pass --authorised-by NAME"
    )]
    NotAuthorised {
        /// The name.
        host: String,
        /// What it resolved to.
        address: IpAddr,
    },
    /// A proxy resolves it, so it may be anywhere, and nobody authorised it.
    #[error(
        "where {host} leads is for the proxy to say, and nobody authorised testing it; \
         add `authorised: {{ by: …, hosts: [{host}] }}` to the plan or pass --authorised-by NAME"
    )]
    Elsewhere {
        /// The name.
        host: String,
    },
}

/// A request that was judged and may be sent. Only [`Scope`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InScope(Request);

impl InScope {
    /// What was admitted.
    pub fn request(&self) -> &Request {
        &self.0
    }

    /// Gives the request back; sending it again needs another admission.
    pub fn into_request(self) -> Request {
        self.0
    }
}

/// Origins, path rules and authorisation of a run.
#[derive(Debug, Clone)]
pub struct Scope {
    origins: Vec<Origin>,
    include: RegexSet,
    exclude: RegexSet,
    judges_paths: bool,
    authorisation: Authorisation,
}

/// What a [`Scope`] is built from; patterns are regexes on path and query as sent.
#[derive(Debug, Clone)]
pub struct ScopeBuilder {
    /// At least the target's.
    pub origins: Vec<Origin>,
    /// One must match; empty means everything.
    pub include: Vec<String>,
    /// None may match.
    pub exclude: Vec<String>,
    /// See [`Authorisation`].
    pub authorisation: Authorisation,
}

impl ScopeBuilder {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// The first pattern that is not a regex.
    pub fn build(self) -> Result<Scope, regex::Error> {
        let judges_paths = !(self.include.is_empty() && self.exclude.is_empty());
        let include = if self.include.is_empty() { vec![String::new()] } else { self.include };
        Ok(Scope {
            origins: self.origins,
            judges_paths,
            include: RegexSet::new(include)?,
            exclude: RegexSet::new(self.exclude)?,
            authorisation: self.authorisation,
        })
    }
}

impl Scope {
    /// Everything below one origin, local addresses only.
    pub fn of_origin(origin: Origin) -> Self {
        ScopeBuilder {
            origins: vec![origin],
            include: Vec::new(),
            exclude: Vec::new(),
            authorisation: Authorisation::LocalOnly,
        }
        .build()
        .expect("no patterns")
    }

    /// Judges origin and path.
    ///
    /// # Errors
    /// [`OutOfScope::Origin`] or [`OutOfScope::Path`].
    pub fn admit(&self, request: Request) -> Result<InScope, OutOfScope> {
        self.judge(&request.origin, &request.path_and_query_text())?;
        Ok(InScope(request))
    }

    /// The judgement behind [`Scope::admit`], for links that are not requests yet.
    ///
    /// # Errors
    /// As [`Scope::admit`].
    pub fn judge(&self, origin: &Origin, path_and_query: &str) -> Result<(), OutOfScope> {
        self.judge_origin(origin)?;
        if !self.include.is_match(path_and_query) || self.exclude.is_match(path_and_query) {
            return Err(OutOfScope::Path { path: path_and_query.to_owned() });
        }
        Ok(())
    }

    /// Judges the origin alone, where the path is not known yet.
    ///
    /// # Errors
    /// [`OutOfScope::Origin`].
    pub fn judge_origin(&self, origin: &Origin) -> Result<(), OutOfScope> {
        if self.origins.contains(origin) {
            Ok(())
        } else {
            Err(OutOfScope::Origin { origin: origin.clone() })
        }
    }

    /// Whether it depends on the path what may be sent.
    pub fn judges_paths(&self) -> bool {
        self.judges_paths
    }

    /// Judges the address a connection is about to be made to, once per connection.
    ///
    /// # Errors
    /// [`OutOfScope::NotAuthorised`] unless the address is local or its host is covered.
    pub fn admit_address(&self, host: &str, address: IpAddr) -> Result<(), OutOfScope> {
        if is_local_address(address) {
            return Ok(());
        }
        if self.covers(host) {
            Ok(())
        } else {
            Err(OutOfScope::NotAuthorised { host: host.to_owned(), address })
        }
    }

    /// Judges a name that a proxy will resolve: where it leads is not ours to see.
    ///
    /// # Errors
    /// [`OutOfScope::Elsewhere`] unless the host is covered, or is this machine's own name for
    /// itself; for address literals as [`Scope::admit_address`].
    pub fn admit_name(&self, host: &str) -> Result<(), OutOfScope> {
        if let Ok(address) = host.parse() {
            return self.admit_address(host, address);
        }
        if host.eq_ignore_ascii_case("localhost") || self.covers(host) {
            return Ok(());
        }
        Err(OutOfScope::Elsewhere { host: host.to_owned() })
    }

    /// Origins in scope, the target's first.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    fn covers(&self, host: &str) -> bool {
        match &self.authorisation {
            Authorisation::LocalOnly => false,
            Authorisation::Granted { hosts, .. } => {
                hosts.is_empty() || hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
            }
        }
    }

    /// Who authorised the run, if anybody.
    pub fn authorised_by(&self) -> Option<&str> {
        match &self.authorisation {
            Authorisation::LocalOnly => None,
            Authorisation::Granted { by, .. } => Some(by),
        }
    }
}

/// Loopback and private; link-local is not (cloud metadata lives there), and neither is unspecified.
pub fn is_local_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::Target;

    fn scope(include: &[&str], exclude: &[&str], authorisation: Authorisation) -> Scope {
        ScopeBuilder {
            origins: vec![Target::parse("http://127.0.0.1:1/").expect("valid").origin],
            include: include.iter().map(ToString::to_string).collect(),
            exclude: exclude.iter().map(ToString::to_string).collect(),
            authorisation,
        }
        .build()
        .expect("valid patterns")
    }

    #[test]
    fn other_ports_and_schemes_are_other_origins() {
        let scope = scope(&[], &[], Authorisation::LocalOnly);
        for text in ["http://127.0.0.1:2/", "https://127.0.0.1:1/", "http://localhost:1/"] {
            let origin = Target::parse(text).expect("valid").origin;
            assert!(scope.admit(Request::get(origin, "/")).is_err(), "{text}");
        }
    }

    #[test]
    fn exclusion_beats_inclusion() {
        let scope = scope(&["^/a"], &["^/a/logout$"], Authorisation::LocalOnly);
        let origin = scope.origins()[0].clone();
        assert!(scope.judge(&origin, "/a/x").is_ok());
        assert!(scope.judge(&origin, "/a/logout").is_err());
        assert!(scope.judge(&origin, "/b").is_err());
    }

    #[test]
    fn a_name_that_a_proxy_resolves_needs_authorisation() {
        let local = scope(&[], &[], Authorisation::LocalOnly);
        assert!(local.admit_name("localhost").is_ok());
        assert!(local.admit_name("10.0.0.1").is_ok());
        assert!(local.admit_name("8.8.8.8").is_err());
        let refused = local.admit_name("shop.example").expect_err("it may be anywhere");
        assert!(refused.to_string().contains("--authorised-by"), "{refused}");
        let by = "A. Person".to_owned();
        let granted = Authorisation::Granted { by, hosts: vec!["shop.example".to_owned()] };
        let granted = scope(&[], &[], granted);
        assert!(granted.admit_name("Shop.example").is_ok());
        assert!(granted.admit_name("other.example").is_err());
    }

    #[test]
    fn link_local_and_public_addresses_need_authorisation() {
        let local = scope(&[], &[], Authorisation::LocalOnly);
        for address in ["169.254.169.254", "8.8.8.8", "0.0.0.0", "fe80::1", "::ffff:8.8.8.8"] {
            let address = address.parse().expect("valid");
            assert!(local.admit_address("h", address).is_err(), "{address}");
        }
        for address in
            ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"]
        {
            let address = address.parse().expect("valid");
            assert!(local.admit_address("h", address).is_ok(), "{address}");
        }
        let granted = scope(
            &[],
            &[],
            Authorisation::Granted {
                by: "A. Person".to_owned(),
                hosts: vec!["Staging".to_owned()],
            },
        );
        let public = "8.8.8.8".parse().expect("valid");
        assert!(granted.admit_address("staging", public).is_ok());
        assert!(granted.admit_address("other", public).is_err());
    }
}
