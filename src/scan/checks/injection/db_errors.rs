//! How database drivers word their errors.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// Product and pattern; wordings are those of the servers' and drivers' own messages. Each is
/// specific enough not to stand on a page by chance, and a page that shows one by itself is
/// recognised by its baseline.
const SIGNATURES: [(&str, &str); 31] = [
    ("MySQL", r"You have an error in your SQL syntax"),
    ("MySQL", r"(?i)check the manual that corresponds to your (?:MySQL|MariaDB) server version"),
    (
        "MySQL",
        r"(?i)mysqli?_(?:fetch|num|query|result)\w*\(\)[^\n]{0,80}(?:boolean|bool|false) given",
    ),
    ("MySQL", r"com\.mysql\.(?:cj\.)?jdbc\.exceptions|MySQLSyntaxErrorException"),
    ("MySQL", r"SQLSTATE\[42000\][^\n]{0,60}\b1064\b"),
    ("PostgreSQL", r"(?i)unterminated quoted (?:string|identifier) at or near "),
    ("PostgreSQL", r#"(?i)\berror:\s+syntax error at or near ""#),
    ("PostgreSQL", r"(?i)psycopg2?\.errors\.\w+|org\.postgresql\.util\.PSQLException"),
    ("PostgreSQL", r"(?i)pg_(?:query|exec|send_query)\(\)[^\n]{0,60}query failed"),
    ("PostgreSQL", r"SQLSTATE\[42601\]|SQLSTATE 42601"),
    ("SQLite", r#"(?i)\bunrecognized token: ?(?:"|&quot;|&#34;|\\")"#),
    ("SQLite", r#"(?i)near (?:"|&quot;|&#34;|\\")[^\n]{1,60}(?:"|&quot;|&#34;|\\"): syntax error"#),
    (
        "SQLite",
        r"(?i)sqlite3?\.OperationalError|SQLite3::SQLException|\[SQLITE_ERROR\]|SQLITE_ERROR: ",
    ),
    ("SQLite", r"(?i)sqlite3?_(?:query|exec|prepare)\w*\(\)[^\n]{0,60}error"),
    (
        "SQLite",
        r"(?i)System\.Data\.SQLite\.SQLiteException|Microsoft\.Data\.Sqlite\.SqliteException",
    ),
    ("SQL Server", r"(?i)Unclosed quotation mark (?:after|before) the character string"),
    (
        "SQL Server",
        r"(?i)System\.Data\.SqlClient\.SqlException|Microsoft\.Data\.SqlClient\.SqlException",
    ),
    ("SQL Server", r"(?i)\[SQL Server\][^\n]{0,60}(?:incorrect syntax|unclosed quotation)"),
    ("SQL Server", r"(?i)com\.microsoft\.sqlserver\.jdbc\.SQLServerException"),
    ("SQL Server", r"Incorrect syntax near (?:'|&#39;|&#x27;)"),
    (
        "Oracle",
        r"\bORA-(?:00900|00907|00911|00917|00920|00921|00933|00936|00942|01722|01756|01789)\b",
    ),
    ("Oracle", r"(?i)quoted string not properly terminated"),
    ("Oracle", r"java\.sql\.SQLSyntaxErrorException"),
    ("Db2", r"(?i)com\.ibm\.db2\.jcc|\bDB2 SQL error: SQLCODE"),
    ("Access", r"(?i)Syntax error \(missing operator\) in query expression"),
    ("Access", r"(?i)Microsoft (?:JET|Access) Database Engine|\[ODBC Microsoft Access Driver\]"),
    ("H2", r"org\.h2\.jdbc\.JdbcSQL\w*Exception"),
    ("HSQLDB", r"(?i)org\.hsqldb\.jdbc|unexpected token: [^\n]{1,40} : line:? \d+"),
    ("Sybase", r"(?i)Sybase message:|com\.sybase\.jdbc"),
    ("SQLAlchemy", r"sqlalchemy\.exc\.(?:ProgrammingError|OperationalError|DataError)"),
    ("Hibernate", r"org\.hibernate\.(?:exception\.SQLGrammarException|QueryException)"),
];

static COMPILED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    SIGNATURES
        .iter()
        .map(|(product, pattern)| {
            (*product, Regex::new(pattern).expect("the test compiles every signature"))
        })
        .collect()
});

/// An error message found in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DbError {
    pub(super) product: &'static str,
    /// Which signature it was.
    pub(super) signature: usize,
    /// Where in the body.
    pub(super) at: Range<usize>,
}

/// Every signature in a body, the first occurrence of each.
pub(super) fn db_errors(body: &[u8]) -> Vec<DbError> {
    COMPILED
        .iter()
        .enumerate()
        .filter_map(|(signature, (product, pattern))| {
            let found = pattern.find(body)?;
            Some(DbError { product, signature, at: found.range() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products(text: &str) -> Vec<&'static str> {
        let mut products: Vec<_> =
            db_errors(text.as_bytes()).into_iter().map(|error| error.product).collect();
        products.dedup();
        products
    }

    #[test]
    fn messages_of_the_common_engines_are_known() {
        for (product, text) in [
            (
                "MySQL",
                "ERROR 1064 (42000): You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near ''' at line 1",
            ),
            ("PostgreSQL", "ERROR:  unterminated quoted string at or near \"' LIMIT 1\""),
            ("SQLite", "unrecognized token: \"'x'\""),
            ("SQLite", "near &quot;x&quot;: syntax error"),
            ("SQLite", r#"{"error":"near \"qq\": syntax error"}"#),
            ("SQL Server", "Unclosed quotation mark after the character string ''."),
            ("Oracle", "ORA-01756: quoted string not properly terminated"),
        ] {
            assert_eq!(products(text), [product], "{text}");
        }
    }

    #[test]
    fn ordinary_words_about_errors_are_not_messages() {
        for text in [
            "Something went wrong",
            "SyntaxError: unexpected token } in JSON at position 4",
            "Internal Server Error",
            "Your search for MySQL gave 3 results",
            "near the station",
        ] {
            assert_eq!(products(text), Vec::<&str>::new(), "{text}");
        }
    }
}
