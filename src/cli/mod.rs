//! Command line: arguments, one file per command, errors to exit codes.
