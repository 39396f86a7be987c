//! Taking turns: each server once a round, so that a slow minute of the machine hits all alike.

use std::time::Duration;

use crate::report::{Row, Shares, Summary};
use crate::servers::Statements;
use crate::stats::{median, percentile};
use crate::watch::{Beside, Usage};

/// What one turn showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The figure that counts.
    pub(crate) value: f64,
    /// The 99th percentile of the time to an answer.
    pub(crate) p99: Option<Duration>,
    /// How much was done, in what CPU time is told for: requests, or GB.
    pub(crate) work: f64,
    /// What the server used.
    pub(crate) usage: Usage,
}

impl Reading {
    /// Answers a second, from how long each took on each connection.
    pub(crate) fn of_answers(results: Vec<Vec<Duration>>, usage: Usage) -> Self {
        let mut times: Vec<Duration> = results.into_iter().flatten().collect();
        let count = times.len() as f64;
        Self {
            value: count / usage.elapsed.as_secs_f64(),
            p99: percentile(&mut times, 0.99),
            work: count,
            usage,
        }
    }
}

/// Who takes turns.
pub(crate) struct Contestant<'c> {
    /// Its name in the report.
    pub(crate) name: String,
    /// One turn, in the round of that number.
    pub(crate) turn: Box<dyn FnMut(usize) -> anyhow::Result<Reading> + 'c>,
}

/// Has all take so many turns. Each round begins with another. One that fails is out, and its row
/// says why.
pub(crate) fn take_turns(
    turns: usize,
    mut contestants: Vec<Contestant<'_>>,
    mut before_round: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Row>> {
    let count = contestants.len();
    let mut readings: Vec<anyhow::Result<Vec<Reading>>> =
        contestants.iter().map(|_| Ok(Vec::new())).collect();
    for round in 0..turns {
        before_round(round)?;
        for place in 0..count {
            let index = (round + place) % count;
            let outcome = &mut readings[index];
            let Ok(so_far) = outcome else { continue };
            match (contestants[index].turn)(round) {
                Ok(reading) => so_far.push(reading),
                Err(error) => *outcome = Err(error),
            }
        }
    }
    let rows = contestants.into_iter().zip(readings);
    Ok(rows.map(|(contestant, readings)| row(contestant.name, readings)).collect())
}

fn row(name: String, readings: anyhow::Result<Vec<Reading>>) -> Row {
    let measured = readings.and_then(|readings| {
        summary(&readings).ok_or_else(|| anyhow::anyhow!("there were no turns"))
    });
    match measured {
        Ok(summary) => Row { name, measured: Some(summary), failure: None },
        Err(error) => Row { name, measured: None, failure: Some(format!("{error:#}")) },
    }
}

fn summary(readings: &[Reading]) -> Option<Summary> {
    let values: Vec<f64> = readings.iter().map(|reading| reading.value).collect();
    let of = |figure: fn(&Reading) -> f64| {
        let figures: Vec<f64> = readings.iter().map(figure).collect();
        median(&figures).unwrap_or(0.0)
    };
    let p99: Option<Vec<f64>> = readings
        .iter()
        .map(|reading| reading.p99.map(|time| time.as_secs_f64() * 1000.0))
        .collect();
    // A turn may be shorter than a tick of the CPU's clock: all turns together are not.
    let work: f64 = readings.iter().map(|reading| reading.work).sum();
    let cpu: f64 = readings.iter().map(|reading| reading.usage.cpu.as_secs_f64()).sum();
    Some(Summary {
        turns: readings.len(),
        value: median(&values)?,
        least: values.iter().copied().fold(f64::INFINITY, f64::min),
        most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        p99_ms: p99.and_then(|times| median(&times)),
        cpu_seconds: (cpu > 0.0 && work > 0.0).then(|| cpu / work),
        peak_rss: of(|reading| reading.usage.peak_rss as f64) as u64,
        peak_anon: of(|reading| reading.usage.peak_anon as f64) as u64,
        beside: shares(readings, work),
    })
}

/// What was spent beside for each of so much work.
fn shares(readings: &[Reading], work: f64) -> Option<Shares> {
    let beside: Vec<Beside> =
        readings.iter().map(|reading| reading.usage.beside).collect::<Option<_>>()?;
    let each = |figure: fn(&Beside) -> f64| beside.iter().map(figure).sum::<f64>() / work;
    let statements: Option<Vec<Statements>> =
        beside.iter().map(|beside| beside.statements).collect();
    let counted = |figure: fn(&Statements) -> f64| {
        statements.as_ref().map(|statements| statements.iter().map(figure).sum::<f64>() / work)
    };
    (work > 0.0).then(|| Shares {
        postgres_cpu_seconds: each(|beside| beside.postgres.as_secs_f64()),
        minio_cpu_seconds: each(|beside| beside.minio.as_secs_f64()),
        queries: counted(|statements| statements.queries),
        commits: counted(|statements| statements.commits),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn reading(value: f64) -> Reading {
        Reading { value, p99: None, work: 0.0, usage: Usage::default() }
    }

    #[test]
    fn rounds_begin_with_another_each_and_figures_are_medians() {
        let order = RefCell::new(Vec::new());
        let noted = &order;
        let contestant = |name: &'static str, figures: [f64; 3]| Contestant {
            name: name.to_owned(),
            turn: Box::new(move |round| {
                noted.borrow_mut().push(name);
                Ok(reading(figures[round]))
            }),
        };
        let contestants = vec![contestant("a", [1.0, 9.0, 2.0]), contestant("b", [5.0, 6.0, 4.0])];
        let rows = take_turns(3, contestants, |_| Ok(())).unwrap();
        assert_eq!(*order.borrow(), ["a", "b", "b", "a", "a", "b"]);
        let values: Vec<_> = rows.iter().map(|row| row.measured.as_ref().unwrap().value).collect();
        assert_eq!(values, [2.0, 5.0]);
    }

    #[test]
    fn one_that_fails_is_out_and_says_why() {
        let turns = RefCell::new(0);
        let failing = Contestant {
            name: "a".to_owned(),
            turn: Box::new(|_| {
                *turns.borrow_mut() += 1;
                Err(anyhow::anyhow!("not today"))
            }),
        };
        let rows = take_turns(3, vec![failing], |_| Ok(())).unwrap();
        assert_eq!(rows[0].failure.as_deref(), Some("not today"));
        assert_eq!(*turns.borrow(), 1);
    }
}
