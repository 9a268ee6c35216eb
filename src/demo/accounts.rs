//! The people who can log in.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::store::Db;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys.
    Customer,
    /// Runs the shop.
    Admin,
}

impl Role {
    /// The name that stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
        }
    }

    fn from_name(name: &str) -> Self {
        if name == "admin" { Self::Admin } else { Self::Customer }
    }
}

/// Credentials of a person the shop knows from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: &'static str,
    /// Password, in the clear because it opens nothing but this shop.
    pub password: &'static str,
    /// What they may do.
    pub role: Role,
    /// Name shown on pages.
    pub display_name: &'static str,
}

/// Two customers and an admin.
pub const ACCOUNTS: &[Account] = &[
    Account {
        name: "alice",
        password: "lantern-Orchard-58",
        role: Role::Customer,
        display_name: "Alice Amber",
    },
    Account {
        name: "bob",
        password: "Meadow-kettle-93",
        role: Role::Customer,
        display_name: "Bob Brook",
    },
    Account {
        name: "admin",
        password: "Kestrel-harbour-71",
        role: Role::Admin,
        display_name: "Shop office",
    },
];

/// A person as the database has them.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Member {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) display_name: String,
    pub(super) email: String,
    #[serde(skip)]
    pub(super) password_hash: String,
    #[serde(skip)]
    pub(super) note: String,
}

const COLUMNS: &str = "SELECT id, name, role, display_name, email, password_hash, note FROM users";

/// The person with this id.
pub(super) fn member(db: &Db<'_>, id: i64) -> rusqlite::Result<Option<Member>> {
    db.row(&format!("{COLUMNS} WHERE id = ?1"), [id], read)
}

/// Everybody.
pub(super) fn members(db: &Db<'_>) -> rusqlite::Result<Vec<Member>> {
    db.rows(&format!("{COLUMNS} ORDER BY id"), [], read)
}

/// The person with this name, if the password is theirs.
pub(super) fn authenticate(
    db: &Db<'_>,
    name: &str,
    password: &str,
) -> rusqlite::Result<Option<Member>> {
    let found = db.row(&format!("{COLUMNS} WHERE name = ?1"), [name], read)?;
    // Hashed also for an unknown name: both answers take the same time.
    let hash = password_hash(name, password);
    Ok(found.filter(|member| member.password_hash == hash))
}

/// Changes what a person may change themselves.
pub(super) fn update(
    db: &Db<'_>,
    id: i64,
    display_name: Option<&str>,
    email: Option<&str>,
) -> rusqlite::Result<usize> {
    db.change(
        "UPDATE users SET display_name = coalesce(?2, display_name), email = coalesce(?3, email)
         WHERE id = ?1",
        (id, display_name, email),
    )
}

/// Changes what a person may do.
pub(super) fn update_role(db: &Db<'_>, id: i64, role: &str) -> rusqlite::Result<usize> {
    let role = Role::from_name(role);
    db.change("UPDATE users SET role = ?2 WHERE id = ?1", (id, role.as_str()))
}

/// SHA-256 over name and password. A real shop needs a slow hash; here a login must cost little,
/// so that load tests can log in.
pub(super) fn password_hash(name: &str, password: &str) -> String {
    hex(&Sha256::digest(format!("{name}\n{password}")))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        id: row.get(0)?,
        name: row.get(1)?,
        role: Role::from_name(&row.get::<_, String>(2)?),
        display_name: row.get(3)?,
        email: row.get(4)?,
        password_hash: row.get(5)?,
        note: row.get(6)?,
    })
}
