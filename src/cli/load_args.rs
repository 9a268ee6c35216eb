//! Flags of `load`: oha's, and what shapes a load beyond them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::args::RunArgs;
use super::args::duration;
use super::args::rate;
use super::baseline::BaselineArgs;
use crate::model::HttpVersion;
use crate::model::TimeUnit;
use crate::plan::StageList;

/// `load`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  200 requests over 50 connections:
    shakedown load http://127.0.0.1:8080/
  Closed model, 100 users for 30 s:
    shakedown load http://127.0.0.1:8080/ -z 30s -c 100
  Open model, 500 requests/s, latency counted from the intended start:
    shakedown load http://127.0.0.1:8080/ -z 30s -q 500
  Up to 200/s in a minute, then five minutes there; users come by chance:
    shakedown load http://127.0.0.1:8080/ --stages 200:1m,200:5m --arrivals poisson
  The same with users that wait for their answers, 100 of them:
    shakedown load http://127.0.0.1:8080/ --vu-stages 100:1m,100:5m
  10 requests at once every two seconds:
    shakedown load http://127.0.0.1:8080/ -z 1m --burst-delay 2s --burst-rate 10
  HTTP/2, 8 connections with 8 requests in flight on each:
    shakedown load https://127.0.0.1:8443/ --http2 -c 8 -p 8 -z 30s
  HTTP/3 (QUIC, over UDP), the same way:
    shakedown load https://127.0.0.1:8443/ --http3 -c 8 -p 8 -z 30s
  A body:
    shakedown load http://127.0.0.1:8080/api -m POST -d '{\"a\":1}' \\
      -H 'Content-Type: application/json'
  WebSocket: 10 users open sessions for 30 s, each sends a message 100 times and awaits an answer
  to each; -n counts sessions, and without -d a session is its handshake:
    shakedown load ws://127.0.0.1:8080/echo -c 10 -z 30s -d '{\"ask\":1}' --messages 100
  Each request to one of the URLs in a file:
    shakedown load --urls-from-file urls.txt -z 30s -c 20
  One request and its response, to look at:
    shakedown load http://127.0.0.1:8080/api -H 'X-Api-Key: …' --debug
  The scenarios of a plan:
    shakedown load plan.yml --json=run.json
  Traces of 1 % of the requests, the slowest and failed ones with a link:
    shakedown load plan.yml --trace --trace-link 'https://apm.example/trace/{trace_id}'
  Figures to an OpenTelemetry collector and to Prometheus while it runs:
    shakedown load plan.yml --otlp http://127.0.0.1:4318 \\
      --prometheus-rw http://127.0.0.1:9090/api/v1/write
  What a description or a recording has (see `import`), with the flags of a URL:
    shakedown load openapi.yml -z 30s -q 200

Redirects are not followed without -r. HTTP/1.1 unless asked. No rate cap and no kill switch unless a
plan sets them.")]
pub(super) struct LoadArgs {
    /// A URL, a plan file whose scenarios run, or a file that `import` reads (OpenAPI, HAR, …).
    #[arg(value_name = "URL|PLAN")]
    pub(super) target: String,
    /// Read URLs from the file that stands in place of the URL, one on each line; each request goes to
    /// one of them by chance, which the seed repeats. All must be in scope.
    #[arg(long)]
    pub(super) urls_from_file: bool,
    /// Connections (50 unless said otherwise); with -q the most that may wait at once.
    #[arg(short = 'c', long = "connections", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) connections: Option<u32>,
    /// Speak HTTP/2: agreed on by ALPN over TLS, taken for granted without.
    #[arg(long)]
    pub(super) http2: bool,
    /// Speak HTTP/3: over QUIC, so UDP and TLS 1.3, without asking over TCP first.
    #[arg(long, conflicts_with = "http2")]
    pub(super) http3: bool,
    /// Version of HTTP to speak: 1.1, 2 or 3.
    #[arg(long, value_name = "VERSION", default_value = "1.1", value_parser = http_version, conflicts_with_all = ["http2", "http3"])]
    pub(super) http_version: HttpVersion,
    /// HTTP/2 or HTTP/3 requests in flight on each connection: -c × -p users in all.
    #[arg(short = 'p', long = "parallel", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) parallel: Option<u32>,
    /// HTTP/1.1 requests sent ahead of their responses on each connection.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) pipeline: Option<u32>,
    /// Requests in all (200 when neither -n nor -z is given).
    #[arg(short = 'n', long = "requests", value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "duration")]
    pub(super) requests: Option<u64>,
    /// How long new requests start.
    #[arg(short = 'z', long = "duration", value_name = "TIME", value_parser = duration)]
    pub(super) duration: Option<Duration>,
    /// Requests per second, on schedule whatever the target does (50, 50/s, 600/m).
    #[arg(short = 'q', long = "rate", value_name = "RATE", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Ramp of requests per second instead of -q and -z: targets and how long it takes to get there,
    /// from 0 on; a time of 0s is a jump.
    #[arg(long, value_name = "RATE:TIME,…", help_heading = "Shape")]
    pub(super) stages: Option<StageList<f64>>,
    /// Ramp of users instead of -c and -z: targets and how long it takes to get there, from 1 on.
    #[arg(long, value_name = "USERS:TIME,…", help_heading = "Shape")]
    pub(super) vu_stages: Option<StageList<u32>>,
    /// How -q or --stages spread requests: evenly, or by chance as independent users come.
    #[arg(long, value_name = "HOW", value_enum, help_heading = "Shape")]
    pub(super) arrivals: Option<ArrivalsArg>,
    /// Time between bursts of requests, instead of -q.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Shape")]
    pub(super) burst_delay: Option<Duration>,
    /// Requests of a burst (1).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Shape")]
    pub(super) burst_rate: Option<u32>,
    /// Request method (GET unless said otherwise).
    #[arg(short = 'm', long = "method", value_name = "METHOD")]
    pub(super) method: Option<String>,
    /// Request body; @FILE reads it from a file.
    #[arg(short = 'd', long = "body", value_name = "TEXT|@FILE")]
    pub(super) body: Option<String>,
    /// Request body from a file.
    #[arg(short = 'D', long = "body-file", value_name = "FILE", conflicts_with = "body")]
    pub(super) body_file: Option<PathBuf>,
    /// Messages of each WebSocket session: -d is sent so often, and each time an answer is awaited.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) messages: Option<u32>,
    /// What the run is compared with.
    #[command(flatten)]
    pub(super) baseline: BaselineArgs,
    /// How responses are looked at.
    #[command(flatten)]
    pub(super) look: LookArgs,
    /// Show latency from the intended start first where requests follow a schedule (the default).
    #[arg(long, overrides_with = "no_latency_correction", help_heading = "Output")]
    pub(super) latency_correction: bool,
    /// Show service time first (send, wait and receive): what a stall kept waiting does not show in
    /// it. Both are measured and reported either way.
    #[arg(long, overrides_with = "latency_correction", help_heading = "Output")]
    pub(super) no_latency_correction: bool,
    /// Unit of measured times in the summary: ns, us, ms, s, m or h (what fits each, otherwise).
    #[arg(short = 'u', long, value_name = "UNIT", value_parser = time_unit, help_heading = "Output")]
    pub(super) time_unit: Option<TimeUnit>,
    /// As in oha: write what --output-format says to FILE, the summary unless it says otherwise.
    #[arg(short = 'o', long = "output", value_name = "FILE", help_heading = "Output")]
    pub(super) output_file: Option<PathBuf>,
    /// As in oha: text, json (as --json), csv (as --csv) or quiet (as -Q); to standard output without
    /// -o.
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    pub(super) output_format: Option<OutputFormatArg>,
    /// Send one request, print it and its response with secrets masked, and end: 0 when there is a
    /// response, whatever its status. Redirects are not followed; -n, -c, -z and -q do not matter.
    #[arg(long, conflicts_with_all = ["urls_from_file", "http2", "http3", "parallel", "output_file", "output_format", "json", "jsonl", "html", "md", "sarif", "junit", "csv"])]
    pub(super) debug: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// What load does with responses, of a URL or of a plan's requests.
#[derive(Debug, Clone, Args)]
pub(super) struct LookArgs {
    /// Redirects followed at most (none unless said otherwise; k6 follows 10). Each is a request of
    /// its own in the counts, and must be in scope.
    #[arg(short = 'r', long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
    pub(super) redirect: Option<u32>,
    /// Count responses and latency by the values of this response header; may be repeated.
    #[arg(long, value_name = "HEADER")]
    pub(super) observe: Vec<String>,
}

impl LookArgs {
    /// The first of its flags that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags =
            [("--redirect", self.redirect.is_some()), ("--observe", !self.observe.is_empty())];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ArrivalsArg {
    /// At equal distances.
    Even,
    /// A Poisson process, drawn from the seed.
    Poisson,
}

/// What oha writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormatArg {
    /// The summary for people.
    Text,
    /// The report.
    Json,
    /// The endpoint table.
    Csv,
    /// No summary.
    Quiet,
}

fn time_unit(text: &str) -> Result<TimeUnit, String> {
    TimeUnit::parse(text).ok_or_else(|| "one of ns, us, ms, s, m, h".to_owned())
}

fn http_version(text: &str) -> Result<HttpVersion, String> {
    HttpVersion::parse(text)
        .filter(|version| *version != HttpVersion::Http10)
        .ok_or_else(|| "1.1, 2 or 3".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::Cli;
    use super::super::args::Command;
    use super::*;

    fn parse(flags: &str) -> Result<Box<LoadArgs>, clap::Error> {
        let words = ["shakedown", "load", "http://127.0.0.1/"].into_iter();
        match Cli::try_parse_from(words.chain(flags.split_whitespace()))?.command {
            Command::Load(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    /// What stands between back quotes.
    fn quoted(cell: &str) -> Vec<&str> {
        cell.split('`').skip(1).step_by(2).collect()
    }

    /// Rows of the README's table, cell by cell.
    fn oha_table() -> Vec<(&'static str, &'static str)> {
        let readme = include_str!("../../README.md");
        let section = readme.split("### If you know oha").nth(1).expect("the section");
        let rows = section.lines().skip_while(|line| !line.starts_with("|--")).skip(1);
        rows.take_while(|line| line.starts_with('|'))
            .map(|line| {
                let mut cells = line.trim_matches('|').split(" | ");
                (cells.next().expect("oha's"), cells.next().expect("ours"))
            })
            .collect()
    }

    #[test]
    fn the_readme_is_right_about_oha_s_flags() {
        let rows = oha_table();
        assert!(rows.len() > 20, "{rows:?}");
        for (oha, here) in rows {
            let words = here.trim();
            for flags in quoted(oha) {
                let parsed = parse(flags);
                if words.starts_with("the same") {
                    parsed.unwrap_or_else(|error| panic!("{flags}: {error}"));
                } else {
                    assert!(parsed.is_err(), "{flags} is here, and README says otherwise");
                }
            }
            let (named, refused) = match words.split_once("are not here") {
                Some((refused, _)) => ("", refused),
                None => (words, ""),
            };
            let ours = |cell| quoted(cell).into_iter().filter(|flag| flag.starts_with('-'));
            for flag in ours(named).filter(|flag| *flag != "-w") {
                let flag = if flag == "-d" { "-d a" } else { flag };
                parse(flag).unwrap_or_else(|error| panic!("{flag}: {error}"));
            }
            for flag in ours(refused) {
                assert!(parse(flag).is_err(), "{flag}");
            }
        }
    }

    #[test]
    fn the_last_word_on_latency_correction_counts() {
        let off = |flags| parse(flags).expect("valid").no_latency_correction;
        assert!(!off(""));
        assert!(off("--latency-correction --no-latency-correction"));
        assert!(!off("--no-latency-correction --latency-correction"));
    }

    #[test]
    fn a_unit_of_time_is_one_of_six() {
        let unit = |flags| parse(flags).map(|args| args.time_unit);
        assert_eq!(unit("-u us").expect("valid"), Some(TimeUnit::Microseconds));
        assert_eq!(unit("--time-unit h").expect("valid"), Some(TimeUnit::Hours));
        let error = unit("-u d").expect_err("no such unit").to_string();
        assert!(error.contains("ns, us, ms, s, m, h"), "{error}");
    }
}
