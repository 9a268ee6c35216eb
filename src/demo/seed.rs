//! Schema and deterministic contents of the shop's database.

use rusqlite::Connection;
use rusqlite::Transaction;
use rusqlite::params;

use super::accounts::ACCOUNTS;
use super::accounts::password_hash;
use super::annex;

/// How many products the shop has.
pub(super) const PRODUCTS: i64 = 240;

/// Slug and name of every category; products are spread over them evenly.
pub(super) const CATEGORIES: &[(&str, &str)] = &[
    ("kitchen", "Kitchen"),
    ("garden", "Garden"),
    ("office", "Office"),
    ("travel", "Travel"),
    ("lighting", "Lighting"),
    ("workshop", "Workshop"),
    ("outdoor", "Outdoor"),
    ("music", "Music"),
];

const SCHEMA: &str = "
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    category TEXT NOT NULL, brand TEXT NOT NULL, price_cents INTEGER NOT NULL,
    stock INTEGER NOT NULL, sold INTEGER NOT NULL, description TEXT NOT NULL);
CREATE INDEX products_by_category ON products (category);
CREATE INDEX products_by_sales ON products (sold);
CREATE TABLE keywords (product_id INTEGER NOT NULL, word TEXT NOT NULL COLLATE NOCASE);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL, author TEXT NOT NULL,
    rating INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX reviews_by_product ON reviews (product_id);
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
    role TEXT NOT NULL, display_name TEXT NOT NULL, email TEXT NOT NULL, note TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, status TEXT NOT NULL,
    ship_to TEXT NOT NULL, total_cents INTEGER NOT NULL);
CREATE INDEX orders_by_user ON orders (user_id);
CREATE TABLE order_lines (order_id INTEGER NOT NULL, product_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL);
CREATE INDEX lines_by_order ON order_lines (order_id);
CREATE TABLE coupons (code TEXT PRIMARY KEY, percent INTEGER NOT NULL);
";

/// The index that the flawed shop lacks.
const KEYWORD_INDEX: &str = "CREATE INDEX keywords_by_word ON keywords (word, product_id)";

const MAKES: &[&str] = &[
    "Alder", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper",
];
const KINDS: &[(&str, [&str; 6])] = &[
    ("kitchen", ["kettle", "skillet", "teapot", "grater", "mortar", "whisk"]),
    ("garden", ["trowel", "planter", "shears", "hose", "rake", "birdhouse"]),
    ("office", ["notebook", "stapler", "desk lamp", "binder", "pen set", "clipboard"]),
    ("travel", ["backpack", "suitcase", "bottle", "pillow", "organiser", "umbrella"]),
    ("lighting", ["lantern", "bulb", "spotlight", "candle holder", "string light", "floor lamp"]),
    ("workshop", ["hammer", "spirit level", "clamp", "chisel", "tool roll", "workbench"]),
    ("outdoor", ["tent", "hammock", "stove", "compass", "sleeping mat", "cool box"]),
    ("music", ["ukulele", "metronome", "kalimba", "tuner", "tambourine", "music stand"]),
];
const BRANDS: &[&str] = &["Northwick", "Calloway", "Ottery", "Brightsea", "Lindqvist"];
const PHRASES: &[&str] = &[
    "made to be used every day",
    "repairable with ordinary tools",
    "packed without plastic",
    "tested for ten years of service",
    "made in small series",
    "with spare parts in stock",
    "light enough to carry along",
];
const OPINIONS: &[(&str, i64)] = &[
    ("Does what it should, and looks good doing it.", 5),
    ("Solid. The second one in our household.", 4),
    ("A little smaller than I thought, but fine.", 3),
    ("Arrived quickly and well packed.", 4),
    ("My neighbour wants one now.", 5),
];
const REVIEWERS: &[&str] = &["Marta", "Ilse", "Tomas", "Priya", "Jonas", "Wen"];

/// Creates and fills all tables.
pub(super) fn seed(connection: &mut Connection, with_search_index: bool) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(annex::SCHEMA)?;
    products(&transaction)?;
    accounts(&transaction)?;
    orders(&transaction)?;
    for (code, percent) in [("WELCOME10", 10), ("SPRING15", 15), ("STAFF50", 50)] {
        transaction.execute("INSERT INTO coupons VALUES (?1, ?2)", params![code, percent])?;
    }
    if with_search_index {
        transaction.execute_batch(KEYWORD_INDEX)?;
    }
    transaction.commit()
}

/// Visits of products, in a table that has no index; none without rows.
pub(super) fn visits(connection: &Connection, rows: u32) -> rusqlite::Result<()> {
    if rows == 0 {
        return Ok(());
    }
    connection.execute_batch(&format!(
        "CREATE TABLE visits (product_id INTEGER NOT NULL, seconds INTEGER NOT NULL);
         WITH RECURSIVE visit (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM visit WHERE n < {rows})
             INSERT INTO visits SELECT n % {PRODUCTS} + 1, n % 97 FROM visit;"
    ))
}

fn products(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut product =
        transaction.prepare("INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    let mut keyword = transaction.prepare("INSERT INTO keywords VALUES (?1, ?2)")?;
    let mut review = transaction.prepare(
        "INSERT INTO reviews (product_id, author, rating, text) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for id in 1..=PRODUCTS {
        let n = usize::try_from(id - 1).unwrap_or(0);
        let (category, kinds) = pick(KINDS, n);
        let kind = pick(kinds, n / KINDS.len());
        let make = pick(MAKES, n / KINDS.len() + n % 3);
        let brand = pick(BRANDS, n * 7 + n / 11);
        let name = format!("{make} {kind}");
        let description = format!(
            "The {name} by {brand}: {}, {} and {}.",
            pick(PHRASES, n),
            pick(PHRASES, n + 2),
            pick(PHRASES, n + 4)
        );
        let sku = format!("{}-{:04}", category[..3].to_uppercase(), 1000 + id);
        let price = 490 + (id * 773) % 14_500;
        let (stock, sold) = ((id * 31) % 60, (id * 197) % 1009);
        product.execute(params![
            id,
            sku,
            name,
            category,
            brand,
            price,
            stock,
            sold,
            description
        ])?;
        for word in format!("{name} {brand} {category}").split(' ') {
            keyword.execute(params![id, word])?;
        }
        for k in 0..=n % 3 {
            let (text, rating) = pick(OPINIONS, n + 2 * k);
            review.execute(params![id, pick(REVIEWERS, n + k), rating, text])?;
        }
    }
    Ok(())
}

fn accounts(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for (id, account) in (1_i64..).zip(ACCOUNTS) {
        transaction.execute(
            "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                account.name,
                password_hash(account.name, account.password),
                account.role.as_str(),
                account.display_name,
                format!("{}@shop.example", account.name),
                format!("credit limit {} EUR", 500 * id),
            ],
        )?;
    }
    Ok(())
}

/// Three orders for each customer, numbered from 1001 and taking turns.
fn orders(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for n in 0..6_i64 {
        let (order, user) = (1001 + n, 1 + n % 2);
        let ship_to = if user == 1 { "12 Mill Lane, Ambleton" } else { "3 Quay Street, Porthaven" };
        let mut total = 0;
        for line in 0..=n % 3 {
            let (product, price) = (10 * n + line + 1, 1990 + 500 * line);
            total += price;
            transaction.execute(
                "INSERT INTO order_lines VALUES (?1, ?2, 1, ?3)",
                params![order, product, price],
            )?;
        }
        transaction.execute(
            "INSERT INTO orders VALUES (?1, ?2, 'delivered', ?3, ?4)",
            params![order, user, ship_to, total],
        )?;
    }
    Ok(())
}

fn pick<T>(list: &[T], n: usize) -> &T {
    &list[n % list.len()]
}
