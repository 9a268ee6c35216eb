//! The search for the capacity, against systems whose limit is known: queues in simulated time.

#[path = "capacity/queue.rs"]
mod queue;
#[path = "capacity/shared.rs"]
mod shared;

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::insight::scalability;
use shakedown::model::Capacity;
use shakedown::model::CapacityModel;
use shakedown::model::Cost;
use shakedown::model::Egress;
use shakedown::model::Event;
use shakedown::model::Level;
use shakedown::model::Report;
use shakedown::model::RunInfo;
use shakedown::model::Scalability;
use shakedown::model::SearchEnd;
use shakedown::model::Serverless;
use shakedown::model::Stamped;
use shakedown::model::Steadiness;
use shakedown::model::Suspect;
use shakedown::model::SuspectVerdict;
use shakedown::report::Style;
use shakedown::report::summary;

use crate::fixtures::run_info;
use queue::Queue;
use queue::Search;
use queue::aim;
use shared::Kind;
use shared::Shared;

const FAST: (&str, &str) = ("http_req_latency", "p(95)<300");
const SOUND: (&str, &str) = ("http_req_failed", "rate<0.01");

fn searched(queue: &Queue, seed: u64) -> (Capacity, Search) {
    let mut search = Search::new(queue.clone(), seed);
    let capacity = search.run(aim(&[FAST, SOUND], 10.0, 5000.0));
    (capacity, search)
}

/// A run that found a capacity and was cut short later: its last word is the first answer.
pub(crate) fn searched_events() -> Vec<Stamped> {
    let cost = Cost {
        instances: 2,
        price_per_hour: 0.18,
        currency: "EUR".to_owned(),
        serverless: Some(Serverless {
            per_million_requests: 0.2,
            per_gb_second: 0.000_016,
            memory_mib: 512.0,
        }),
        egress: Some(Egress { per_gb: 0.08, origin_per_gb: 0.02, hit_ratio: Some(0.9) }),
    };
    let run = RunInfo { command: "capacity".to_owned(), cost: Some(cost), ..run_info() };
    let mut bounded = aim(&[FAST], 10.0, 5000.0);
    bounded.max_time = Duration::from_secs(60);
    let cut = Search::new(Queue::new(8, 25.0), 8).run(bounded);
    let mut wanted = aim(&[FAST, SOUND], 10.0, 5000.0);
    (wanted.at_least, wanted.wanted) = (Some(50.0), Some(200.0));
    let found = Search::new(Queue::new(8, 25.0), 2).run(wanted);
    let events =
        [Event::RunStarted(run), Event::Capacity(Box::new(cut)), Event::Capacity(Box::new(found))];
    let stamp = |(seq, event)| Stamped { seq, at: Duration::from_secs(seq), event };
    (0..).zip(events).map(stamp).collect()
}

#[test]
fn the_summary_says_what_follows_from_the_answer() {
    let report = Report::of(&searched_events());
    let capacity = report.capacity.as_ref().expect("it was found");
    let answer = capacity.answer.expect("an answer");
    let text = summary(&report, Style::in_a_file());
    let has = |words: &str| assert!(text.contains(words), "no `{words}` in\n{text}");
    has(&format!("capacity  {}", CapacityModel::Rate.amount(answer)));
    has("http_req_latency: p(95)<300, http_req_failed: rate<0.01");
    has("at least 50/s: met");
    has("keeps 30.0% free");
    has("if two share nothing");
    has("(extrapolated");
    // Two instances were measured; the rest is arithmetic.
    let each = answer * 0.7 / 2.0;
    has(&format!("{} instances for 200/s", (200.0 / each).ceil()));
    has("per million requests at");
    has("compute");
    assert_eq!(
        text.matches("met over").count(),
        capacity.levels.iter().filter(|one| one.meets()).count()
    );
}

#[test]
fn the_answer_is_within_five_per_cent_of_the_limit_of_a_queue() {
    // c, μ per second: few slow servers, many fast ones.
    let systems = [(4, 20.0), (8, 25.0), (2, 40.0), (16, 12.0)];
    let mut seconds = 0;
    let mut missed = Vec::new();
    for (seed, (servers, each)) in (0..20_u64).zip(systems.into_iter().cycle()) {
        let queue = Queue::new(servers, each);
        let limit = queue.capacity(0.95, 0.3);
        let (capacity, search) = searched(&queue, seed);
        let answer = capacity.answer.unwrap_or(0.0);
        let off = answer / limit - 1.0;
        seconds += search.seconds;
        println!(
            "seed {seed}: {servers} x {each}/s, limit {limit:.1}/s, answer {answer:.1}/s \
             ({:+.1} %), {} levels, {} s, {:?}",
            off * 100.0,
            capacity.levels.len(),
            search.seconds,
            capacity.end
        );
        if off.abs() > 0.05 || capacity.end != SearchEnd::Found {
            missed.push((seed, off, search.told));
        }
    }
    println!("{} of 20 within 5 %, {} s on average", 20 - missed.len(), seconds / 20);
    assert!(missed.len() <= 1, "{missed:#?}");
}

#[test]
fn a_search_tells_every_level_and_what_is_left() {
    let (capacity, search) = searched(&Queue::new(4, 20.0), 1);
    assert!(search.told[0].starts_with("begins at 10/s"), "{:?}", search.told);
    assert_eq!(search.told.len(), capacity.levels.len() + 1);
    let is_told = |text: &String| text.contains(" left") && text.contains("p95 ");
    assert!(search.told[1..search.told.len() - 1].iter().all(is_told), "{:?}", search.told);
    let gap = capacity.gap().expect("both ends");
    assert!((0.0..=0.05).contains(&gap), "{gap}");
    let knee = capacity.knee.expect("a queue has one");
    assert!(capacity.answer.is_some_and(|answer| knee.asked <= answer * 1.1), "{knee:?}");
}

#[test]
fn a_limit_above_the_highest_level_is_said_to_be_there() {
    let mut search = Search::new(Queue::new(8, 100.0), 3);
    let capacity = search.run(aim(&[FAST], 10.0, 200.0));
    assert_eq!((capacity.end, capacity.answer), (SearchEnd::MaxReached, Some(200.0)));
    assert_eq!(capacity.failing, None);
}

#[test]
fn what_never_meets_the_objective_has_no_answer() {
    // The mean alone is above the limit.
    let mut search = Search::new(Queue::new(8, 2.0), 4);
    let capacity = search.run(aim(&[FAST], 10.0, 200.0));
    assert_eq!((capacity.end, capacity.answer), (SearchEnd::NoneMet, None));
    assert_eq!(capacity.second, None);
}

#[test]
fn a_generator_at_its_limit_is_not_taken_for_the_target() {
    let mut queue = Queue::new(8, 100.0);
    queue.generator_limit = 300.0;
    let mut search = Search::new(queue, 5);
    let capacity = search.run(aim(&[FAST], 10.0, 5000.0));
    assert_eq!(capacity.end, SearchEnd::Generator);
    let answer = capacity.answer.expect("what it could do");
    assert!((285.0..=300.0).contains(&answer), "{answer}");
    assert!(capacity.saturated_levels >= 2);
    assert!(capacity.levels.iter().all(|level| level.asked <= 300.0 || !level.counts()));
}

#[test]
fn too_few_users_are_told_from_a_slow_target() {
    let mut queue = Queue::new(40, 10.0);
    queue.users = 20;
    // Twenty users at 100 ms each do 200/s; the queue itself would do nearly 400/s.
    let mut search = Search::new(queue, 6);
    let capacity = search.run(aim(&[("http_req_latency", "p(95)<1000")], 10.0, 5000.0));
    let answer = capacity.answer.expect("a limit");
    assert!((100.0..200.0).contains(&answer), "{answer}");
    let is_told = |level: &&Level| level.broken.iter().any(|why| why.contains("no free user"));
    assert!(capacity.levels.iter().filter(|level| !level.meets()).all(|level| is_told(&level)));
}

#[test]
fn a_target_that_breaks_for_good_ends_the_search() {
    let mut queue = Queue::new(8, 100.0);
    queue.breaks_at = 100.0;
    let mut search = Search::new(queue, 7);
    let capacity = search.run(aim(&[FAST, SOUND], 10.0, 5000.0));
    let SearchEnd::CutShort(why) = &capacity.end else { panic!("{:?}", capacity.end) };
    assert!(why.contains("does not recover"), "{why}");
    let walls: Vec<_> = capacity.levels.iter().filter(|level| level.failed > 0.5).collect();
    assert!(walls.len() <= 3, "it is left alone at once: {walls:?}");
    assert!(walls.iter().all(|level| level.length() <= Duration::from_secs(4)), "{walls:?}");
}

#[test]
fn the_whole_search_is_bounded() {
    let mut bounded = aim(&[FAST], 10.0, 5000.0);
    bounded.max_time = Duration::from_secs(60);
    let mut search = Search::new(Queue::new(8, 25.0), 8);
    let capacity = search.run(bounded);
    assert!(matches!(&capacity.end, SearchEnd::CutShort(why) if why.contains("whole search")));
    assert_eq!(search.seconds, 60);
    assert!(capacity.answer.is_some(), "what was met until then");
    let last = capacity.levels.last().expect("levels");
    assert_eq!((last.steadiness, last.meets()), (Steadiness::Unfinished, false));
}

/// A level of a closed system in which `n` users get `throughput`.
fn level(n: f64, throughput: f64) -> Level {
    Level {
        asked: n,
        from: Duration::ZERO,
        to: Duration::from_secs(30),
        throughput,
        concurrency: n,
        latency: None,
        mean: Some(Duration::from_secs_f64(n / throughput)),
        failed: 0.0,
        dropped: 0.0,
        bytes_per_request: 0.0,
        steadiness: Steadiness::Steady,
        broken: Vec::new(),
        generator: None,
    }
}

/// Nearly normal: the sum of twelve even draws.
fn normal(rng: &mut StdRng) -> f64 {
    (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

fn law(n: f64, [lambda, sigma, kappa]: [f64; 3]) -> f64 {
    lambda * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
}

#[test]
fn the_law_of_simulated_systems_lies_within_its_intervals() {
    const USERS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0];
    let mut rng = StdRng::seed_from_u64(1);
    let (mut all, mut inside, mut joint) = (0, [0; 3], 0);
    for _ in 0..200 {
        let truth: [f64; 3] = [
            rng.random_range(50.0..500.0),
            rng.random_range(0.01..0.15),
            rng.random_range(0.0002..0.004),
        ];
        // Two per cent of noise from level to level, whatever it comes from.
        let levels: Vec<Level> = USERS
            .iter()
            .map(|n| level(*n, law(*n, truth) * (1.0 + 0.02 * normal(&mut rng))))
            .collect();
        let (Scalability::Fitted(fit), 0) = scalability(&levels) else { continue };
        all += 1;
        let found = [fit.lambda, fit.sigma, fit.kappa];
        let has: [bool; 3] = std::array::from_fn(|at| found[at].includes(truth[at]));
        for (count, has) in inside.iter_mut().zip(has) {
            *count += i32::from(has);
        }
        joint += i32::from(has == [true; 3]);
        let (n, x) = fit.peak().expect("it falls in the end");
        assert!((x - fit.throughput(n)).abs() < 1e-9);
    }
    println!("{all} of 200 fitted; within the intervals: {inside:?}, all three {joint}");
    assert!(all >= 190, "{all}");
    assert!(inside.iter().all(|count| f64::from(*count) >= 0.9 * f64::from(all)), "{inside:?}");
}

#[test]
fn contention_without_coherency_has_no_peak() {
    let levels: Vec<Level> = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
        .map(|n| level(n, law(n, [100.0, 0.1, 0.0])))
        .to_vec();
    let (Scalability::Fitted(fit), _) = scalability(&levels) else { panic!("it fits exactly") };
    assert!((fit.sigma.value - 0.1).abs() < 1e-6, "{fit:?}");
    assert!(fit.kappa.value < 1e-8 && fit.r_squared > 0.999_999, "{fit:?}");
    assert!(fit.is_extrapolated(128.0) && !fit.is_extrapolated(64.0));
}

fn refusal(levels: &[Level]) -> String {
    match scalability(levels).0 {
        Scalability::Refused(why) => why,
        Scalability::Fitted(fit) => panic!("{fit:?}"),
    }
}

#[test]
fn a_fit_is_refused_where_it_would_say_nothing() {
    let of = |users: &[f64], truth| -> Vec<Level> {
        users.iter().map(|n| level(*n, law(*n, truth))).collect()
    };
    let curved = [100.0, 0.1, 0.001];
    let users = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    let five = of(&users[..5], curved);
    assert!(refusal(&five).contains("5 levels"), "{}", refusal(&five));
    // The same level again is no sixth.
    let again = [five.clone(), five.clone()].concat();
    assert!(refusal(&again).contains("5 levels"), "{}", refusal(&again));
    let straight = refusal(&of(&users, [100.0, 0.0, 0.0]));
    assert!(straight.contains("no curvature"), "{straight}");
    let mut saturated = of(&users, curved);
    for level in &mut saturated[4..] {
        level.generator = Some("late".to_owned());
    }
    let why = refusal(&saturated);
    assert!(why.contains("4 levels") && why.contains("at 2 the generator"), "{why}");
    assert_eq!(scalability(&saturated).1, 2);
    let few = of(&[0.1, 0.2, 0.4, 0.8, 1.6, 3.2], curved);
    assert!(refusal(&few).contains("fewer than one request"), "{}", refusal(&few));
    let mut chaos = of(&users, curved);
    for (at, level) in chaos.iter_mut().enumerate() {
        level.throughput = if at % 2 == 0 { 50.0 } else { 500.0 };
    }
    refusal(&chaos);
}

#[test]
fn lines_with_noise_are_seldom_taken_for_curves() {
    let mut rng = StdRng::seed_from_u64(2);
    let mut curves = 0;
    for _ in 0..200 {
        let levels: Vec<Level> = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0]
            .map(|n| level(n, 100.0 * n * (1.0 + 0.02 * normal(&mut rng))))
            .to_vec();
        curves += i32::from(matches!(scalability(&levels).0, Scalability::Fitted(_)));
    }
    println!("{curves} of 200 lines were taken for curves");
    assert!(curves <= 20, "{curves}");
}

/// Two that hold a lock, one that waits for it and hardly holds it, one that is slow by itself.
const KINDS: [Kind; 4] = [
    Kind { name: "list", hold: 0.008, work: 0.001 },
    Kind { name: "save", hold: 0.004, work: 0.001 },
    Kind { name: "look", hold: 0.000_1, work: 0.001 },
    Kind { name: "chart", hold: 0.0, work: 0.030 },
];

fn isolated(system: &mut Shared, most: u32, max_time: u64) -> (Capacity, Vec<String>) {
    let mut aim = aim(&[("http_req_latency", "p(95)<150")], 20.0, 5000.0);
    (aim.suspects, aim.max_time) = (most, Duration::from_secs(max_time));
    let parts = system.parts();
    let (capacity, told, _) = queue::searched(system, aim, parts);
    (capacity, told)
}

#[test]
fn requests_by_themselves_tell_own_work_from_waiting_for_others() {
    let (mut right, mut all) = (0, 0);
    for seed in 0..10 {
        let (capacity, told) = isolated(&mut Shared::new(&KINDS, 20.0, seed), 4, 3600);
        assert_eq!(capacity.end, SearchEnd::Found);
        assert_eq!((capacity.suspects.len(), &capacity.not_isolated), (4, &None), "{told:?}");
        let shares: Vec<f64> = capacity.suspects.iter().map(|suspect| suspect.share).collect();
        assert!(
            shares.is_sorted_by(|one, other| one >= other) && shares.iter().sum::<f64>() <= 1.001
        );
        for suspect in &capacity.suspects {
            let expected = match suspect.request.as_str() {
                "chart" => SuspectVerdict::OwnWork,
                "look" => SuspectVerdict::Waits,
                _ => SuspectVerdict::Shares,
            };
            all += 1;
            right += u32::from(suspect.verdict() == expected);
            if suspect.verdict() != expected {
                println!("{seed}: {}", suspect.sentence());
            }
        }
    }
    println!("{right} of {all}");
    assert!(right * 100 >= all * 95, "{right} of {all}");
}

#[test]
fn endpoints_that_share_nothing_are_told_to_be_slow_by_themselves() {
    let kinds = [0.005, 0.020, 0.060].map(|work| Kind { name: "", hold: 0.0, work });
    let names = ["quick", "usual", "slow"];
    let kinds: Vec<Kind> =
        kinds.iter().zip(names).map(|(kind, name)| Kind { name, ..*kind }).collect();
    // Something has to end the search: a fourth that waits for itself alone.
    let kinds = [kinds, vec![Kind { name: "queue", hold: 0.010, work: 0.001 }]].concat();
    let mut wrong = Vec::new();
    for seed in 20..30 {
        let (capacity, _) = isolated(&mut Shared::new(&kinds, 20.0, seed), 4, 3600);
        assert!(capacity.suspects.len() >= 3, "{:?}", capacity.suspects);
        let not_own = |one: &&Suspect| one.verdict() != SuspectVerdict::OwnWork;
        wrong.extend(capacity.suspects.iter().filter(not_own).map(Suspect::sentence));
    }
    assert!(wrong.len() <= 2, "of 40: {wrong:#?}");
}

#[test]
fn a_request_whose_answers_change_is_not_judged() {
    let mut system = Shared::new(&KINDS, 20.0, 3);
    system.needs_others = Some(0);
    let (capacity, _) = isolated(&mut system, 4, 3600);
    let list = capacity.suspects.iter().find(|one| one.request == "list").expect("measured");
    assert_eq!(list.alone, None);
    let why = list.unclear.as_deref().unwrap_or_default();
    assert!(why.contains("needs others before it"), "{why}");
}

#[test]
fn suspects_are_left_out_where_there_is_no_time_and_said() {
    let (capacity, _) = isolated(&mut Shared::new(&KINDS, 20.0, 4), 0, 3600);
    assert_eq!(
        (capacity.suspects.len(), capacity.not_isolated),
        (0, None),
        "nobody asked for them"
    );
    let mut shortest = None;
    // As much time as the search takes, and hardly more.
    for most in (60..2000).step_by(20) {
        let (capacity, _) = isolated(&mut Shared::new(&KINDS, 20.0, 4), 3, most);
        if capacity.end == SearchEnd::Found {
            shortest = Some(capacity);
            break;
        }
    }
    let capacity = shortest.expect("some time is enough");
    assert!(capacity.suspects.len() < 3, "{:?}", capacity.suspects);
    let said = capacity.not_isolated.is_some() || !capacity.suspects.is_empty();
    assert!(said, "fewer, or none and why");
}
