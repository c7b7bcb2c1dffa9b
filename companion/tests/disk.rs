//! A disk that refuses, a state of something else, and a clock that ran ahead.

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{Folder, ROLLOUT, Server, batch, command, until};
use serde_json::{Value, json};

fn closed(server: &Server) -> bool {
    server.get("/rollout.json").body.contains("DISABLED")
}

/// The revisions in the audit log, in its order.
fn revisions(audit: &Path) -> Vec<u64> {
    let text = fs::read_to_string(audit).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["revision"].as_u64().unwrap())
        .collect()
}

fn failures(server: &Server) -> f64 {
    server.metric("featheredge_state_write_failures_total")
}

#[test]
fn a_person_closes_though_the_state_cannot_be_written() {
    let folder = Folder::new("disk-person");
    let (inner, audit) = (folder.path("inner"), folder.path("audit.jsonl"));
    fs::create_dir(&inner).unwrap();
    let state = inner.join("state");
    let words = ["--state", state.to_str().unwrap(), "--audit", audit.to_str().unwrap()];
    let server = Server::start(&folder, &words);
    until(Duration::from_secs(5), "a first state", || state.exists());
    fs::remove_dir_all(&inner).unwrap();
    assert_eq!(server.admin("POST", "/admin/stage", r#"{"stage":"TEN_PERCENT"}"#).status, 503);
    assert!(!closed(&server) && server.state()["unwritten"].is_null(), "nothing has changed");
    let answer = server.admin("POST", "/admin/rollback", r#"{"reason":"now"}"#);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(told["unwritten"].as_str().unwrap().contains("not on the disk"), "{told}");
    assert_eq!((told["stage"].as_str(), closed(&server)), (Some("DISABLED"), true));
    assert_eq!(server.metric(r#"featheredge_rollbacks_total{reason="person"}"#), 1.0);
    assert_eq!(server.admin("POST", "/admin/clear", r#"{"reason":"x"}"#).status, 503, "only what closes");
    assert!(closed(&server));
    let before = failures(&server);
    thread::sleep(Duration::from_secs(4));
    let after = failures(&server);
    assert!(
        after > before && after <= before + 4.0,
        "it is tried again, not at each tick: {before}, {after}"
    );
    fs::create_dir(&inner).unwrap();
    until(Duration::from_secs(10), "it is written", || server.state()["unwritten"].is_null());
    drop(server);
    // What was tried and refused has a line each, as what was done.
    assert_eq!(revisions(&audit), [1, 1, 2]);
    let server = Server::start(&folder, &words);
    assert!(closed(&server));
    assert_eq!(server.state()["latch"]["reason"], "now");
}

#[test]
fn a_person_closes_though_the_audit_log_cannot_be_written() {
    let folder = Folder::new("disk-audit");
    let state = folder.path("state");
    // A device that is always full.
    let words = ["--state", state.to_str().unwrap(), "--audit", "/dev/full"];
    let server = Server::start(&folder, &words);
    assert_eq!(server.admin("POST", "/admin/stage", r#"{"stage":"TEN_PERCENT"}"#).status, 503);
    assert_eq!(server.admin("POST", "/admin/rollback", r#"{"reason":"now"}"#).status, 200);
    assert!(closed(&server) && server.state()["unwritten"].is_string());
    thread::sleep(Duration::from_secs(2));
    drop(server);
    assert!(closed(&Server::start(&folder, &words)), "the state holds it all the same");
}

#[test]
fn a_break_is_rolled_back_once_though_the_state_cannot_be_written() {
    let folder = Folder::new("disk-decision");
    let (inner, audit) = (folder.path("inner"), folder.path("audit.jsonl"));
    fs::create_dir(&inner).unwrap();
    let state = inner.join("state");
    let words = ["--state", state.to_str().unwrap(), "--audit", audit.to_str().unwrap(), "--proxies", "1"];
    let server = Server::start(&folder, &words);
    fs::remove_dir_all(&inner).unwrap();
    let mut number = 0;
    until(Duration::from_secs(20), "a rollback", || {
        for _ in 0..20 {
            number += 1;
            let source = format!("10.0.{}.{}", number >> 8, number & 255);
            let body = batch(number, "multiclass", "internal", "le_250", 1);
            assert_eq!(server.post_from(&source, &body).status, 204);
        }
        closed(&server)
    });
    thread::sleep(Duration::from_secs(2));
    assert_eq!(server.metric(r#"featheredge_rollbacks_total{reason="error-rate"}"#), 1.0);
    for outcome in ["hold", "inconclusive", "roll-back"] {
        let said = server.metric(&format!(r#"featheredge_decision{{outcome="{outcome}"}}"#));
        assert_eq!(said, 0.0, "what is closed is not decided on");
    }
    assert_eq!(revisions(&audit), [1]);
    fs::create_dir(&inner).unwrap();
    until(Duration::from_secs(10), "it is written", || server.state()["unwritten"].is_null());
    assert_eq!(revisions(&audit), [1]);
}

/// Changes a state file's JSON, and its checksum with it.
fn edit(state: &Path, change: impl FnOnce(&mut Value)) {
    use sha2::{Digest, Sha256};
    let text = fs::read_to_string(state).unwrap();
    let mut kept: Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
    change(&mut kept);
    let json = kept.to_string();
    let sum: String = Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(state, format!("{sum}\n{json}")).unwrap();
}

/// A server that has rolled back, and ended.
fn latched(folder: &Folder, words: &[&str]) {
    let mut server = Server::start(folder, words);
    assert_eq!(server.admin("POST", "/admin/rollback", r#"{"reason":"x"}"#).status, 200);
    server.signal("-TERM");
    server.child.wait().unwrap();
}

#[test]
fn a_state_of_another_rollout_is_refused() {
    let folder = Folder::new("disk-other");
    let state = folder.path("state");
    let words = ["--state", state.to_str().unwrap()];
    latched(&folder, &words);
    for (old, new, want) in [
        (
            "hair-cutout",
            "hat-cutout",
            r#"is of the flag "hair-cutout", and the rollout is of the flag "hat-cutout""#,
        ),
        ("2026-11", "2026-12", r#"is of the salt "2026-11", and the rollout is of the salt "2026-12""#),
    ] {
        fs::write(folder.path("rollout.json"), ROLLOUT.replace(old, new)).unwrap();
        let output = command(&folder, &words).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && said.contains(want) && said.contains("another --state"),
            "{said}"
        );
    }
    // An older file does not say whose it is: it is taken, and says so from then on.
    edit(&state, |kept| {
        let kept = kept.as_object_mut().unwrap();
        assert_eq!(
            (kept.remove("flag"), kept.remove("salt")),
            (Some("hair-cutout".into()), Some("2026-11".into()))
        );
    });
    let server = Server::start(&folder, &words);
    assert!(closed(&server));
    until(Duration::from_secs(5), "its owner", || fs::read_to_string(&state).unwrap().contains("2026-12"));
}

#[test]
fn a_clock_that_ran_ahead_holds_nothing_up() {
    let folder = Folder::new("disk-clock");
    let state = folder.path("state");
    let words = ["--state", state.to_str().unwrap(), "--proxies", "1"];
    let server = Server::start(&folder, &words);
    assert_eq!(server.admin("POST", "/admin/stage", r#"{"stage":"FULL"}"#).status, 200);
    drop(server);
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    edit(&state, |kept| kept["control"]["since_s"] = json!(now_s + 86_400));
    let server = Server::start(&folder, &words);
    let mut number = 0;
    until(Duration::from_secs(20), "evidence", || {
        number += 1;
        server.post_from(&format!("10.0.0.{number}"), &batch(number, "multiclass", "ok", "le_250", 1));
        thread::sleep(Duration::from_millis(100));
        server.state()["evidence"]["treatment"].as_u64() > Some(0)
    });
}
