//! k6, with one processor to run on.

use std::io::Write as _;
use std::time::Duration;

use super::peer::Counted;
use super::peer::Peer;
use super::programs::Programs;
use crate::problem::Problem;

/// What each virtual user does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// One GET, its body thrown away.
    Plain,
    /// A chain of GETs: each URL comes from the JSON before, each body is matched.
    Chain { steps: u32 },
}

/// How many users, and at which rate if at one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Users {
    pub(crate) vus: u32,
    pub(crate) rate: Option<u32>,
}

/// k6 with the built-in executors.
pub(crate) fn k6(
    programs: &Programs,
    url: &str,
    users: Users,
    time: Duration,
    script: Script,
) -> Result<Peer, Problem> {
    let mut file = tempfile::Builder::new()
        .suffix(".js")
        .tempfile()
        .map_err(Problem::doing("making a temporary file"))?;
    file.write_all(source(url, users, time, script).as_bytes())
        .map_err(Problem::doing("writing a script"))?;
    let arguments = ["run", "--quiet", "--no-usage-report"];
    let arguments = arguments.map(str::to_owned).to_vec();
    let mut peer = Peer::new(&programs.k6, arguments, time, counted);
    peer.environment = vec![("GOMAXPROCS", "1".to_owned())];
    peer.file = Some(file);
    Ok(peer)
}

fn source(url: &str, users: Users, time: Duration, script: Script) -> String {
    let Users { vus, rate } = users;
    let duration = format!("{}ms", time.as_millis());
    let load = match rate {
        None => format!("executor: 'constant-vus', vus: {vus}"),
        Some(rate) => format!(
            "executor: 'constant-arrival-rate', rate: {rate}, preAllocatedVUs: {vus}, maxVUs: {vus}"
        ),
    };
    let (discard, body) = match script {
        Script::Plain => (true, format!("  http.get('{url}');")),
        Script::Chain { steps } => (
            false,
            format!(
                "  let id = '000';\n  for (let step = 0; step < {steps}; step++) {{\n    \
                 const response = http.get(`{url}items/${{id}}`, {{ tags: {{ name: 'item' }} }});\n    \
                 id = response.json('next');\n    \
                 check(response, {{ available: (r) => /\"state\":\"available\"/.test(r.body) }});\n  }}"
            ),
        ),
    };
    format!(
        "import http from 'k6/http';\nimport {{ check }} from 'k6';\n\
         export const options = {{\n  discardResponseBodies: {discard},\n  \
         scenarios: {{ load: {{ {load}, duration: '{duration}' }} }},\n}};\n\
         export default function () {{\n{body}\n}}\n\
         export function handleSummary(data) {{\n  const of = (name, key) =>\n    \
         data.metrics[name] ? data.metrics[name].values[key] : 0;\n  \
         const failed = of('http_req_failed', 'passes') + of('checks', 'fails');\n  \
         return {{ stdout: `requests ${{of('http_reqs', 'count')}} failed ${{failed}}\\n` }};\n}}\n"
    )
}

/// `requests 40000 failed 0`, as the script says.
pub(super) fn counted(stdout: &str) -> Option<Counted> {
    let line = stdout.lines().find_map(|line| line.strip_prefix("requests "))?;
    let (good, failed) = line.split_once(" failed ")?;
    let (all, failed) = (good.parse::<u64>().ok()?, failed.trim().parse().ok()?);
    Some(Counted { good: all.saturating_sub(failed), failed })
}
