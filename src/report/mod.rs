//! Renderers: pure functions from a report to the bytes of a file.
