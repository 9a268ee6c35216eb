//! The load engine: when (schedule), what (flow), how (virtual user), counting (shard).
