//! Words of reports, plans and figures, explained: for `explain`.

/// A word and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// As reports and plans write it.
    pub name: &'static str,
    /// What else people call it.
    pub also: &'static [&'static str],
    /// What it means.
    pub text: &'static str,
    /// What to read next: metrics, codes or terms.
    pub see: &'static [&'static str],
}

const fn term(
    name: &'static str,
    also: &'static [&'static str],
    text: &'static str,
    see: &'static [&'static str],
) -> Term {
    Term { name, also, text, see }
}

/// Every word, in alphabetical order.
pub const GLOSSARY: &[Term] = &[
    term(
        "abortOnFail",
        &["delayAbortEval"],
        "A threshold that ends the run as soon as it fails, `delayAbortEval` after the start \
         at the earliest. The run fails with it (99), whatever the figure is in the end.",
        &["threshold", "99"],
    ),
    term(
        "accepted",
        &[],
        "A finding that somebody accepted, with a reason, an owner and a day on which that \
         ends. It fails no gate until the end of that day.",
        &["known", "new", "baseline"],
    ),
    term(
        "active check",
        &["active", "probe"],
        "A check that sends requests of its own to provoke a flaw; only with --active, \
         --policy or `scan.active`.",
        &["passive check", "policy", "strength"],
    ),
    term(
        "arrival rate",
        &["constant-arrival-rate", "ramping-arrival-rate", "rate"],
        "How many iterations begin each second, whatever the target does. The executors \
         constant-arrival-rate and ramping-arrival-rate, and `load URL -q`, keep to it: an \
         open model.",
        &["open model", "dropped_iterations"],
    ),
    term(
        "baseline",
        &["vs(baseline)"],
        "An earlier run that this one is compared with: `baseline: { run: main.json }`, \
         `history:main`, or --baseline. Findings that it has are known; conditions on \
         `METRIC|vs(baseline)` say by how much a figure may differ.",
        &["82", "known", "history"],
    ),
    term(
        "capacity",
        &["slo", "objective"],
        "The highest rate, or number of users, that still meets an objective (SLO) such as \
         `http_req_latency: p(95)<300`. `shakedown capacity` raises the load until a level \
         fails, halves the gap until its ends are 4 % apart, and measures both again.",
        &["knee", "headroom", "universal scalability law", "level"],
    ),
    term(
        "closed model",
        &["constant-vus", "ramping-vus", "per-vu-iterations", "shared-iterations"],
        "A number of virtual users, each of which waits for its answer before it goes on: when \
         the target slows down, so does the load. Good for capacity by users; it hides stalls \
         that an open model shows.",
        &["open model", "coordinated omission", "virtual user"],
    ),
    term(
        "confidence",
        &[],
        "How sure a finding is, by its kind of proof: tentative, firm or confirmed.",
        &["tentative", "firm", "confirmed"],
    ),
    term(
        "confirmed",
        &[],
        "Proof by construction: a value that only the flaw could compute, a call back from the \
         target, another user's data, or a delay that follows what was asked for.",
        &["firm", "tentative"],
    ),
    term(
        "coordinated omission",
        &["omission"],
        "A tool that waits for each answer before it sends the next request measures a stall \
         of the target once, and leaves out all that should have been sent meanwhile. \
         Percentiles then look far better than what users see. With an arrival rate, \
         http_req_latency counts from the intended start and has those waits in it.",
        &["http_req_latency", "open model"],
    ),
    term(
        "coverage",
        &[],
        "What was reached of the operations that are known from description, plan and crawl.",
        &["coverage_operations", "operation", "83"],
    ),
    term(
        "evidence",
        &["proof"],
        "The exchanges that prove a finding: baseline, attack, control and replay, with what \
         was matched. Secrets are left out.",
        &["finding", "redaction"],
    ),
    term(
        "executor",
        &[],
        "How a scenario makes its load: constant-vus, ramping-vus, shared-iterations, \
         per-vu-iterations (closed model), constant-arrival-rate, ramping-arrival-rate (open \
         model). The names are k6's.",
        &["open model", "closed model", "scenario"],
    ),
    term(
        "finding",
        &[],
        "A flaw at one operation, with its rule, severity, confidence, evidence, a curl to \
         reproduce it and the fix.",
        &["findings", "severity", "confidence", "fingerprint"],
    ),
    term(
        "fingerprint",
        &[],
        "What a finding is recognised by from run to run: rule, method, shape of the path, \
         kind and name of the insertion point. Not the host's port, nor an id in the path.",
        &["baseline", "accepted"],
    ),
    term(
        "firm",
        &[],
        "Verified: a replay with another payload behaved as the flaw would, or it can be seen \
         as it stands. Gates count firm and confirmed findings unless they say otherwise.",
        &["confirmed", "tentative"],
    ),
    term(
        "gate",
        &["gates"],
        "What decides whether a run passes: thresholds, the findings gate (--fail-on), and \
         whether the run is valid and complete.",
        &["threshold", "verdict"],
    ),
    term(
        "headroom",
        &["reserve"],
        "Share of the capacity that is kept free in operation, for bursts, a lost instance and \
         the days that are busier than most: 30 % unless --headroom or `capacity.headroom` says \
         otherwise.",
        &["capacity"],
    ),
    term(
        "history",
        &[],
        "Past runs with their whole reports, in a file of this user or of the project. \
         `shakedown history` lists them, `history:NAME` names one where a file could stand.",
        &["baseline"],
    ),
    term(
        "insertion point",
        &["parameter"],
        "A place in a request where a value can be changed: query, form, JSON, path, header, \
         cookie.",
        &["active check", "finding"],
    ),
    term(
        "invalid",
        &["saturated", "saturated generator"],
        "The load figures cannot be believed: the generator was late, dropped arrivals while \
         it was busy, or the target blocked us. A gate that rests on them gives 84.",
        &["validity", "84", "schedule lag"],
    ),
    term(
        "iteration",
        &[],
        "One pass of a virtual user through its flow.",
        &["iterations", "iteration_duration"],
    ),
    term(
        "kill switch",
        &["stop_if", "safety stop"],
        "`limits.stop_if` ends a run whose error rate or p95 has been bad for so long without \
         a break. The run is refused (85).",
        &["85"],
    ),
    term(
        "knee",
        &["kleinrock"],
        "The level at which throughput divided by mean response time is greatest (Kleinrock). \
         Beyond it more load costs more time than it brings throughput. It is often below the \
         capacity, which is where the objective breaks.",
        &["capacity"],
    ),
    term(
        "known",
        &[],
        "A finding that the baseline has too. It fails no gate that does not ask for it \
         (`status:known`).",
        &["new", "accepted", "baseline"],
    ),
    term(
        "level",
        &["steady", "noisy", "rising", "abandoned", "unfinished"],
        "A stretch of load at one rate or number of users. It is steady when blocks of its time \
         agree within a few per cent and no longer drift; noisy when they still differed at the \
         end; rising when latency kept growing, which fails it; abandoned when it failed so \
         clearly that it was ended early.",
        &["capacity"],
    ),
    term(
        "local_limit",
        &[],
        "A request that failed for want of a file, a port or memory of the generator. It never \
         reached the target: the generator's fault, not the target's.",
        &["invalid"],
    ),
    term(
        "loop delay",
        &[],
        "How late a thread of the generator comes to look at what has arrived. In a closed \
         model, a p99 above 1 ms and a fifth of the median response time makes the run \
         invalid.",
        &["invalid", "schedule lag"],
    ),
    term(
        "new",
        &[],
        "A finding that the baseline does not have, or there is none. Gates count these.",
        &["known", "accepted"],
    ),
    term(
        "open model",
        &["open"],
        "Iterations begin on a schedule, whatever the target does, as users come who do not \
         know of each other. A stall shows in http_req_latency, too few users show as \
         dropped_iterations.",
        &["closed model", "coordinated omission", "arrival rate"],
    ),
    term(
        "operation",
        &[],
        "A method and the shape of a path: `GET /items/{id}`. What coverage counts.",
        &["coverage_operations", "path template"],
    ),
    term(
        "passive check",
        &["passive"],
        "A check that only looks at traffic that is there anyway; it sends nothing.",
        &["active check"],
    ),
    term(
        "path template",
        &[],
        "A path whose changing parts are named: `/items/{id}` for /items/1 and /items/2. \
         Endpoints and operations are told apart by it.",
        &["operation"],
    ),
    term(
        "percentile",
        &["p(95)", "p(99)", "p(90)", "p(50)", "med", "median"],
        "p(95) is the time within which 95 of 100 requests were done; the other five took \
         longer. `med` is p(50). Averages hide the slow ones, so gates are better on \
         percentiles.",
        &["http_req_latency", "threshold"],
    ),
    term(
        "plan",
        &["plan hash"],
        "The file that says what is sent, how, and what must hold. Its hash in the report says \
         whether two runs had the same one.",
        &["threshold", "scenario"],
    ),
    term(
        "policy",
        &[],
        "Which active checks run where none is named: ci (quick, disturbs nobody), standard, \
         full (everything) or api.",
        &["strength", "active check"],
    ),
    term(
        "redaction",
        &["redacted"],
        "Credentials and secrets of the plan are replaced by names before anything is written. \
         A reproduction has them as `$NAME`.",
        &["evidence"],
    ),
    term(
        "regression",
        &[],
        "Worse than the baseline: a condition on `METRIC|vs(baseline)` failed.",
        &["82", "baseline"],
    ),
    term(
        "scenario",
        &["scenarios"],
        "Who makes load, how much and when: an executor and the flow that its virtual users go \
         through.",
        &["executor", "virtual user"],
    ),
    term(
        "schedule lag",
        &[],
        "How much later than intended requests started for want of the generator. In an open \
         model, a p99 above 1 ms and a tenth of the median response time, in more than 5 % of \
         seconds, makes the run invalid.",
        &["invalid", "84"],
    ),
    term(
        "scope",
        &[],
        "What may be sent to: origins, and regular expressions of paths. Every request, \
         redirect and address is judged by it before it is sent.",
        &["85"],
    ),
    term(
        "seed",
        &[],
        "The number from which every random choice of a run follows; --seed repeats them.",
        &["plan"],
    ),
    term(
        "severity",
        &["info", "low", "medium", "high", "critical"],
        "How bad a flaw is when it is true: info, low, medium, high or critical. How sure it \
         is says the confidence.",
        &["confidence", "findings"],
    ),
    term(
        "strength",
        &[],
        "How much the active checks try: low (the likeliest values and places), medium \
         (cookies and headers too), high (names of parameters, everything that checks know).",
        &["policy", "active check"],
    ),
    term(
        "tentative",
        &[],
        "One signal, not verified. Shown, and counted by gates only that ask for it \
         (`confidence:>=tentative`).",
        &["firm", "confirmed"],
    ),
    term(
        "threshold",
        &["thresholds"],
        "A condition on a metric, or on a part of it: `http_req_latency: [ 'p(95)<500' ]`. \
         Nothing measured does not pass.",
        &["gate", "99", "abortOnFail"],
    ),
    term(
        "universal scalability law",
        &["USL", "contention", "coherency", "scalability"],
        "X(N) = λN / (1 + σ(N−1) + κN(N−1)): throughput at N requests at once (Gunther). λ is \
         what one request at a time gives, σ the share done one after the other (contention), κ \
         what agreeing with each other costs (coherency). With κ above 0 throughput falls beyond \
         N* = √((1−σ)/κ). `capacity` fits it to six or more levels, with intervals of 95 % \
         confidence, and refuses where a straight line explains them as well.",
        &["capacity", "knee"],
    ),
    term(
        "verdict",
        &["pass", "passed", "fail", "failed"],
        "Pass or fail, the exit code, and every reason. `shakedown explain run.json` says why \
         a run came to its verdict.",
        &["gate", "0"],
    ),
    term(
        "virtual user",
        &["vu", "vus", "virtual users", "maxVUs", "preAllocatedVUs"],
        "One that goes through a flow as a user would, with cookies and values of its own. In \
         an arrival-rate scenario `maxVUs` is how many there may be.",
        &["iteration", "dropped_iterations"],
    ),
    term(
        "warm-up",
        &[],
        "A scenario with `warmup: true`: its traffic is sent and left out of every figure.",
        &["scenario"],
    ),
];

impl Term {
    /// The term of a word, whichever way it is written.
    pub fn of(word: &str) -> Option<&'static Self> {
        let word = plain(word);
        let is = |name: &str| plain(name) == word;
        GLOSSARY.iter().find(|term| is(term.name) || term.also.iter().any(|name| is(name)))
    }
}

/// Without case, and without what stands between words.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ExitCode;
    use crate::model::MetricName;

    #[test]
    fn every_word_is_there_once_and_leads_somewhere() {
        let mut seen = Vec::new();
        for term in GLOSSARY {
            for name in std::iter::once(&term.name).chain(term.also) {
                assert!(!seen.contains(&plain(name)), "{name} is there twice");
                seen.push(plain(name));
                assert_eq!(Term::of(name), Some(term));
            }
            for next in term.see {
                let is_code = next.parse().ok().and_then(ExitCode::from_code).is_some();
                let is_known = MetricName::parse(next).is_some() || Term::of(next).is_some();
                assert!(is_code || is_known, "{} leads to {next}", term.name);
            }
        }
        assert!(GLOSSARY.is_sorted_by_key(|term| term.name.to_lowercase()));
        assert_eq!(
            Term::of("Coordinated-Omission").map(|term| term.name),
            Some("coordinated omission")
        );
    }
}
