//! What looking for bottlenecks costs, on one core and without a network.

use std::collections::BTreeMap;
use std::time::Duration;

use shakedown::insight::bottlenecks;
use shakedown::model::CacheState;
use shakedown::model::Digits;
use shakedown::model::EndpointReport;
use shakedown::model::Report;
use shakedown::model::SampledRequest;
use shakedown::model::SampledRequests;
use shakedown::model::SeriesId;
use shakedown::model::SeriesKind;
use shakedown::model::SeriesMeta;
use shakedown::model::ServerTime;
use shakedown::model::Signals;
use shakedown::model::Tally;
use shakedown::model::TimelinePoint;

use crate::bed::Bed;
use crate::bed::Length;
use crate::clock::thread_nanos;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::problem::Problem;

const ENDPOINTS: u32 = 200;
const SECONDS: u32 = 3600;

/// An hour of windows over two hundred endpoints, of which some are slow for reasons of all kinds.
pub(super) fn analysis(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let turns = if bed.length == Length::Quick { 1 } else { 7 };
    bed.cores.at(Place::Client, || {
        let report = report();
        let mut found = 0;
        let mut took: Vec<f64> = (0..turns)
            .map(|_| {
                let from = thread_nanos();
                found = std::hint::black_box(bottlenecks(&report)).len();
                (thread_nanos() - from) as f64 / 1e6
            })
            .collect();
        took.sort_by(f64::total_cmp);
        let drawn: usize = report.endpoints.iter().map(|one| one.total.sampled.len()).sum();
        let note = format!("{drawn} requests that were drawn, {found} causes found");
        let figure =
            Figure::new("an hour, 200 endpoints", Bar::AtMost(1000.0), took[turns / 2], "ms")
                .within(took[0], took[turns - 1])
                .note(note);
        Ok(vec![figure])
    })
}

fn report() -> Report {
    let mut report = Report::default();
    report.timeline.extend((0..SECONDS).map(|second| TimelinePoint {
        from: Duration::from_secs(second.into()),
        to: Duration::from_secs(u64::from(second) + 1),
        requests: 500 + u64::from(second) / 4,
        ..TimelinePoint::default()
    }));
    report.endpoints.extend((0..ENDPOINTS).map(endpoint));
    report
}

fn endpoint(number: u32) -> EndpointReport {
    let mut total = Tally::new(Digits::Three);
    total.sampled = SampledRequests::of_one(ENDPOINTS as usize);
    for second in 0..SECONDS {
        let drawn: SampledRequests = (0..4).map(|step| request(number, second, step)).collect();
        total.sampled.merge(&drawn);
    }
    total.requests = u64::from(SECONDS) * 10;
    let path = format!("/part/{number}");
    let meta = SeriesMeta {
        id: SeriesId(number),
        scenario: "load".to_owned(),
        request: path.clone(),
        method: "GET".to_owned(),
        path_template: path,
        url: String::new(),
        kind: SeriesKind::Http,
        tags: BTreeMap::new(),
    };
    EndpointReport { meta, total }
}

fn request(number: u32, second: u32, step: u32) -> SampledRequest {
    // Spread without a generator of random numbers: the figures are of no interest here.
    let noise = (number * 7_919 + second * 104_729 + step * 1_299_709) % 1_000;
    let micros = |value: u32| Duration::from_micros(value.into());
    let backend = noise % 5;
    let slow = if backend == 4 { 20_000 } else { 0 };
    let work = 2_000 + noise * 3 + second / 2 + if number.is_multiple_of(40) { 30_000 } else { 0 };
    let part = |name: &str, took| ServerTime { name: name.to_owned(), took: micros(took) };
    let mut phases = [Duration::ZERO; 7];
    phases[5] = micros(work + slow + 200);
    phases[6] = micros(50);
    SampledRequest {
        at: Duration::from_secs(second.into()) + micros(noise * 900),
        latency: phases.iter().sum(),
        phases,
        status: 200,
        bytes: if number % 50 == 1 { 3_000_000 } else { 4_000 + u64::from(noise) },
        signals: Signals {
            server: vec![part("db", work / 2), part("app", work / 2)],
            backend: Some(format!("app-{backend}")),
            cache: (number % 10 == 3).then_some(CacheState::Miss),
            ..Signals::default()
        },
        weight: 2.5,
    }
}
