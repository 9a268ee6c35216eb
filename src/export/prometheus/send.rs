//! Series onto the wire.

use std::time::Duration;

use prost::Message as _;

use super::message::WriteRequest;
use super::series;
use crate::export::delivery::Courier;
use crate::export::delivery::Parcel;
use crate::export::exporters::Arrived;
use crate::export::figures::Figures;
use crate::export::figures::Subject;
use crate::model::RemoteWriteExport;

/// Series of one message at most.
const PER_MESSAGE: usize = 5_000;

const VERSION: &[(&str, &str)] = &[("X-Prometheus-Remote-Write-Version", "0.1.0")];

/// Sends the figures, with the exchanges that were kept as exemplars.
pub(in crate::export) async fn send(
    settings: &RemoteWriteExport,
    courier: &mut Courier,
    (subject, figures): (&Subject, &Figures),
    patience: Duration,
) -> Arrived {
    let all = series::series(subject, figures, &settings.labels);
    for (number, timeseries) in all.chunks(PER_MESSAGE).enumerate() {
        let timeseries = timeseries.to_vec();
        let metadata = if number == 0 { series::metadata() } else { Vec::new() };
        let message = WriteRequest { timeseries, metadata }.encode_to_vec();
        let Ok(body) = snap::raw::Encoder::new().compress_vec(&message) else {
            courier.ledger.give_up("the message is too large for snappy".to_owned());
            return Arrived::default();
        };
        let parcel = Parcel {
            url: &settings.url,
            content_type: "application/x-protobuf",
            content_encoding: Some("snappy"),
            headers: VERSION,
            body,
        };
        // Those behind one that does not arrive would wait as long.
        if courier.send(&parcel, patience).await.is_none() {
            return Arrived::default();
        }
    }
    Arrived { metrics: true, traces: true, some_metrics: true }
}
