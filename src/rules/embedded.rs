//! The rules that are built in. A test holds this list equal to the directory `rules/`.

/// Path below `rules/` and content.
pub(super) const EMBEDDED: &[(&str, &str)] = &[];
