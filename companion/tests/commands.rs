//! The commands for people, by the real program.

mod common;

use std::process::{Command, Output};

use common::{Folder, ROLLOUT};

fn check(folder: &Folder, rollout: &str) -> Output {
    let file = folder.path("rollout.json");
    std::fs::write(&file, rollout).unwrap();
    Command::new(env!("CARGO_BIN_EXE_companion")).arg("check").arg(file).output().unwrap()
}

fn with_thresholds(thresholds: &str) -> String {
    let body = ROLLOUT.trim_end().strip_suffix('}').unwrap();
    format!("{body},\"thresholds\":{{{thresholds}}}}}")
}

#[test]
fn what_is_in_order_is_told() {
    let folder = Folder::new("check");
    let output = check(&folder, ROLLOUT);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    assert!(
        told.starts_with("hair-cutout: 100.00 %")
            && told.contains("control: weight 50, model selfie, the control"),
        "{told}"
    );
}

#[test]
fn what_the_server_would_refuse_is_refused() {
    let folder = Folder::new("check-refused");
    for (rollout, want) in [
        (with_thresholds(r#""p95Ms":999"#), "p95 in ms is 999, want 50, 100, 250"),
        (with_thresholds(r#""minimumSamples":1"#), "1"),
        (ROLLOUT.replace("FULL", "HALF"), "HALF"),
        (ROLLOUT.replace("\"flag\"", "\"flags\""), "flag is missing"),
        (ROLLOUT.replace("\"name\":\"multiclass\"", "\"name\":\"other\""), "variants[1].name is \"other\""),
    ] {
        let output = check(&folder, &rollout);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{rollout}");
        assert!(said.contains("rollout.json") && said.contains(want), "{said}");
    }
}

#[test]
fn few_samples_are_warned_of() {
    let folder = Folder::new("check-warned");
    let output = check(&folder, &with_thresholds(r#""minimumSamples":50"#));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("minimumSamples is 50"), "{said}");
}

#[test]
fn a_model_that_does_not_ship_is_warned_of() {
    let folder = Folder::new("check-model");
    let output = check(&folder, &ROLLOUT.replace("\"multiclass\"", "\"multi-class\""));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("has the model multi-class"), "{said}");
}
