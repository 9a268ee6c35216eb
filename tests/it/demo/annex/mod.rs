//! Demonstrations of the annex's flaws, made from the examples of the weaknesses' descriptions.

mod disclosure;
mod listener;
mod login;
mod orders;
mod pages;
mod queries;
mod rights;
mod tokens;

use super::client::Shop;

/// Whether the flaw shows on this shop.
pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    if let Some(shown) = orders::shows(id, shop).await {
        return Some(shown);
    }
    if let Some(shown) = queries::shows(id, shop).await {
        return Some(shown);
    }
    if let Some(shown) = pages::shows(id, shop).await {
        return Some(shown);
    }
    if let Some(shown) = rights::shows(id, shop).await {
        return Some(shown);
    }
    if let Some(shown) = login::shows(id, shop).await {
        return Some(shown);
    }
    if let Some(shown) = tokens::shows(id, shop).await {
        return Some(shown);
    }
    disclosure::shows(id, shop).await
}
