//! The `shakedown` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    shakedown::cli::main()
}
