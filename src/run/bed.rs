//! What tests of gates measure.

use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;

/// The only series of a load.
pub(super) fn home() -> SeriesMeta {
    SeriesMeta {
        id: SeriesId(0),
        scenario: "s".to_owned(),
        request: "home".to_owned(),
        method: "GET".to_owned(),
        path_template: "/".to_owned(),
        url: "http://127.0.0.1/".to_owned(),
        kind: SeriesKind::Http,
        tags: std::collections::BTreeMap::new(),
    }
}
