//! What tests/bench measures goose with: one GET, or a chain of them in which each URL comes from
//! the JSON before and each body is matched. Takes goose's own flags.

use std::sync::LazyLock;

use goose::metrics::GooseRequestMetricAggregate;
use goose::prelude::*;
use regex::Regex;
use serde_json::Value;

/// Requests of a chain.
const STEPS: usize = 10;

static AVAILABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""state":"available""#).expect("it is a pattern"));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), GooseError> {
    let metrics = GooseAttack::initialize()?
        .register_scenario(scenario!("plain").register_transaction(transaction!(plain)))
        .register_scenario(scenario!("chain").register_transaction(transaction!(chain)))
        .execute()
        .await?;
    let of = |count: fn(&GooseRequestMetricAggregate) -> usize| {
        metrics.requests.values().map(count).sum::<usize>()
    };
    let failed = of(|requests| requests.fail_count);
    println!("requests {} failed {failed}", of(|requests| requests.success_count) + failed);
    Ok(())
}

async fn plain(user: &mut GooseUser) -> TransactionResult {
    user.get("").await?;
    Ok(())
}

async fn chain(user: &mut GooseUser) -> TransactionResult {
    let mut id = "000".to_owned();
    for _ in 0..STEPS {
        let mut goose = user.get_named(&format!("items/{id}"), "item").await?;
        let response = goose.response.map_err(|error| Box::new(error.into()))?;
        let body = response.text().await.map_err(|error| Box::new(error.into()))?;
        let next = serde_json::from_str::<Value>(&body)
            .ok()
            .and_then(|item| item.get("next")?.as_str().map(str::to_owned));
        match next {
            Some(next) if AVAILABLE.is_match(&body) => id = next,
            _ => return user.set_failure("unexpected", &mut goose.request, None, Some(&body)),
        }
    }
    Ok(())
}
