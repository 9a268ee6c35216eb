//! SQL of products, reviews and coupons.
//!
//! Functions named `…_pasted` build SQL out of input: they are the planted injections, and only
//! the flawed shop calls them. They run on connections that cannot write.

use std::time::Duration;

use rusqlite::Row;
use serde::Serialize;

use super::store::Db;

/// Products on one page of a list.
pub(super) const PAGE_SIZE: i64 = 24;
/// Rows of the list of bestsellers.
pub(super) const BESTSELLERS: i64 = 30;
/// Reviews kept for a product; older ones go.
const REVIEWS_KEPT: i64 = 50;
/// What reading a row from storage takes that is not in memory.
const STORAGE_PER_ROW: Duration = Duration::from_micros(1);

/// One product.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Product {
    pub(super) id: i64,
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) brand: String,
    pub(super) price_cents: i64,
    pub(super) stock: i64,
    pub(super) description: String,
}

/// A product of the list of bestsellers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Bestseller {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) sold: i64,
    pub(super) rating: f64,
    pub(super) reviews: i64,
}

/// One review.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Review {
    pub(super) author: String,
    pub(super) rating: i64,
    pub(super) text: String,
}

const SELECT: &str = "SELECT id, sku, name, category, brand, price_cents, stock, description \
                      FROM products";

/// One page of a category, or of everything when `category` is empty.
pub(super) fn page(db: &Db<'_>, category: &str, page: i64) -> rusqlite::Result<Vec<Product>> {
    let offset = (page - 1) * PAGE_SIZE;
    if category.is_empty() {
        let sql = format!("{SELECT} ORDER BY id LIMIT {PAGE_SIZE} OFFSET ?1");
        return db.rows(&sql, [offset], product);
    }
    let sql = format!("{SELECT} WHERE category = ?1 ORDER BY id LIMIT {PAGE_SIZE} OFFSET ?2");
    db.rows(&sql, (category, offset), product)
}

/// Like [`page`], with the category pasted into the SQL.
pub(super) fn page_pasted(
    db: &Db<'_>,
    category: &str,
    page: i64,
) -> rusqlite::Result<Vec<Product>> {
    let offset = (page - 1) * PAGE_SIZE;
    let sql = format!(
        "{SELECT} WHERE category = '{category}' ORDER BY id LIMIT {PAGE_SIZE} OFFSET {offset}"
    );
    db.rows(&sql, [], product)
}

/// Their numbers.
pub(super) fn ids(products: &[Product]) -> Vec<i64> {
    products.iter().map(|product| product.id).collect()
}

/// How many products a category has, or all when it is empty.
pub(super) fn count(db: &Db<'_>, category: &str) -> rusqlite::Result<i64> {
    let sql = "SELECT count(*) FROM products WHERE ?1 = '' OR category = ?1";
    let found = db.row(sql, [category], |row| row.get(0))?;
    Ok(found.unwrap_or(0))
}

/// One product.
pub(super) fn by_id(db: &Db<'_>, id: i64) -> rusqlite::Result<Option<Product>> {
    db.row(&format!("{SELECT} WHERE id = ?1"), [id], product)
}

/// Like [`by_id`], with the id pasted into the SQL and any error taken for "not there".
pub(super) fn by_id_pasted(db: &Db<'_>, id: &str) -> Option<Product> {
    db.row(&format!("{SELECT} WHERE id = {id}"), [], product).unwrap_or(None)
}

/// Whether a product with this number is in stock.
pub(super) fn in_stock(db: &Db<'_>, sku: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM products WHERE sku = ?1 AND stock > 0)";
    Ok(db.row(sql, [sku], |row| row.get(0))?.unwrap_or(false))
}

/// Like [`in_stock`], with the number pasted into the SQL and any error taken for "no".
pub(super) fn in_stock_pasted(db: &Db<'_>, sku: &str) -> bool {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM products WHERE sku = '{sku}' AND stock > 0)");
    matches!(db.row(&sql, [], |row| row.get(0)), Ok(Some(true)))
}

/// Products with a word that starts with `prefix`, by the index over words.
pub(super) fn search(db: &Db<'_>, prefix: &str) -> rusqlite::Result<Vec<Product>> {
    let sql = format!(
        "{SELECT} WHERE id IN (SELECT product_id FROM keywords WHERE word >= ?1 AND word < ?2)
         ORDER BY id LIMIT {PAGE_SIZE}"
    );
    db.rows(&sql, (prefix, past(prefix)), product)
}

/// The same products, by looking at every word for every product.
pub(super) fn search_unindexed(db: &Db<'_>, prefix: &str) -> rusqlite::Result<Vec<Product>> {
    let sql = format!(
        "{SELECT} WHERE (SELECT count(*) FROM keywords
                         WHERE product_id = products.id AND word >= ?1 AND word < ?2) > 0
         ORDER BY id LIMIT {PAGE_SIZE}"
    );
    db.rows(&sql, (prefix, past(prefix)), product)
}

/// Bestsellers with their ratings, in one query.
pub(super) fn bestsellers(db: &Db<'_>) -> rusqlite::Result<Vec<Bestseller>> {
    let sql = "SELECT p.id, p.name, p.sold, coalesce(avg(r.rating), 0.0), count(r.id)
               FROM products p LEFT JOIN reviews r ON r.product_id = p.id
               WHERE p.id IN (SELECT id FROM products ORDER BY sold DESC LIMIT ?1)
               GROUP BY p.id ORDER BY p.sold DESC";
    db.rows(sql, [BESTSELLERS], bestseller)
}

/// Bestsellers without ratings.
pub(super) fn bestsellers_bare(db: &Db<'_>) -> rusqlite::Result<Vec<Bestseller>> {
    let sql = "SELECT id, name, sold, 0.0, 0 FROM products ORDER BY sold DESC LIMIT ?1";
    db.rows(sql, [BESTSELLERS], bestseller)
}

/// Average rating and number of reviews of one product.
pub(super) fn rating(db: &Db<'_>, product_id: i64) -> rusqlite::Result<(f64, i64)> {
    let sql = "SELECT coalesce(avg(rating), 0.0), count(*) FROM reviews WHERE product_id = ?1";
    let found = db.row(sql, [product_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.unwrap_or_default())
}

/// Reads all visits of one product from a table without an index, and gives how long storage would
/// have taken over the rows read; nothing if `rows` is nought.
pub(super) fn scan_visits(db: &Db<'_>, rows: u32) -> rusqlite::Result<Duration> {
    if rows > 0 {
        let sql = "SELECT count(*), sum(seconds) FROM visits WHERE product_id = 7";
        db.rows(sql, [], |row| row.get::<_, i64>(0))?;
    }
    Ok(STORAGE_PER_ROW * rows)
}

/// Reviews of one product, newest first.
pub(super) fn reviews(db: &Db<'_>, product_id: i64) -> rusqlite::Result<Vec<Review>> {
    let sql = "SELECT author, rating, text FROM reviews WHERE product_id = ?1 ORDER BY id DESC";
    db.rows(sql, [product_id], |row| {
        Ok(Review { author: row.get(0)?, rating: row.get(1)?, text: row.get(2)? })
    })
}

/// Stores a review and drops the oldest ones beyond the number kept.
pub(super) fn add_review(db: &Db<'_>, product_id: i64, review: &Review) -> rusqlite::Result<()> {
    db.change(
        "INSERT INTO reviews (product_id, author, rating, text) VALUES (?1, ?2, ?3, ?4)",
        (product_id, &review.author, review.rating, &review.text),
    )?;
    db.change(
        "DELETE FROM reviews WHERE product_id = ?1 AND id NOT IN
             (SELECT id FROM reviews WHERE product_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (product_id, REVIEWS_KEPT),
    )?;
    Ok(())
}

/// Percent that a coupon takes off.
pub(super) fn coupon(db: &Db<'_>, code: &str) -> rusqlite::Result<Option<i64>> {
    db.row("SELECT percent FROM coupons WHERE code = ?1", [code], |row| row.get(0))
}

/// All coupons.
pub(super) fn coupons(db: &Db<'_>) -> rusqlite::Result<Vec<(String, i64)>> {
    let sql = "SELECT code, percent FROM coupons ORDER BY code LIMIT 200";
    db.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Stores a coupon, unless there are too many already.
pub(super) fn add_coupon(db: &Db<'_>, code: &str, percent: i64) -> rusqlite::Result<usize> {
    db.change(
        "INSERT OR REPLACE INTO coupons SELECT ?1, ?2 WHERE (SELECT count(*) FROM coupons) < 200",
        (code, percent),
    )
}

/// The end of the range of words that start with `prefix`.
fn past(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: row.get(0)?,
        sku: row.get(1)?,
        name: row.get(2)?,
        category: row.get(3)?,
        brand: row.get(4)?,
        price_cents: row.get(5)?,
        stock: row.get(6)?,
        description: row.get(7)?,
    })
}

fn bestseller(row: &Row<'_>) -> rusqlite::Result<Bestseller> {
    Ok(Bestseller {
        id: row.get(0)?,
        name: row.get(1)?,
        sold: row.get(2)?,
        rating: row.get(3)?,
        reviews: row.get(4)?,
    })
}
