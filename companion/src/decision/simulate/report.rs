//! What a simulation gave, as tables.

use std::fmt::Write as _;

use super::{HEALTHY, Health, Outcome, Record};
use crate::decision::wilson;

/// Where a page's tables begin and end.
const BEGIN: &str = "<!-- simulation: begin -->\n";
const END: &str = "<!-- simulation: end -->\n";

/// `page` with the tables of `record` between its marks.
///
/// # Errors
/// If the page lacks a mark.
pub fn report(page: &str, record: &Record) -> Result<String, String> {
    let missing = || format!("the page lacks {} or {}", BEGIN.trim(), END.trim());
    let (before, rest) = page.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", tables(record)))
}

/// The tables of `record` in Markdown.
pub fn tables(record: &Record) -> String {
    let mut text = String::from(
        "| runs a second | days | rolled back | share of days | at most, with 97.5 % confidence |\n|---|---|---|---|---|\n",
    );
    for day in &record.days {
        let share = day.rolled_back as f64 / day.simulations as f64;
        let upper = wilson::bound(share, day.simulations as f64, 1.96);
        let (share, upper) = (percent(share), percent(upper));
        line(
            &mut text,
            &[
                day.runs_per_s.to_string(),
                day.simulations.to_string(),
                day.rolled_back.to_string(),
                share,
                upper,
            ],
        );
    }
    let traffic: Vec<u32> = record.days.iter().map(|day| day.runs_per_s).collect();
    let simulations = record.breaks.iter().map(|outcome| outcome.simulations).min().unwrap_or_default();
    let _ = write!(
        text,
        "\nOf {simulations} simulated breaks for each cell: the share that was rolled back within an hour, then the time \
         until half and until 95 % of all were, at a number of runs a second.\n\n| true state |"
    );
    let heads: String = traffic.iter().map(|runs| format!(" {runs} |")).collect();
    let _ = writeln!(text, "{heads}\n|---|{}", "---|".repeat(traffic.len()));
    for health in states(record) {
        let cells = traffic.iter().map(|runs| find(record, health, *runs).map_or_else(String::new, cell));
        line(&mut text, &[name(health)].into_iter().chain(cells).collect::<Vec<_>>());
    }
    text.push_str(
        "\n| 10 % of runs fail, runs a second | rolled back within 15 s of the first |\n|---|---|\n",
    );
    for runs in traffic {
        if let Some(outcome) = find(record, Health { errors: 1000, ..HEALTHY }, runs) {
            let share = percent(outcome.within_15_s as f64 / outcome.simulations as f64);
            line(&mut text, &[runs.to_string(), share]);
        }
    }
    text
}

fn line(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn states(record: &Record) -> Vec<Health> {
    let mut states: Vec<Health> = record.breaks.iter().map(|outcome| outcome.health).collect();
    states.dedup();
    states
}

fn find(record: &Record, health: Health, runs_per_s: u32) -> Option<&Outcome> {
    record.breaks.iter().find(|outcome| outcome.health == health && outcome.runs_per_s == runs_per_s)
}

fn name(health: Health) -> String {
    if health.p95_ms == HEALTHY.p95_ms {
        format!("{} % of runs fail", f64::from(health.errors) / 100.0)
    } else {
        format!("p95 is {} ms", health.p95_ms)
    }
}

fn cell(outcome: &Outcome) -> String {
    let share = percent(outcome.rolled_back as f64 / outcome.simulations as f64);
    let times: Vec<String> = [outcome.median_s, outcome.p95_s].into_iter().flatten().map(time).collect();
    if times.is_empty() { share } else { format!("{share}: {}", times.join(", ")) }
}

/// Seconds as people say them.
fn time(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

fn percent(share: f64) -> String {
    // What is not all must not look as if it were, nor what is not none.
    let percent = share * 100.0;
    match percent {
        0.0 | 100.0 => format!("{percent:.0} %"),
        1.0..99.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.2} %"),
    }
}
