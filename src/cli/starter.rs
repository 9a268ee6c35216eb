//! Starter plans: a text for each kind, put together from parts that speak of one subject each.
//!
//! What is switched off in them is written `#key: …`, without a space; a test switches it on.

use clap::ValueEnum;

use crate::model::Target;
use crate::model::inert;

/// What a starter plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Virtual users, and gates on latency and errors.
    Load,
    /// The same for a JSON API: values taken out of answers, checks.
    Api,
    /// Crawl and look for flaws.
    Scan,
    /// Both, as the gate of a release.
    Check,
}

/// The name of a schema beside a plan.
pub(super) const SCHEMA_FILE: &str = "plan.schema.json";

impl Kind {
    /// The command that runs it.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Load | Self::Api => "load",
            Self::Scan => "scan",
            Self::Check => "check",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Load => "Load: ten users visit the service.",
            Self::Api => "Load: ten clients of a JSON API.",
            Self::Scan => {
                "Scan: crawls the service and looks for flaws, without changing anything."
            }
            Self::Check => "Check: load, then a scan, and every gate: may this be released?",
        }
    }

    fn parts(self) -> Vec<&'static str> {
        let load_gates = include_str!("starters/load_gates.yml");
        let findings_gate = include_str!("starters/findings_gate.yml");
        let requests = include_str!("starters/requests.yml");
        let mut parts = vec![include_str!("starters/scope.yml")];
        if self != Self::Scan {
            parts.push(include_str!("starters/limits.yml"));
        }
        parts.push(include_str!("starters/login.yml"));
        let scenarios = include_str!("starters/scenarios.yml");
        let flows = include_str!("starters/flows.yml");
        let scan = include_str!("starters/scan.yml");
        match self {
            Self::Load => parts.extend([requests, flows, scenarios, load_gates]),
            Self::Api => parts.extend([
                include_str!("starters/api_requests.yml"),
                include_str!("starters/api_flows.yml"),
                scenarios,
                load_gates,
            ]),
            Self::Scan => {
                parts.extend([
                    requests,
                    scan,
                    "\n# What must hold for the run to pass.\nthresholds:\n",
                ]);
                parts.push(findings_gate);
            }
            Self::Check => {
                parts.extend([requests, flows, scenarios, scan, load_gates, findings_gate]);
            }
        }
        parts.push(include_str!("starters/outputs.yml"));
        parts
    }
}

/// The plan for `target`, which stands in a file called `name`.
pub(super) fn text(kind: Kind, target: &Target, name: &str) -> String {
    let mut text = include_str!("starters/head.yml").to_owned();
    text.extend(kind.parts());
    let name = inert(name, 200);
    let command = kind.command();
    let purpose = [
        format!("# {}", kind.purpose()),
        format!("#   shakedown validate {name}    what it would send, without sending anything"),
        format!("#   shakedown {command} {name}"),
    ];
    let first = if kind == Kind::Api { "list" } else { "home" };
    let path = target.path_and_query.replace("${", "$${").replace('\'', "''");
    // Only what stands alone is a place to fill, and what was filled in is not looked at again.
    let fill = [
        ("PURPOSE", purpose.join("\n")),
        ("SCHEMA", SCHEMA_FILE.to_owned()),
        ("FIRST", first.to_owned()),
        ("HOST", target.origin.host.trim_matches(['[', ']']).to_owned()),
        ("PATH", path),
        ("TARGET", target.origin.to_string()),
    ];
    filled(&text, &fill)
}

fn filled(text: &str, fill: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_uppercase()) {
        let length = rest[at..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len() - at);
        let (before, word) = (&rest[..at], &rest[at..at + length]);
        out.push_str(before);
        let value = fill.iter().find(|(name, _)| *name == word);
        out.push_str(value.map_or(word, |(_, value)| value));
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_and_only_once() {
        let target = Target::parse("http://127.0.0.1:1/PATH/TARGET?q=${x}").expect("a URL");
        for kind in Kind::value_variants() {
            let text = text(*kind, &target, "TARGET.yml");
            assert!(text.contains(":-http://127.0.0.1:1}"), "{text}");
            assert!(text.contains("validate TARGET.yml"), "{text}");
            assert!(text.contains("get: '/PATH/TARGET?q="), "{text}");
            for left in ["PURPOSE", "SCHEMA", "FIRST", "HOST'"] {
                assert!(!text.contains(left), "{left} in {text}");
            }
        }
    }
}
