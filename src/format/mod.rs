//! Public file formats in both directions; the only module with serde types for them.
