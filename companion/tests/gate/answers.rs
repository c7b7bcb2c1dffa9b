//! Single answers.

use featheredge_companion::gate::{Override, Reason, Rollout, Share, Stage, Version};
use serde_json::Value;

use crate::{rollout, whole};

const NEW: Option<Version> = Some(Version { major: 0, minor: 1, patch: 0 });

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn answers_are_those_of_the_other_implementation() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../vectors.json")).unwrap();
    assert!(vectors.len() >= 4);
    for vector in &vectors {
        let rollout = Rollout::parse(&vector["rollout"].to_string()).unwrap();
        for wanted in vector["answers"].as_array().unwrap() {
            let id = wanted["id"].as_str().unwrap();
            let answer = rollout.assign(id, NEW);
            let variant = answer.variant.map(|variant| variant.name.as_str());
            assert_eq!(answer.bucket.map(u64::from), wanted["bucket"].as_u64(), "bucket of {id:?}");
            assert_eq!(answer.reason.name(), wanted["reason"], "reason for {id:?}");
            assert_eq!(variant, wanted["variant"].as_str(), "variant of {id:?}");
            assert_eq!(hex(&rollout.listed(id)), wanted["listed"], "list entry of {id:?}");
        }
    }
}

#[test]
fn the_other_implementation_gives_them() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors.py");
    let status = std::process::Command::new("python3").args([script, "--check"]).status();
    assert!(status.expect("python3 is there, as for all tests").success());
}

#[test]
fn what_looks_alike_is_not_alike() {
    let rollout = rollout(&[1]);
    let bucket = |id| rollout.assign(id, NEW).bucket.unwrap();
    assert_ne!(bucket("\u{e9}"), bucket("e\u{301}"), "composed and combining spellings are two ids");
    assert_ne!(bucket("id"), bucket("id "), "blanks count");
}

#[test]
fn lists_rule_unless_all_is_off() {
    let mut rollout = whole();
    let id = "chosen";
    rollout.share = Share::new(1).unwrap();
    assert_eq!(rollout.assign(id, NEW).reason, Reason::Out);

    rollout.allow.push(rollout.listed(id));
    let answer = rollout.assign(id, NEW);
    assert_eq!(answer.reason, Reason::Allowed);
    assert!(answer.variant.is_some());
    rollout.share = Stage::Disabled.share();
    assert_eq!(rollout.assign(id, NEW).reason, Reason::Disabled, "no list opens what is off");
    assert_eq!(rollout.assign(id, NEW).variant, None);

    rollout.share = Stage::Full.share();
    rollout.deny.push(rollout.listed(id));
    assert_eq!(rollout.assign(id, NEW).reason, Reason::Denied, "deny wins");
    assert_eq!(rollout.assign(id, NEW).variant, None);
    assert_eq!(rollout.assign("another", NEW).reason, Reason::Gate);
    assert_eq!(rollout.assign("", NEW).reason, Reason::NoId);
}

#[test]
fn old_and_unknown_versions_are_out() {
    let mut rollout = whole();
    rollout.share = Share::ALL;
    rollout.minimum_version = Version::parse("1.2.3");
    for (version, reason) in [
        (None, Reason::Version),
        (Version::parse("0.9.9"), Reason::Version),
        (Version::parse("1.2.2"), Reason::Version),
        (Version::parse("1.2.3"), Reason::Gate),
        (Version::parse("1.10.0"), Reason::Gate),
        (Version::parse("10.0.0"), Reason::Gate),
    ] {
        assert_eq!(rollout.assign("id", version).reason, reason, "{version:?}");
    }
    rollout.minimum_version = None;
    assert_eq!(rollout.assign("id", None).reason, Reason::Gate);
}

#[test]
fn versions_are_three_numbers() {
    assert_eq!(Version::parse("0.12.3456"), Some(Version { major: 0, minor: 12, patch: 3456 }));
    for wrong in
        ["", "1", "1.2", "1.2.", "1..2", "1.2.3.4", "1.2.3-rc", "v1.2.3", " 1.2.3", "1.2.12345", "+1.2.3"]
    {
        assert_eq!(Version::parse(wrong), None, "{wrong:?}");
    }
}

#[test]
fn percentages_are_exact() {
    for hundredths in 0..=10_000 {
        let text = format!("{}.{:02}%", hundredths / 100, hundredths % 100);
        assert_eq!(Share::parse(&text).map(Share::hundredths), Some(hundredths), "{text}");
    }
    for (text, hundredths) in [("0%", 0), ("7%", 700), ("0.5%", 50), ("12.3%", 1_230), ("100%", 10_000)] {
        assert_eq!(Share::parse(text).map(Share::hundredths), Some(hundredths), "{text}");
    }
    for wrong in [
        "", "%", "5", "100.01%", "101%", "1000%", "05%", "1.%", ".5%", "1.234%", "-1%", "+1%", " 1%", "1 %",
        "1e1%", "١%",
    ] {
        assert_eq!(Share::parse(wrong), None, "{wrong:?}");
    }
    assert_eq!(Share::new(10_001), None);
}

#[test]
fn an_override_that_is_no_stage_closes() {
    let share = Stage::TenPercent.share();
    for (value, wanted) in [
        (None, share),
        (Some("DISABLED"), Share::NONE),
        (Some("TEN_PERCENT"), share),
        (Some("FIFTY_PERCENT"), Stage::FiftyPercent.share()),
        (Some("FULL"), Share::ALL),
        (Some("0"), Share::NONE),
        (Some("10"), share),
        (Some("50"), Stage::FiftyPercent.share()),
        (Some("100"), Share::ALL),
    ] {
        assert_ne!(Override::parse(value), Override::Invalid);
        assert_eq!(Override::parse(value).apply(share), wanted, "{value:?}");
    }
    for wrong in ["", " ", "full", "FULL ", "25", "100%", "1000", "-10", "010", "TRUE", "all"] {
        assert_eq!(Override::parse(Some(wrong)), Override::Invalid, "{wrong:?}");
        assert_eq!(Override::parse(Some(wrong)).apply(Share::ALL), Share::NONE, "{wrong:?}");
    }
}
