//! `gantry audit`

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gantry_model::{Clock, SystemClock};

use super::operator::{Operator, OperatorClient, Row, Told, row};
use crate::config::duration;
use crate::serving::control::{AuditQuestion, NotedEvent};

/// Options of `gantry audit`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    /// How far back, such as 1h or 7d
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    since: Duration,
    /// Only what is about this registry
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// How many events at most: the newest
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { operator, since, registry, limit } = options;
    let since = SystemClock.now().minus(since);
    let question = AuditQuestion { since, after: None, registry };
    operator.run(async |client| {
        let events = newest(client, question, limit).await?;
        Ok(Told::many(events.iter().map(shown).collect()))
    })
}

/// The newest events, oldest first. The stream is read in order, so only those are kept that are not
/// too many.
async fn newest(
    client: &OperatorClient,
    question: AuditQuestion,
    limit: usize,
) -> anyhow::Result<VecDeque<NotedEvent>> {
    let (mut question, mut newest) = (Some(question), VecDeque::new());
    while let Some(asked) = question {
        let page = client.audit(&asked).await?;
        newest.extend(page.events);
        newest.drain(..newest.len().saturating_sub(limit));
        question = asked.behind(page.next);
    }
    Ok(newest)
}

fn shown(event: &NotedEvent) -> Row {
    row! {
        "at": event.at,
        "action": event.action,
        "outcome": event.outcome,
        "identity": event.identity,
        "address": event.address,
        "registry": event.registry,
        "detail": event.detail,
    }
}
