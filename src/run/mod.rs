//! Puts engines, consumers, derivers, signals and gates together.
