//! `demo`: the flawed shop as a child process, `check` on it, the result and the next step.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::demo::DIALS;
use crate::demo::DialKind;
use crate::demo::FLAWS;
use crate::demo::FlawKind;
use crate::demo::Needs;
use crate::demo::ShopOptions;
use crate::model::ExitCode;
use crate::model::Headline;
use crate::run::RunKind;

use super::args::DemoArgs;
use super::args::OutputArgs;
use super::args::SendArgs;
use super::error::CliError;
use super::execute::Execution;
use super::execute::execute;
use super::file_args::FileArgs;
use super::outputs::write_stderr;
use super::outputs::write_stdout;
use super::plans;
use super::terminal::Terminal;

/// The plan of the demonstration; the shop's address comes in as `BASE_URL`.
const PLAN: &str = include_str!("../../scenarios/demo.yml");

/// How long the shop may take to end by itself: it waits 2 s for clients that hang.
const PATIENCE: Duration = Duration::from_secs(4);
const PATIENCE_STEPS: u32 = 200;

/// What precedes the address in the line that a serving shop prints.
const READY: &str = "listening on ";

/// Runs the demonstration, or serves the shop, or lists its flaws.
pub(super) fn run(args: &DemoArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    if args.flaws {
        return list_flaws();
    }
    if args.dials {
        return list_dials();
    }
    if args.targets {
        return list_targets();
    }
    if args.serve {
        return serve(args);
    }
    demonstrate(args, terminal)
}

fn list_flaws() -> Result<ExitCode, CliError> {
    let mut text = String::new();
    for flaw in FLAWS {
        let kind = match flaw.kind {
            FlawKind::Security => "security",
            FlawKind::Performance => "speed",
        };
        let cwe = flaw.cwe.map(|cwe| format!("CWE-{cwe}")).unwrap_or_default();
        let (method, path) = (flaw.place.method, flaw.place.path);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<28} {kind:<9} {cwe:<9} {method} {path}", flaw.id);
        let _ = writeln!(text, "    {}", flaw.shows);
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::Passed)
}

fn list_dials() -> Result<ExitCode, CliError> {
    let mut text = String::new();
    for (kind, title) in [
        (DialKind::Fault, "Faults of speed"),
        (DialKind::Part, "Parts of them"),
        (DialKind::Shop, "What the shop is like, faults or not"),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{title}:");
        for row in DIALS.iter().filter(|row| row.kind == kind) {
            let _ = writeln!(text, "{:<18} 0 to {} {}", row.name, row.most, row.unit);
            let _ = writeln!(text, "    {}", row.does);
            if !row.shows.is_empty() {
                let _ = writeln!(text, "    shows: {}", row.shows);
            }
            if !row.places.is_empty() {
                let _ = writeln!(text, "    @ {}", row.places.join(", "));
            }
        }
        text.push('\n');
    }
    write_stdout(text.trim_end().as_bytes())?;
    write_stdout(b"\n")?;
    Ok(ExitCode::Passed)
}

fn list_targets() -> Result<ExitCode, CliError> {
    let mut text = String::new();
    for target in crate::demo::targets() {
        let needs = match target.needs {
            Needs::Reader => "reader",
            Needs::Unsafe => "unsafe",
            Needs::Browser => "browser",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}\t{}\t{needs}\t{}", target.method, target.path, target.kind);
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::Passed)
}

fn serve(args: &DemoArgs) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| CliError::Internal(format!("starting the runtime: {error}")))?;
    let options = ShopOptions {
        port: args.port,
        address: args.address,
        safe: args.safe,
        maze: args.maze,
        dials: args.dial.iter().copied().collect(),
    };
    let kind = if args.safe { "safe" } else { "deliberately flawed" };
    let ready = move |address: std::net::SocketAddr| {
        let line = format!("{READY}http://{address}/ (the {kind} shop; Ctrl-C ends it)\n");
        // A parent that has gone away ends the shop through its standard input.
        let _ = write_stdout(line.as_bytes());
    };
    let with_parent = args.with_parent;
    let served = runtime.block_on(crate::demo::serve(options, ready, until_told(with_parent)));
    // The thread that waits for standard input cannot be joined.
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::Passed)
}

/// Ctrl-C, SIGTERM or, for a child, the end of standard input.
async fn until_told(with_parent: bool) {
    use tokio::signal::unix::{SignalKind, signal};
    let parent_gone = async {
        if with_parent {
            let _ = tokio::task::spawn_blocking(|| {
                std::io::copy(&mut std::io::stdin(), &mut std::io::sink())
            })
            .await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = parent_gone => {}
        () = terminated => {}
        _ = tokio::signal::ctrl_c(), if !with_parent => {}
    }
}

fn demonstrate(args: &DemoArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let shop = Shop::start(args)?;
    let environment = |name: &str| (name == "BASE_URL").then(|| shop.url.clone());
    let plan = plans::from_text("demo.yml", PLAN, &environment, &SendArgs::none())?;
    let file = |name: &str| Some(args.out_dir.join(name));
    let output = OutputArgs {
        json: file("demo.json"),
        jsonl: file("demo.jsonl"),
        files: FileArgs { html: file("demo.html"), ..FileArgs::default() },
        text: None,
        no_tui: args.no_tui,
        verbose: false,
        ci: false,
        ci_dir: args.out_dir.clone(),
    };
    let exit = execute(Execution {
        plan,
        kind: RunKind::Check,
        command: "demo",
        threads: None,
        output: &output,
        control: &args.control,
        terminal,
        part: None,
        headline: Headline::default(),
        keeping: None,
        discovery: None,
    })?
    .code;
    if !terminal.quiet {
        write_stderr(farewell(exit, &args.out_dir).as_bytes());
    }
    Ok(outcome(exit))
}

/// The demonstration worked when the run came to its end and a verdict, whatever that is: on a busy
/// machine it may be that the figures prove nothing.
fn outcome(exit: ExitCode) -> ExitCode {
    let came_to_its_end =
        exit.is_judgement() || matches!(exit, ExitCode::Invalid | ExitCode::Incomplete);
    if came_to_its_end { ExitCode::Passed } else { exit }
}

fn farewell(exit: ExitCode, out_dir: &std::path::Path) -> String {
    let json = out_dir.join("demo.json");
    let json = json.display();
    let next = [
        ("look around in the result", format!("view {json}")),
        ("the same for a pull request", format!("report {json} -f md")),
        ("keep the shop running, to practise on", "demo --serve".to_owned()),
        ("your own service, safe by default", "scan http://127.0.0.1:PORT/".to_owned()),
        ("its speed at 50 requests/s", "load http://127.0.0.1:PORT/ -z 10s -q 50".to_owned()),
    ];
    let mut text = format!(
        "\nThis was the demonstration; as a gate this run would exit {}:\n{}.\n\nNext:\n",
        exit.code(),
        exit.meaning(),
    );
    // What for stands above, so that a long path moves nothing.
    for (what_for, command) in next {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {what_for}\n    shakedown {command}");
    }
    text
}

/// The child process; ends when this is dropped, and by itself when we die.
struct Shop {
    child: Child,
    url: String,
}

impl Shop {
    fn start(args: &DemoArgs) -> Result<Self, CliError> {
        let program: PathBuf =
            std::env::current_exe().map_err(|error| CliError::Demo(error.to_string()))?;
        let mut command = Command::new(program);
        command.args(["demo", "--serve", "--with-parent"]);
        command.args(["--port", &args.port.to_string(), "--address", &args.address.to_string()]);
        if args.safe {
            command.arg("--safe");
        }
        own_process_group(&mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| CliError::Demo(error.to_string()))?;
        let stdout = child.stdout.take().expect("it was piped");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let mut shop = Self { child, url: String::new() };
        match read {
            Ok(length) if length > 0 => {}
            _ => return Err(shop.failed_to_start()),
        }
        let address = line.trim_start_matches(READY).split(' ').next().unwrap_or_default();
        address.trim_end_matches('/').clone_into(&mut shop.url);
        Ok(shop)
    }

    /// The child has said why on standard error; its code says whose mistake it was.
    fn failed_to_start(&mut self) -> CliError {
        let code = self.child.wait().ok().and_then(|status| status.code());
        if code == Some(i32::from(ExitCode::Usage.code())) {
            return CliError::Usage("the demo shop could not be started".to_owned());
        }
        CliError::Demo("it ended before it was ready".to_owned())
    }
}

/// A Ctrl-C in the terminal is for us: the shop must be there while the run winds down.
#[cfg(unix)]
fn own_process_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_process_group(_command: &mut Command) {}

impl Drop for Shop {
    fn drop(&mut self) {
        // The end of its standard input asks it to end, and lets it remove its files.
        drop(self.child.stdin.take());
        for _ in 0..PATIENCE_STEPS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(PATIENCE / PATIENCE_STEPS);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_gate_is_a_successful_demonstration_and_a_broken_run_is_not() {
        assert_eq!(outcome(ExitCode::FindingsAndThresholds), ExitCode::Passed);
        for exit in [ExitCode::Unreachable, ExitCode::Refused, ExitCode::Interrupted] {
            assert_eq!(outcome(exit), exit);
        }
    }
}
