//! Which runs are looked at.

use rusqlite::types::Value;

/// What runs have to be; nothing said is every run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Part of the target's URL.
    pub target: Option<String>,
    /// The plan's file, or its last parts: `shop/release.yml`.
    pub plan: Option<String>,
    /// `load`, `scan` or `check`.
    pub command: Option<String>,
    /// Begun at or after this, seconds since 1970.
    pub since_unix: Option<u64>,
    /// The last so many of them.
    pub last: Option<u64>,
}

impl RunFilter {
    /// The same in SQL, with its parameters.
    pub(super) fn clause(&self) -> (String, Vec<Value>) {
        let mut terms = Vec::new();
        let mut values = Vec::new();
        let mut add = |term: &str, value: Value| {
            values.push(value);
            terms.push(term.replace('?', &format!("?{}", values.len())));
        };
        if let Some(target) = &self.target {
            add("instr(target, ?) > 0", Value::Text(target.clone()));
        }
        if let Some(plan) = &self.plan {
            // Whole parts of the path: `a.yml` is not `data.yml`.
            let term = "(plan = ? OR substr(plan, -length(?) - 1) = '/' || ?)";
            add(term, Value::Text(plan.clone()));
        }
        if let Some(command) = &self.command {
            add("command = ?", Value::Text(command.clone()));
        }
        if let Some(since) = self.since_unix {
            add("started_unix >= ?", Value::Integer(since.cast_signed()));
        }
        let condition = match terms.as_slice() {
            [] => String::new(),
            terms => format!(" WHERE {}", terms.join(" AND ")),
        };
        let last = self.last.map_or(i64::MAX, |last| i64::try_from(last).unwrap_or(i64::MAX));
        values.push(Value::Integer(last));
        let clause = format!("{condition} ORDER BY id DESC LIMIT ?{}", values.len());
        (clause, values)
    }
}
