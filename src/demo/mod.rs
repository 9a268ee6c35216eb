//! The deliberately flawed shop: loopback only, with a safe twin for every flaw.
