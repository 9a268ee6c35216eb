//! Values that are SQL by design.

/// Why SQL injection is not looked for where the value itself is a statement: a page that runs what
/// it is given (a database browser, a report editor) does what it is for.
pub(super) fn sql_by_design(value: &str) -> Option<String> {
    let lower = value.trim_start().to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let is_statement = match words.next()? {
        "with" => words.any(|word| word == "select"),
        "insert" => words.next() == Some("into"),
        "update" => words.any(|word| word == "set"),
        "delete" => words.next() == Some("from"),
        "select" | "explain" | "pragma" => lower.split_whitespace().count() > 1,
        _ => false,
    };
    is_statement.then(|| "its value is an SQL statement: the page runs SQL by design".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_from_prose() {
        for value in ["select 1", " SELECT\n* from t", "with x as (select 1) select * from x"] {
            assert!(sql_by_design(value).is_some(), "{value}");
        }
        for value in ["", "select", "selected works", "with love", "update", "5", "delete me"] {
            assert!(sql_by_design(value).is_none(), "{value}");
        }
    }
}
