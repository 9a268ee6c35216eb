//! Entry: parse, dispatch, and turn what came out into an exit code.

use std::error::Error as _;
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::Parser as _;
use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;
use miette::GraphicalReportHandler;
use miette::GraphicalTheme;

use crate::model::ExitCode as Code;
use crate::model::inert;
use crate::rules::RuleErrors;

use super::args::Cli;
use super::args::ColorChoice;
use super::args::Command;
use super::ended::Ended;
use super::ended::ExitCodeStyle;
use super::error::CliError;
use super::terminal::Terminal;
use super::{
    accept, capacity, check, compare, completions, control, crawl, demo, explain, history, import,
    load, merge, new, report, retest, rules, scan, schema, validate, view,
};

/// Characters of an error's line.
const LINE_MAX: usize = 2000;

/// Parses the process's arguments, runs the command, gives its exit code.
pub fn main() -> ExitCode {
    let arguments = rules::respelt(std::env::args_os());
    let arguments = match rules::with_config(arguments, &Cli::command()) {
        Ok(arguments) => arguments,
        Err(error) => {
            complain(&error, &Terminal::detect(ColorChoice::Auto, false));
            return ExitCode::from(numbered(&[], error.exit_code()));
        }
    };
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            if let Some(instead) = not_taken(&error, &arguments) {
                let _ = writeln!(std::io::stderr(), "error: {instead}");
                return ExitCode::from(numbered(&arguments, Code::Usage));
            }
            // `--help` and `--version` come as errors too; clap knows where each belongs.
            let code = if error.exit_code() == 0 { Code::Passed } else { Code::Usage };
            let _ = error.print();
            return ExitCode::from(numbered(&arguments, code));
        }
    };
    let color = if cli.no_color { ColorChoice::Never } else { cli.color };
    let style = cli.exit_code_style;
    let terminal = Terminal::detect(color, cli.quiet);
    let dispatched = AssertUnwindSafe(|| {
        dispatch(cli.command, &terminal).unwrap_or_else(|error| {
            complain(&error, &terminal);
            error.exit_code().into()
        })
    });
    // The panic hook has said what broke; the exit code is to be one of the table.
    let ended = catch_unwind(dispatched).unwrap_or(Code::Internal.into());
    ExitCode::from(style.number(ended))
}

/// The number for a command line that could not be read.
fn numbered(arguments: &[OsString], code: Code) -> u8 {
    ExitCodeStyle::of(arguments).number(code.into())
}

/// What to do in place of a flag that another tool has.
fn not_taken(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let is_run = arguments.windows(2).any(|pair| pair == ["rules", "run"]);
    let unknown = error.kind() == ErrorKind::UnknownArgument && is_run;
    match error.get(ContextKind::InvalidArg).filter(|_| unknown)? {
        ContextValue::String(argument) => rules::instead_of(argument),
        _ => None,
    }
}

fn dispatch(command: Command, terminal: &Terminal) -> Result<Ended, CliError> {
    match command {
        Command::Load(mut args) => {
            args.run.settle();
            return load::run(&args, terminal);
        }
        Command::Scan(args) => return scan::run(&args, terminal),
        Command::Capacity(args) => return capacity::run(&args, terminal),
        Command::Check(mut args) => {
            args.run.settle();
            return check::run(&args, terminal);
        }
        Command::Report(args) => return report::run(&args, terminal),
        Command::Accept(args) => accept::run(&args),
        Command::Demo(args) => demo::run(&args, terminal),
        Command::Crawl(args) => crawl::run(&args, terminal),
        Command::Control(args) => control::run(&args),
        Command::Import(args) => import::run(&args, terminal),
        Command::New(args) => new::run(&args, terminal),
        Command::Rules(args) => rules::run(*args, terminal),
        Command::Retest(args) => retest::run(&args, terminal),
        Command::Compare(args) => compare::run(&args, terminal),
        Command::Merge(args) => merge::run(&args, terminal),
        Command::View(args) => view::run(&args, terminal),
        Command::History(args) => history::run(&args, terminal),
        Command::Explain(args) => explain::run(&args, terminal),
        Command::Validate(args) => validate::run(&args, terminal),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
    .map(Ended::from)
}

/// `error: what, because what, because what`; a text that is a whole diagnostic stands alone.
fn complain(error: &CliError, terminal: &Terminal) {
    let mut text = match error {
        CliError::Plan(errors) => errors.render(terminal.color_on(terminal.stderr)),
        CliError::Rules(errors) => rule_errors(errors, terminal.color_on(terminal.stderr)),
        other => format!("error: {other}"),
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Many libraries repeat their cause in their own text.
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    if !matches!(error, CliError::Plan(_) | CliError::Rules(_)) {
        text = shown(&text);
    }
    // Nothing is left to be done when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
}

/// Errors quote files that may come from anywhere: their terminal escapes are shown, not obeyed.
fn shown(text: &str) -> String {
    text.lines().map(|line| inert(line, LINE_MAX)).collect::<Vec<_>>().join("\n")
}

/// Every mistake in rule files, with the lines in question and the cure.
fn rule_errors(errors: &RuleErrors, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
    let mut text = String::new();
    for error in &errors.0 {
        if handler.render_report(&mut text, error).is_err() {
            // The text alone says it too.
            text.push_str(&error.to_string());
        }
    }
    text
}
