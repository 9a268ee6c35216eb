//! The `shakedown` binary: everything is in the library.

fn main() {}
