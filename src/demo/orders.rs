//! SQL of orders.

use serde::Serialize;

use super::catalogue;
use super::store::Db;

/// Orders kept beside the seeded ones: a load test on the checkout must not fill the disk.
const ORDERS_KEPT: i64 = 20_000;
const LAST_SEEDED: i64 = 1006;

/// One order.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Order {
    pub(super) id: i64,
    #[serde(skip)]
    pub(super) user_id: Option<i64>,
    pub(super) status: String,
    pub(super) ship_to: String,
    pub(super) total_cents: i64,
    pub(super) lines: Vec<Line>,
}

/// One line of an order or of a cart.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    pub(super) product_id: i64,
    pub(super) name: String,
    pub(super) quantity: i64,
    pub(super) price_cents: i64,
}

/// Something to buy: product and quantity.
pub(super) type Wanted = (i64, i64);

/// The lines for what somebody wants to buy; unknown products are left out.
pub(super) fn lines(db: &Db<'_>, wanted: &[Wanted]) -> rusqlite::Result<Vec<Line>> {
    let mut lines = Vec::with_capacity(wanted.len());
    for &(product_id, quantity) in wanted {
        if let Some(product) = catalogue::by_id(db, product_id)? {
            let (name, price_cents) = (product.name, product.price_cents);
            lines.push(Line { product_id, name, quantity, price_cents });
        }
    }
    Ok(lines)
}

/// What the lines cost after a coupon.
pub(super) fn total(lines: &[Line], percent_off: i64) -> i64 {
    let sum: i64 = lines.iter().map(|line| line.price_cents * line.quantity).sum();
    sum - sum * percent_off / 100
}

/// Stores an order and gives its number. Stock stays as it is: a load test would sell out.
pub(super) fn place(
    db: &Db<'_>,
    user_id: Option<i64>,
    ship_to: &str,
    lines: &[Line],
    percent_off: i64,
) -> rusqlite::Result<i64> {
    db.change(
        "INSERT INTO orders (user_id, status, ship_to, total_cents) VALUES (?1, 'paid', ?2, ?3)",
        (user_id, ship_to, total(lines, percent_off)),
    )?;
    let id = db.last_id();
    for line in lines {
        db.change(
            "INSERT INTO order_lines VALUES (?1, ?2, ?3, ?4)",
            (id, line.product_id, line.quantity, line.price_cents),
        )?;
    }
    let expired = id - ORDERS_KEPT;
    if expired > LAST_SEEDED {
        db.change("DELETE FROM order_lines WHERE order_id = ?1", [expired])?;
        db.change("DELETE FROM orders WHERE id = ?1", [expired])?;
    }
    Ok(id)
}

/// One order with its lines, whoever it belongs to.
pub(super) fn by_id(db: &Db<'_>, id: i64) -> rusqlite::Result<Option<Order>> {
    let Some(mut order) = db.row(&format!("{SELECT} WHERE id = ?1"), [id], read)? else {
        return Ok(None);
    };
    order.lines = db.rows(
        "SELECT l.product_id, p.name, l.quantity, l.price_cents
         FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = ?1",
        [id],
        |row| {
            Ok(Line {
                product_id: row.get(0)?,
                name: row.get(1)?,
                quantity: row.get(2)?,
                price_cents: row.get(3)?,
            })
        },
    )?;
    Ok(Some(order))
}

/// The latest orders of a person, without lines.
pub(super) fn of_user(db: &Db<'_>, user_id: i64) -> rusqlite::Result<Vec<Order>> {
    let sql = format!("{SELECT} WHERE user_id = ?1 ORDER BY id DESC LIMIT 50");
    db.rows(&sql, [user_id], read)
}

/// The latest orders of everybody, without lines.
pub(super) fn latest(db: &Db<'_>) -> rusqlite::Result<Vec<Order>> {
    db.rows(&format!("{SELECT} ORDER BY id DESC LIMIT 50"), [], read)
}

const SELECT: &str = "SELECT id, user_id, status, ship_to, total_cents FROM orders";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: row.get(0)?,
        user_id: row.get(1)?,
        status: row.get(2)?,
        ship_to: row.get(3)?,
        total_cents: row.get(4)?,
        lines: Vec::new(),
    })
}
