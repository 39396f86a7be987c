//! What is wanted of a case, and whether it is so.

use serde::Serialize;

use crate::report::{Case, Row, Summary, Unit};

/// Something wanted of a case's first row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// So many times as fast as another, or faster.
    Times(f64, Than),
    /// Faster than another.
    Faster(Than),
    /// The 99th percentile is at most this share of that row's.
    P99(f64, &'static str),
    /// The 99th percentile is at most so many milliseconds.
    Within(f64),
    /// The figure is at most so much more than the second row's.
    More(f64),
    /// The figure is at most this.
    AtMost(f64),
    /// The figure is at least this.
    AtLeast(f64),
    /// The figure is at least this share of the second row's.
    Share(f64),
    /// The server's CPU time is at most so many seconds more than that row's.
    Adds(f64, &'static str),
    /// The figure is at most so many times the second row's.
    AtMostTimes(f64),
    /// The catalog is asked so many queries for each, and no more.
    Queries(f64),
    /// The rows are of 1, 2, 3 … nodes, and each node adds at least this share of what the first
    /// one does alone.
    Linear(f64),
}

/// With whom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Than {
    /// The row of that name.
    Row(&'static str),
    /// The better one of the peers.
    FasterPeer,
}

/// Whether a target was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    /// The target.
    pub(crate) wanted: String,
    /// What was measured.
    pub(crate) measured: String,
    /// Whether it is enough; nothing when something is missing.
    pub(crate) reached: Option<bool>,
}

const PEERS: [&str; 2] = ["distribution", "zot"];

/// Judges the first row by each target.
pub(crate) fn judge(case: &mut Case, targets: &[Target]) {
    case.verdicts = targets.iter().map(|target| verdict(case, target)).collect();
}

fn verdict(case: &Case, target: &Target) -> Verdict {
    let wanted = wanted(case.unit, target);
    match measure(case, target) {
        Ok((measured, reached)) => Verdict { wanted, measured, reached: Some(reached) },
        Err(missing) => Verdict { wanted, measured: missing, reached: None },
    }
}

fn wanted(unit: Unit, target: &Target) -> String {
    let than = |than: &Than| match than {
        Than::Row(name) => *name,
        Than::FasterPeer => "the faster peer",
    };
    match target {
        Target::Times(factor, other) => format!("{factor} × {}", than(other)),
        Target::Faster(other) => format!("faster than {}", than(other)),
        Target::P99(share, name) => format!("p99 at most {share} × {name}'s"),
        Target::Within(most) => format!("p99 at most {most} ms"),
        Target::More(most) => format!("at most {most} {} more", unit.heading()),
        Target::AtMost(most) => format!("at most {most} {}", unit.heading()),
        Target::AtLeast(least) => format!("at least {least} {}", unit.heading()),
        Target::Share(share) => format!("at least {share:.2} × the small one"),
        Target::Adds(seconds, name) => {
            format!("at most {} µs of CPU time more than {name}", seconds * 1e6)
        }
        Target::AtMostTimes(factor) => format!("at most {factor} × the small one"),
        Target::Queries(1.0) => "1 query".to_owned(),
        Target::Queries(count) => format!("{count} queries"),
        Target::Linear(share) => format!("{share} of linear"),
    }
}

/// What was measured and whether it is enough, or what is missing.
fn measure(case: &Case, target: &Target) -> Result<(String, bool), String> {
    let subject = summary(case.rows.first().ok_or("nothing was measured")?)?;
    let compared = |than, enough: &dyn Fn(f64) -> bool| {
        let (name, other, missing) = opponent(case, than)?;
        let ratio = advantage(case.unit, subject, other);
        Ok((format!("{ratio:.2} × {name}{missing}"), enough(ratio)))
    };
    match *target {
        Target::Times(factor, than) => compared(than, &|ratio| ratio >= factor),
        Target::Faster(than) => compared(than, &|ratio| ratio > 1.0),
        Target::P99(share, name) => {
            let other = summary(find(case, name)?)?;
            let (mine, theirs) = subject.p99_ms.zip(other.p99_ms).ok_or("no p99")?;
            Ok((format!("{:.3} × ({mine:.2} ms)", mine / theirs), mine <= share * theirs))
        }
        Target::Within(most) => {
            let p99 = subject.p99_ms.ok_or("no p99")?;
            Ok((format!("{p99:.2} ms"), p99 <= most))
        }
        Target::More(most) => {
            let small = summary(case.rows.get(1).ok_or("nothing to compare with")?)?;
            let more = subject.value - small.value;
            Ok((format!("{more:.1}"), more <= most))
        }
        Target::AtMost(most) => Ok((format!("{:.1}", subject.value), subject.value <= most)),
        Target::AtLeast(least) => Ok((format!("{:.0}", subject.value), subject.value >= least)),
        Target::Share(share) => {
            let small = summary(case.rows.get(1).ok_or("nothing to compare with")?)?;
            let ratio = subject.value / small.value;
            Ok((format!("{ratio:.2} ×"), ratio >= share))
        }
        Target::Adds(seconds, name) => {
            let other = summary(find(case, name)?)?;
            let (mine, theirs) = subject.cpu_seconds.zip(other.cpu_seconds).ok_or("no CPU time")?;
            Ok((format!("{:.1} µs", (mine - theirs) * 1e6), mine - theirs <= seconds))
        }
        Target::AtMostTimes(factor) => {
            let small = summary(case.rows.get(1).ok_or("nothing to compare with")?)?;
            let ratio = subject.value / small.value;
            Ok((format!("{ratio:.2} ×"), ratio <= factor))
        }
        Target::Queries(count) => {
            let queries = subject.beside.and_then(|beside| beside.queries);
            let queries = queries.ok_or("queries were not counted")?;
            // What is done by the minute, whoever asks, is beyond the third decimal.
            let reached = (queries * 1000.0).round() <= count * 1000.0;
            Ok((format!("{queries:.3}"), reached))
        }
        Target::Linear(share) => linear(case, subject.value, share),
    }
}

/// What each number of nodes does, in shares of so many times what one does alone.
fn linear(case: &Case, alone: f64, share: f64) -> Result<(String, bool), String> {
    let mut shares = Vec::new();
    for (nodes, row) in (1_u32..).zip(&case.rows).skip(1) {
        shares.push((nodes, summary(row)?.value / (alone * f64::from(nodes))));
    }
    let told: Vec<_> =
        shares.iter().map(|(nodes, share)| format!("{share:.2} with {nodes}")).collect();
    Ok((told.join(", "), shares.iter().all(|(_, reached)| *reached >= share)))
}

/// How many times as fast `subject` is.
fn advantage(unit: Unit, subject: &Summary, other: &Summary) -> f64 {
    if unit.is_rate() { subject.value / other.value } else { other.value / subject.value }
}

/// Who is meant, what it showed, and a note on peers that showed nothing.
fn opponent(case: &Case, than: Than) -> Result<(&str, &Summary, String), String> {
    if let Than::Row(name) = than {
        return Ok((name, summary(find(case, name)?)?, String::new()));
    }
    let peers = case.rows.iter().filter(|row| PEERS.contains(&row.name.as_str()));
    let (measured, missing): (Vec<_>, Vec<_>) = peers.partition(|row| row.measured.is_some());
    let better = |one: &&Row, two: &&Row| match (&one.measured, &two.measured) {
        (Some(one), Some(two)) => advantage(case.unit, one, two).total_cmp(&1.0),
        (one, two) => one.is_some().cmp(&two.is_some()),
    };
    let best = measured.into_iter().max_by(better).ok_or("no peer was measured")?;
    let missing = missing.iter().map(|row| format!(", {} not measured", row.name)).collect();
    Ok((&best.name, summary(best)?, missing))
}

fn find<'c>(case: &'c Case, name: &str) -> Result<&'c Row, String> {
    case.rows.iter().find(|row| row.name == name).ok_or_else(|| format!("{name}: not measured"))
}

fn summary(row: &Row) -> Result<&Summary, String> {
    row.measured.as_ref().ok_or_else(|| format!("{}: not measured", row.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Shares;

    fn row(name: &str, value: f64) -> Row {
        let measured = Summary {
            turns: 5,
            value,
            least: value,
            most: value,
            p99_ms: Some(1000.0 / value),
            cpu_seconds: None,
            peak_rss: 0,
            peak_anon: 0,
            beside: None,
        };
        Row { name: name.to_owned(), measured: Some(measured), failure: None }
    }

    fn judged(unit: Unit, rows: Vec<Row>, target: Target) -> Verdict {
        let mut case = Case { title: String::new(), unit, rows, verdicts: Vec::new() };
        judge(&mut case, &[target]);
        case.verdicts.remove(0)
    }

    #[test]
    fn the_faster_peer_is_the_one_that_counts() {
        let rows = || vec![row("gantry", 30.0), row("distribution", 5.0), row("zot", 10.0)];
        let rate = judged(Unit::Requests, rows(), Target::Times(3.0, Than::FasterPeer));
        assert_eq!((rate.measured.as_str(), rate.reached), ("3.00 × zot", Some(true)));
        let time = judged(Unit::Image, rows(), Target::Faster(Than::FasterPeer));
        assert_eq!((time.measured.as_str(), time.reached), ("0.17 × distribution", Some(false)));
    }

    #[test]
    fn a_missing_peer_is_named() {
        let zot = Row { name: "zot".into(), measured: None, failure: Some("missing".into()) };
        let rows = vec![row("gantry", 30.0), row("distribution", 5.0), zot];
        let verdict = judged(Unit::Requests, rows, Target::Times(3.0, Than::FasterPeer));
        assert_eq!(verdict.measured, "6.00 × distribution, zot not measured");
        let zot = Row { name: "zot".into(), measured: None, failure: Some("missing".into()) };
        let rows = vec![row("gantry", 30.0), zot];
        let verdict = judged(Unit::Requests, rows, Target::Times(3.0, Than::Row("zot")));
        assert_eq!((verdict.measured.as_str(), verdict.reached), ("zot: not measured", None));
    }

    #[test]
    fn bounds_are_inclusive() {
        let at_most = |most| judged(Unit::Millis, vec![row("gantry", 300.0)], Target::AtMost(most));
        assert_eq!(at_most(300.0).reached, Some(true));
        assert_eq!(at_most(299.0).reached, Some(false));
        let rows = || vec![row("large", 12.0), row("small", 10.0)];
        assert_eq!(judged(Unit::Page, rows(), Target::AtMostTimes(1.2)).reached, Some(true));
        assert_eq!(judged(Unit::Page, rows(), Target::AtMostTimes(1.1)).reached, Some(false));
    }

    #[test]
    fn nodes_are_compared_with_so_many_times_the_first() {
        let rows = || vec![row("1 node", 100.0), row("2 nodes", 196.0), row("3 nodes", 270.0)];
        let verdict = |share| judged(Unit::Requests, rows(), Target::Linear(share));
        assert_eq!(verdict(0.9).measured, "0.98 with 2, 0.90 with 3");
        assert_eq!(verdict(0.9).reached, Some(true));
        assert_eq!(verdict(0.91).reached, Some(false));
    }

    #[test]
    fn queries_that_were_not_counted_are_not_none() {
        let mut row = row("cluster", 1.0);
        let verdict = judged(Unit::Pulls, vec![row.clone()], Target::Queries(1.0));
        assert_eq!(verdict.reached, None);
        let shares = Shares {
            postgres_cpu_seconds: 0.0,
            minio_cpu_seconds: 0.0,
            queries: Some(1.0),
            commits: Some(0.0),
        };
        row.measured.as_mut().unwrap().beside = Some(shares);
        let verdict = judged(Unit::Pulls, vec![row], Target::Queries(1.0));
        assert_eq!((verdict.measured.as_str(), verdict.reached), ("1.000", Some(true)));
    }

    #[test]
    fn a_tenth_of_the_p99_is_a_tenth() {
        let rows = || vec![row("gantry", 100.0), row("distribution", 10.0)];
        let verdict = |share| judged(Unit::Requests, rows(), Target::P99(share, "distribution"));
        assert_eq!(verdict(0.1).reached, Some(true));
        assert_eq!(verdict(0.09).reached, Some(false));
    }
}
