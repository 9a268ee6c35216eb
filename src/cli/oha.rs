//! What oha says in other words than Shakedown: its outputs.

use std::path::PathBuf;

use super::args::OutputArgs;
use super::error::CliError;
use super::load_args::LoadArgs;
use super::load_args::OutputFormatArg;

/// The run's outputs, those of `-o` and `--output-format` among them.
///
/// # Errors
/// [`CliError::Usage`] where the same format is asked for in both ways, or a file for nothing.
pub(super) fn outputs(args: &LoadArgs) -> Result<OutputArgs, CliError> {
    let mut outputs = args.run.output.clone();
    let file = args.output_file.clone();
    let is_part = args.run.part.part().is_some();
    let (slot, flag) = match (args.output_format, file.is_some()) {
        // Nobody merges a summary.
        (None, true) if is_part => (&mut outputs.json, "--json"),
        (None | Some(OutputFormatArg::Text), true) => (&mut outputs.text, ""),
        (Some(OutputFormatArg::Json), _) => (&mut outputs.json, "--json"),
        (Some(OutputFormatArg::Csv), _) => (&mut outputs.files.csv, "--csv"),
        (Some(OutputFormatArg::Quiet), true) => {
            let text = "--output-format quiet writes nothing; leave out -o, or name a format";
            return Err(CliError::Usage(text.to_owned()));
        }
        (None | Some(OutputFormatArg::Text | OutputFormatArg::Quiet), false) => {
            return Ok(outputs);
        }
    };
    if slot.is_some() {
        return Err(CliError::Usage(format!(
            "{flag} and --output-format ask for the same: leave one out"
        )));
    }
    *slot = Some(file.unwrap_or_else(|| PathBuf::from("-")));
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser as _;

    use super::super::args::Cli;
    use super::super::args::Command;
    use super::*;

    fn outputs_of(flags: &str) -> Result<OutputArgs, String> {
        let words = ["shakedown", "load", "http://127.0.0.1/"].into_iter();
        let cli = Cli::parse_from(words.chain(flags.split_whitespace()));
        let Command::Load(args) = cli.command else { panic!("load was given") };
        outputs(&args).map_err(|error| error.to_string())
    }

    #[test]
    fn a_format_goes_to_the_file_or_to_standard_output() {
        let json = |flags| outputs_of(flags).expect("valid").json;
        assert_eq!(json("--output-format json").as_deref(), Some(Path::new("-")));
        assert_eq!(json("--output-format json -o a").as_deref(), Some(Path::new("a")));
        assert_eq!(json("--output-format csv -o a"), None);
        let csv = outputs_of("--output-format csv -o a --json=b").expect("valid");
        assert_eq!(csv.files.csv.as_deref(), Some(Path::new("a")));
        assert_eq!(csv.json.as_deref(), Some(Path::new("b")), "both were asked for");
    }

    #[test]
    fn a_file_without_a_format_has_the_summary() {
        let text = |flags| outputs_of(flags).expect("valid").text;
        assert_eq!(text("-o a").as_deref(), Some(Path::new("a")));
        assert_eq!(text("-o a --output-format text").as_deref(), Some(Path::new("a")));
        assert_eq!(text("--output-format text"), None, "it is shown anyway");
    }

    #[test]
    fn the_same_twice_and_a_file_for_nothing_are_refused() {
        let twice = outputs_of("--output-format json --json=a").expect_err("which of them?");
        assert!(twice.contains("--json and --output-format"), "{twice}");
        let nothing = outputs_of("--output-format quiet -o a").expect_err("nothing to write");
        assert!(nothing.contains("leave out -o"), "{nothing}");
    }
}
