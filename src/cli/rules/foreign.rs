//! Flags of Nuclei that `rules run` does not take, and what to do instead: who brings a command line along
//! is told so in one sentence, rather than that an argument is unexpected.

/// Names, without dashes, and what to say.
struct Foreign {
    names: &'static [&'static str],
    instead: &'static str,
}

const fn flag(names: &'static [&'static str], instead: &'static str) -> Foreign {
    Foreign { names, instead }
}

const BROWSER: &str = "templates that drive a browser are not run, and are counted as `headless`; pages \
                       are shown in a browser by `shakedown scan --browser`";
const CLOUD: &str = "nothing is sent to, or read from, a service of somebody else's";
const UPDATES: &str = "templates are files of yours: update them as you got them (git pull)";
const DEBUGGING: &str = "-jsonl has what was sent and received for each result, -srd DIR all of it";
const DISCOVERY: &str = "targets are not looked up in search engines; give them with -u or -l";
const ALWAYS_SO: &str = "it is always so: leave it out";
const WORKERS: &str = "there are -c (templates at once) and -bs (requests at once), and no others";
const REPORTS: &str = "there are --report (JSON), --html, --md, --sarif and --junit FILE";
const INPUT: &str = "-l takes URLs; `shakedown import` reads OpenAPI, HAR, Postman and the like into a \
                     plan, which `shakedown scan --active` tests";
const LIVE: &str = "-dast changes the parameters of the targets; requests of a whole site come from \
                    `shakedown scan --active`";

/// Sorted by Nuclei's own groups.
static FLAGS: &[Foreign] = &[
    // Targets.
    flag(&["targets-inline"], "give targets with -u, or one a line with -l - on standard input"),
    flag(&["resume"], "a run of templates is not continued; choose what is left with -id or -it"),
    flag(&["scan-all-ips", "sa"], "one address of a name is asked; give the others as targets"),
    flag(&["ip-version", "iv"], "whichever address a name has is used"),
    flag(&["input-mode", "im"], INPUT),
    flag(&["required-only", "ro"], INPUT),
    flag(&["skip-format-validation", "sfv"], INPUT),
    flag(&["vars-text-templating", "vtt"], INPUT),
    flag(&["var-file-paths", "vfp"], INPUT),
    // Templates.
    flag(&["new-templates", "nt"], UPDATES),
    flag(&["new-templates-version", "ntv"], UPDATES),
    flag(&["template-url", "turl"], "templates are not fetched; get the file and name it with -t"),
    flag(&["workflow-url", "wurl"], "workflows are not fetched; get the file and name it with -t"),
    flag(&["prompt", "ai"], CLOUD),
    flag(&["validate"], "use `shakedown rules validate PATH`"),
    flag(&["no-strict-syntax", "nss"], "what is wrong is left out and named, unless --strict"),
    flag(&["template-display", "td"], "use `shakedown rules show ID -t PATH`"),
    flag(&["tgl"], "use `shakedown rules list -t PATH --json`, which has the tags"),
    flag(&["sign"], "signatures of templates are neither made nor asked for"),
    flag(&["code"], "programs are never run; such templates are counted as `code`"),
    flag(
        &["disable-unsigned-templates", "dut"],
        "signatures of templates are not looked at: no template can run a program or read a file",
    ),
    flag(&["file"], "local files are not looked at; such templates are counted as `local-files`"),
    // Output.
    flag(&["include-rr", "irr"], "JSON lines have it, unless -omit-raw"),
    flag(&["omit-template", "ot"], ALWAYS_SO),
    flag(&["no-meta", "nm"], "-jsonl and a filter of JSON give the fields you want"),
    flag(&["timestamp", "ts"], "JSON lines have a `timestamp`"),
    flag(&["report-db", "rdb"], REPORTS),
    flag(&["markdown-export", "me"], "use --md FILE"),
    flag(
        &["json-export", "je"],
        "use -jle FILE for JSON lines, or --report FILE for the whole report",
    ),
    flag(&["pdf-export", "pe"], "use --html FILE, which prints well"),
    flag(&["redact", "rd"], "Authorization, cookies and passwords are redacted in reports anyway"),
    // Configuration.
    flag(&["profile-list", "tpl"], "list the folder; -tp takes a file of it"),
    flag(&["report-config", "rc"], REPORTS),
    flag(&["resolvers", "r"], "the system's resolver is asked"),
    flag(&["system-resolvers", "sr"], ALWAYS_SO),
    flag(&["passive"], "passive rules are judged on what a `shakedown scan` or `check` fetches"),
    flag(&["force-http2", "fh2"], "templates are sent over HTTP/1.1, byte for byte as they say"),
    flag(
        &["env-vars", "ev"],
        "templates do not see the environment; give values with -V name=value",
    ),
    flag(&["show-match-line", "sml"], "it is about local files, which are not looked at"),
    flag(&["ztls"], ALWAYS_SO),
    flag(&["dialer-keep-alive", "dka"], "connections are kept for as long as they are of use"),
    flag(
        &["allow-local-file-access", "lfa"],
        "payload files are read from the templates' own folder only; copy the file there",
    ),
    flag(
        &["restrict-local-network-access", "lna"],
        "only the targets are asked, and no address that is not theirs; leave local ones out with -eh",
    ),
    flag(&["interface", "i"], "the system's routes decide; `shakedown scan` takes --local-address"),
    flag(&["source-ip", "sip"], "the system's routes decide"),
    flag(&["response-size-read", "rsr"], "4 MiB of a body are read, or a template's `max-size`"),
    flag(
        &["response-size-save", "rss"],
        "reports hold the beginning of what was sent and received",
    ),
    flag(
        &["reset"],
        "nothing is installed; the index of templates is in your cache, and -no-index does without",
    ),
    flag(&["tls-impersonate", "tlsi"], "the handshake is our own"),
    flag(
        &["http-api-endpoint", "hae"],
        "a run is steered by keys or `shakedown control`, where it has one",
    ),
    // Calls from outside.
    flag(&["interactions-cache-size"], "every request is waited for, 20,000 at once"),
    flag(&["interactions-eviction"], "every request is waited for until the end of the run"),
    // Fuzzing.
    flag(&["fuzzing-type", "ft"], "the template's own `type` holds"),
    flag(&["fuzzing-mode", "fm"], "the template's own `mode` holds"),
    flag(&["dast-server", "dts"], LIVE),
    flag(&["dast-report", "dtr"], REPORTS),
    flag(&["dast-server-token", "dtst"], LIVE),
    flag(&["dast-server-address", "dtsa"], LIVE),
    flag(&["display-fuzz-points", "dfp"], "-srd DIR shows what was sent"),
    flag(&["fuzz-param-frequency"], "every parameter is tested with every template"),
    flag(
        &["fuzz-aggression", "fa"],
        "all payloads of a template are sent; choose templates instead",
    ),
    flag(&["fuzz-scope", "cs"], "nothing but the targets is asked; leave hosts out with -eh"),
    flag(&["fuzz-out-scope", "cos"], "nothing but the targets is asked; leave hosts out with -eh"),
    // Search engines.
    flag(&["uncover", "uc"], DISCOVERY),
    flag(&["uncover-query", "uq"], DISCOVERY),
    flag(&["uncover-engine", "ue"], DISCOVERY),
    flag(&["uncover-field", "uf"], DISCOVERY),
    flag(&["uncover-limit", "ul"], DISCOVERY),
    flag(&["uncover-ratelimit", "ur"], DISCOVERY),
    // Rates.
    flag(&["rate-limit-duration", "rld"], "-rl is a second's; for less than one a second: -rl 0.5"),
    flag(&["rate-limit-minute", "rlm"], "-rl is a second's; 30 a minute are -rl 0.5"),
    flag(&["per-host-rate-limit"], "one rate holds for the run; run hosts one by one for more"),
    flag(&["headless-bulk-size", "hbs"], BROWSER),
    flag(&["headless-concurrency", "headc"], BROWSER),
    flag(&["js-concurrency", "jsc"], "scripts of templates are not run"),
    flag(&["payload-concurrency", "pc"], WORKERS),
    flag(&["probe-concurrency", "prc"], WORKERS),
    flag(&["template-loading-concurrency", "tlc"], WORKERS),
    // Optimisation.
    flag(
        &["leave-default-ports", "ldp"],
        "a `Host` is sent without a default port; write it into the template",
    ),
    flag(
        &["track-error", "te"],
        "what counts for -mhe is that nobody is there: no name, no connection, no answer",
    ),
    flag(&["project"], "what several templates ask alike is sent once in a run as it is"),
    flag(&["project-path"], "what several templates ask alike is sent once in a run as it is"),
    flag(&["stream"], ALWAYS_SO),
    flag(
        &["input-read-timeout", "irt"],
        "standard input is read to its end, where -l - asks for it",
    ),
    flag(&["no-httpx", "nh"], "hosts are not probed: one without a scheme is `http://`"),
    flag(&["preflight-portscan"], "ports are not scanned: give URLs with their ports"),
    flag(&["no-stdin"], "standard input is read only where -l - asks for it"),
    // Browser.
    flag(&["headless"], BROWSER),
    flag(&["page-timeout"], BROWSER),
    flag(&["show-browser", "sb"], BROWSER),
    flag(&["headless-options", "ho"], BROWSER),
    flag(&["system-chrome", "sc"], BROWSER),
    flag(&["cdp-endpoint", "cdpe"], BROWSER),
    flag(&["list-headless-action", "lha"], BROWSER),
    // Debugging.
    flag(&["debug"], DEBUGGING),
    flag(&["debug-req", "dreq"], DEBUGGING),
    flag(&["debug-resp", "dresp"], DEBUGGING),
    flag(&["proxy-internal", "pi"], ALWAYS_SO),
    flag(
        &["list-dsl-function", "ldf"],
        "`shakedown rules validate` names a function that is not there",
    ),
    flag(&["trace-log", "tlog"], DEBUGGING),
    flag(
        &["error-log", "elog"],
        "what got no answer is counted in the summary and in --report FILE",
    ),
    flag(&["version"], "use `shakedown --version`"),
    flag(&["hang-monitor", "hm"], "a run cannot hang: requests, sizes and times are bounded"),
    flag(&["verbose", "v"], "refusals are told by `shakedown rules validate`, traffic by -srd DIR"),
    flag(&["vv"], "use -tl for the list of templates"),
    flag(&["profile-mem"], "the program has no profiler built in"),
    flag(&["show-var-dump", "svd"], DEBUGGING),
    flag(&["var-dump-limit", "vdl"], DEBUGGING),
    flag(&["enable-pprof", "ep"], "the program has no profiler built in"),
    flag(&["templates-version", "tv"], UPDATES),
    flag(&["health-check", "hc"], "nothing is installed that could be ill"),
    // Updates.
    flag(&["update", "up"], "update the program as you got it"),
    flag(&["update-templates", "ut"], UPDATES),
    flag(&["update-template-dir", "ud"], UPDATES),
    flag(&["disable-update-check", "duc"], ALWAYS_SO),
    // Honeypots.
    flag(&["honeypot-detect", "hpd"], "look at the number of results for a host"),
    flag(&["honeypot-threshold", "hpt"], "look at the number of results for a host"),
    flag(&["suppress-honeypot", "shp"], "leave the host out with -eh"),
    // Statistics.
    flag(&["metrics-port", "mp"], "no port is opened; -sj writes statistics as JSON lines"),
    flag(&["http-stats", "hps"], "--report FILE has the figures"),
    // Services.
    flag(&["auth"], CLOUD),
    flag(&["team-id", "tid"], CLOUD),
    flag(&["cloud-upload", "cup"], CLOUD),
    flag(&["scan-id", "sid"], CLOUD),
    flag(&["scan-name", "sname"], CLOUD),
    flag(&["dashboard", "pd"], CLOUD),
    flag(&["dashboard-upload", "pdu"], CLOUD),
    // Logins.
    flag(
        &["secret-file", "sf"],
        "a header is given with -H; logins of a plan are for `shakedown scan`",
    ),
    flag(&["prefetch-secrets", "ps"], "logins of a plan are for `shakedown scan`"),
];

/// What to say of a flag of Nuclei's that is not taken; `argument` with its dashes and its value.
pub(in crate::cli) fn instead_of(argument: &str) -> Option<String> {
    let name = argument.trim_start_matches('-').split('=').next().unwrap_or_default();
    let found = FLAGS.iter().find(|flag| flag.names.contains(&name))?;
    Some(format!("-{name} of Nuclei is not taken: {}", found.instead))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    /// The names of Nuclei's flags, long and short, of version 3.
    const NUCLEI: &str = "
        target u list l targets-inline exclude-hosts eh resume scan-all-ips sa ip-version iv
        input-mode im required-only ro skip-format-validation sfv vars-text-templating vtt
        var-file-paths vfp new-templates nt new-templates-version ntv automatic-scan as
        templates t template-url turl prompt ai workflows w workflow-url wurl validate
        no-strict-syntax nss template-display td tl tgl sign code disable-unsigned-templates
        dut enable-self-contained esc enable-global-matchers egm file author a tags
        exclude-tags etags include-tags itags template-id id exclude-id eid include-templates
        it exclude-templates et exclude-matchers em severity s exclude-severity es type pt
        exclude-type ept template-condition tc output o store-resp sresp store-resp-dir srd
        silent no-color nc jsonl j include-rr irr omit-raw or omit-template ot no-meta nm
        timestamp ts report-db rdb matcher-status ms markdown-export me sarif-export se
        json-export je jsonl-export jle pdf-export pe redact rd config profile tp profile-list
        tpl follow-redirects fr follow-host-redirects fhr max-redirects mr disable-redirects dr
        report-config rc header H var V resolvers r system-resolvers sr disable-clustering dc
        passive force-http2 fh2 env-vars ev client-cert cc client-key ck client-ca ca
        show-match-line sml ztls sni dialer-keep-alive dka allow-local-file-access lfa
        restrict-local-network-access lna interface i attack-type at source-ip sip
        response-size-read rsr response-size-save rss reset tls-impersonate tlsi
        http-api-endpoint hae interactsh-server iserver interactsh-token itoken
        interactions-cache-size interactions-eviction interactions-poll-duration
        interactions-cooldown-period no-interactsh ni fuzzing-type ft fuzzing-mode fm fuzz dast
        dast-server dts dast-report dtr dast-server-token dtst dast-server-address dtsa
        display-fuzz-points dfp fuzz-param-frequency fuzz-aggression fa fuzz-scope cs
        fuzz-out-scope cos uncover uc uncover-query uq uncover-engine ue uncover-field uf
        uncover-limit ul uncover-ratelimit ur rate-limit rl rate-limit-duration rld
        per-host-rate-limit rate-limit-minute rlm bulk-size bs concurrency c headless-bulk-size
        hbs headless-concurrency headc js-concurrency jsc payload-concurrency pc
        probe-concurrency prc template-loading-concurrency tlc timeout retries
        leave-default-ports ldp max-host-error mhe track-error te no-mhe nmhe project
        project-path stop-at-first-match spm stream scan-strategy ss input-read-timeout irt
        no-httpx nh preflight-portscan no-stdin headless page-timeout show-browser sb
        headless-options ho system-chrome sc cdp-endpoint cdpe list-headless-action lha debug
        debug-req dreq debug-resp dresp proxy p proxy-internal pi list-dsl-function ldf
        trace-log tlog error-log elog version hang-monitor hm verbose v profile-mem vv
        show-var-dump svd var-dump-limit vdl enable-pprof ep templates-version tv health-check
        hc update up update-templates ut update-template-dir ud disable-update-check duc
        honeypot-detect hpd honeypot-threshold hpt suppress-honeypot shp stats stats-json sj
        stats-interval si metrics-port mp http-stats hps auth team-id tid cloud-upload cup
        scan-id sid scan-name sname dashboard pd dashboard-upload pdu secret-file sf
        prefetch-secrets ps";

    #[test]
    fn every_flag_of_nuclei_is_taken_or_answered() {
        let program = Cli::command();
        let run = program.find_subcommand("rules").and_then(|rules| rules.find_subcommand("run"));
        let run = run.expect("it is there");
        let is_taken = |name: &str| {
            run.get_arguments().chain(program.get_arguments()).any(|argument| {
                let aliases = argument.get_all_aliases().unwrap_or_default();
                let shorts = argument.get_short().into_iter();
                let mut shorts = shorts.chain(argument.get_all_short_aliases().unwrap_or_default());
                argument.get_long() == Some(name)
                    || aliases.contains(&name)
                    || shorts.any(|short| name.chars().eq([short]))
            })
        };
        for name in NUCLEI.split_whitespace() {
            let answered = instead_of(&format!("-{name}"));
            assert!(is_taken(name) != answered.is_some(), "{name}: {answered:?}");
        }
        for name in FLAGS.iter().flat_map(|flag| flag.names) {
            assert!(NUCLEI.split_whitespace().any(|known| known == *name), "{name} is no flag");
        }
    }
}
