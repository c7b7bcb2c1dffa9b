//! docs/DECISION.md says what docs/decision.json does.

use std::path::PathBuf;

use featheredge_companion::decision::Policy;
use featheredge_companion::decision::simulate::{Record, plot, report};

fn docs(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn record() -> Record {
    serde_json::from_str(&docs("decision.json")).unwrap()
}

#[test]
fn the_page_is_made_from_the_record() {
    let page = docs("DECISION.md");
    let again = "companion simulate --record docs/decision.json --write docs";
    assert_eq!(report(&page, &record()).unwrap(), page, "please run {again}");
    assert_eq!(plot(&record()), docs("decision.svg"), "please run {again}");
}

#[test]
fn the_record_is_of_the_policy_and_keeps_its_promises() {
    let record = record();
    assert_eq!(record.policy, Policy::default(), "please run companion simulate --runs 10000 --write docs");
    assert_eq!(record.days.iter().map(|day| day.runs_per_s).collect::<Vec<_>>(), [5, 50, 500]);
    for day in &record.days {
        assert!(day.simulations >= 10_000 && day.rolled_back * 1000 < day.simulations, "{day:?}");
    }
    let fast =
        record.breaks.iter().find(|found| found.runs_per_s == 50 && found.health.errors == 1000).unwrap();
    assert!(fast.within_15_s * 1000 >= fast.simulations * 999, "{fast:?}");
}
