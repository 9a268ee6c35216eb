//! What was not meant to be seen.

use crate::demo::client::Shop;

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    Some(match id {
        "directory-listing-assets" => listing(shop).await,
        "source-map-offers" => source_map(shop).await,
        "actuator-environment" => actuator(shop).await,
        _ => return None,
    })
}

async fn listing(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/assets/banner.svg").await.header("content-type"), "image/svg+xml");
    let listed = shop.get("/assets/").await.body.contains("<title>Index of /assets/</title>");
    let unlinked = shop.get("/assets/import-2019.csv").await;
    assert_eq!(unlinked.status == 200 && unlinked.body.contains("cost price"), listed);
    listed
}

async fn source_map(shop: &mut Shop) -> bool {
    let named = shop.get("/static/offers.js").await.body.contains("sourceMappingURL=offers.js.map");
    let map = shop.get("/static/offers.js.map").await;
    assert_eq!(map.status == 200, named);
    map.body.contains("sourcesContent") && map.body.contains("API_KEY")
}

async fn actuator(shop: &mut Shop) -> bool {
    assert_eq!(shop.get("/actuator/health").await.json()["status"], "UP");
    let named = shop.get("/robots.txt").await.body.contains("/actuator/env");
    let environment = shop.get("/actuator/env").await;
    assert_eq!(environment.status == 200, named);
    environment.status == 200 && environment.body.contains("DATABASE_PASSWORD")
}
