//! Command injection: a real shell, with nothing in its path, and pages that only look like one.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use shakedown::model::Confidence;
use shakedown::model::EvidenceRole;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULE: &str = "command-injection";

fn setup() -> Setup {
    Setup { active: vec![RULE], ..Setup::default() }
}

async fn scan_page(
    setup: Setup,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html("<a href='/look?host=alpha'>x</a>"),
        "/look" => page(ask),
        _ => not_found(),
    })
    .await
}

/// What a command line did.
struct Ran {
    output: String,
    slept: Duration,
    called: Vec<String>,
}

/// The only program there is beside what is built into the shell.
static PROGRAMS: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let path = std::env::var_os("PATH").expect("a path");
    let mut expr = std::env::split_paths(&path).map(|directory| directory.join("expr"));
    let expr = expr.find(|program| program.is_file()).expect("coreutils");
    std::os::unix::fs::symlink(expr, directory.path().join("expr")).expect("a link");
    directory
});

/// Runs a line in the shell; `sleep` and `curl` only say what they were asked for, on a stream that lines
/// cannot send elsewhere.
fn run(line: &str) -> Ran {
    let script = format!(
        "sleep() {{ echo sleep $1 >&9; }}\ncurl() {{ echo curl $3 >&9; }}\n\
         look() {{ echo \"looked at $1\"; }}\nfail() {{ return 1; }}\n{line}\n"
    );
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec 9>\"$1\"; eval \"$2\" 2>&1", "sh"]);
    command.arg(log.path()).arg(script);
    command.env_clear().env("PATH", PROGRAMS.path());
    let done = command.output().expect("a shell");
    let said = std::fs::read_to_string(log.path()).expect("text");
    let of = |what: &str| -> Vec<String> {
        said.lines().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect()
    };
    let seconds: f64 = of("sleep ").iter().map(|time| time.parse::<f64>().expect("seconds")).sum();
    Ran {
        output: String::from_utf8_lossy(&done.stdout).into_owned(),
        slept: Duration::from_secs_f64(seconds),
        called: of("curl "),
    }
}

/// A page that runs `line` with the value in it.
fn shell(line: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| {
        let ran = run(&line.replace("{}", ask.get("host")));
        later(html(format!("<pre>{}</pre>", escape(&ran.output))), ran.slept)
    }
}

/// The same, and nobody sees what it prints.
fn blind(line: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| later(html("<p>done</p>"), run(&line.replace("{}", ask.get("host"))).slept)
}

const LINES: [&str; 8] = [
    "look {}",
    "look '{}'",
    "look \"{}\"",
    "look {} | look",
    "look '{}' 2>&1 && look",
    "x=$(look {}); echo $x",
    "x=`look '{}'`; echo $x",
    "fail {}",
];

#[tokio::test]
async fn what_a_shell_works_out_is_found_in_every_quoting() {
    for line in LINES {
        let scanned = scan_page(setup(), shell(line)).await;
        assert_eq!(scanned.points(RULE), ["GET /look query `host`"], "{line}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed);
        let attack = finding.evidence.iter().find(|it| it.role == EvidenceRole::Attack);
        let attack = attack.expect("an attack");
        let place = attack.highlight.expect("the result is marked");
        let data = &attack.response.as_ref().expect("a response").data;
        let marked = String::from_utf8_lossy(&data[place.offset..place.offset + place.length]);
        let digits: String = marked.chars().filter(char::is_ascii_digit).collect();
        assert!(finding.detail.contains(&format!("brought {digits},")), "{}", finding.detail);
        assert!(!finding.payloads[0].contains(&digits), "it was not sent");
    }
}

#[tokio::test]
async fn filters_that_take_some_characters_away_are_not_enough() {
    for (removed, line) in [
        (vec![";", "&"], "look {}"),
        (vec!["&", ";", "| ", "-", "$", "(", ")", "`", "||"], "look {}"),
        (vec![";", "&", "|", "`"], "look '{}'"),
        (vec![";", "&", "|", "\n"], "look \"{}\""),
    ] {
        let taken = removed.clone();
        let scanned = scan_page(setup(), move |ask| {
            let value =
                taken.iter().fold(ask.get("host").to_owned(), |text, it| text.replace(it, ""));
            html(escape(&run(&line.replace("{}", &value)).output))
        })
        .await;
        assert_eq!(scanned.points(RULE), ["GET /look query `host`"], "{removed:?}");
    }
}

#[tokio::test]
async fn a_shell_that_says_nothing_is_told_by_its_waiting() {
    for line in LINES {
        let scanned = scan_page(setup(), blind(line)).await;
        assert_eq!(scanned.points(RULE), ["GET /look query `host`"], "{line}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert!(finding.detail.contains("waits as long as it is told"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn a_windows_prompt_is_known() {
    // What `cmd /c "look VALUE"` makes of the separators; the rest is told by the words.
    let scanned = scan_page(setup(), |ask| {
        let commands = ask.get("host").split('&').map(str::trim_end);
        let mut out = String::new();
        for command in commands.take_while(|command| !command.starts_with("rem ")) {
            if let Some(text) = command.strip_prefix("set /p=") {
                out.push_str(text.trim_end_matches("<nul"));
            } else if let Some((a, b)) =
                command.strip_prefix("set /a ").and_then(|text| text.split_once('*'))
            {
                let product = a.parse::<u64>().ok().zip(b.parse::<u64>().ok());
                out.extend(product.map(|(a, b)| (a * b).to_string()));
            } else if let Some(text) = command.strip_prefix("echo ") {
                out.extend([text, "\r\n"]);
            }
        }
        html(format!("<pre>{out}</pre>"))
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /look query `host`"]);
    assert!(scanned.found(RULE)[0].detail.contains("Windows"));
}

#[tokio::test]
async fn a_call_to_our_own_address_is_proof() {
    let scanned = scan_page(Setup { callbacks: true, ..setup() }, |ask| {
        for url in run(&format!("look '{}' >/dev/null 2>&1", ask.get("host"))).called {
            let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
            let mut stream = TcpStream::connect(host).expect("somebody listens");
            write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
        }
        html("<p>started</p>")
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /look query `host`"]);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("127.0.0.1 called over http"), "{}", finding.detail);
}

/// Nothing may be found on these.
async fn finds_nothing(
    name: &str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let scanned = scan_page(Setup { strength: Strength::High, ..setup() }, page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
    scanned
}

/// Products of what looks like one in a text, each instead of it.
fn calculated(text: &str, pattern: &str) -> String {
    let product = regex::Regex::new(pattern).expect("valid");
    let replaced = product.replace_all(text, |found: &regex::Captures<'_>| {
        let number = |index: usize| found[index].parse::<u64>().expect("digits");
        (number(1) * number(2)).to_string()
    });
    replaced.into_owned()
}

#[tokio::test]
async fn pages_without_a_shell_are_safe() {
    finds_nothing("echo", |ask| html(format!("<p>{}</p>", ask.get("host")))).await;
    finds_nothing("constant", |_| html("<p>looked</p>")).await;
    finds_nothing("always an error", |_| respond(200, "text/html", "sh: 1: not found")).await;
    finds_nothing("firewall", |ask| {
        if ask.get("host").contains([';', '|', '&', '$', '`']) {
            respond(403, "text/html", format!("<p>refused: {}</p>", escape(ask.get("host"))))
        } else {
            html("<p>looked</p>")
        }
    })
    .await;
    finds_nothing("checked", |ask| {
        if ask.get("host").chars().all(|c| c.is_ascii_alphanumeric()) {
            html("<p>looked</p>")
        } else {
            respond(400, "text/html", "<p>no host</p>")
        }
    })
    .await;
    finds_nothing("an argument, without a shell", |ask| {
        html(format!("<pre>looked at {}</pre>", escape(ask.get("host"))))
    })
    .await;
    finds_nothing("quoted for the shell", |ask| {
        let quoted = ask.get("host").replace('\'', r"'\''");
        html(escape(&run(&format!("look '{quoted}'")).output))
    })
    .await;
}

#[tokio::test]
async fn pages_that_add_up_what_they_are_given_are_safe() {
    finds_nothing("products", |ask| html(calculated(ask.get("host"), r"(\d+)\*(\d+)"))).await;
    finds_nothing("products of anything", |ask| {
        let numbers: Vec<u64> =
            ask.get("host").split(|c: char| !c.is_ascii_digit()).flat_map(str::parse).collect();
        html(format!("<p>{}</p>", numbers.iter().take(2).product::<u64>()))
    })
    .await;
    finds_nothing("products written in any way", |ask| {
        let text = calculated(ask.get("host"), r"\(*(\d+) *\\?\* *(\d+)\)*");
        html(format!("<p>{}</p>", escape(&text)))
    })
    .await;
}

#[tokio::test]
async fn slowness_without_a_reason_is_no_waiting() {
    let seconds = Duration::from_secs;
    finds_nothing("always slow", move |_| later(html("<p>slow</p>"), seconds(9))).await;
    finds_nothing("slow for odd values", move |ask| {
        let odd = ask.get("host").contains("sleep");
        later(html("<p>slow</p>"), seconds(if odd { 9 } else { 0 }))
    })
    .await;
    finds_nothing("slow for long values", move |ask| {
        let length = ask.get("host").len() as u64;
        later(html("<p>slow</p>"), Duration::from_millis(length * 100))
    })
    .await;
    let count = std::sync::atomic::AtomicU64::new(0);
    finds_nothing("slower each time", move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        later(html("<p>slow</p>"), Duration::from_millis(count * 300))
    })
    .await;
}

#[tokio::test]
async fn a_clean_point_costs_nine_requests() {
    let scanned = scan_page(setup(), |_| html("<p>looked</p>")).await;
    assert_eq!(scanned.outcome(RULE).requests, 9);
}
