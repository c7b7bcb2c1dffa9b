//! A break is found in what pages send, and rolled back.

mod common;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, Server, batch, until};

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// One run from an address of its own.
fn run(server: &Server, outcome: &str, latency: &str) {
    let number = NUMBER.fetch_add(1, Relaxed);
    let source = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
    assert_eq!(server.post_from(&source, &batch(number, "multiclass", outcome, latency, 1)).status, 204);
}

#[test]
fn one_run_in_ten_failing_is_rolled_back_within_15_s() {
    let folder = Folder::new("rollback");
    let state = folder.path("state");
    let words = ["--proxies", "1", "--state", state.to_str().unwrap()];
    let server = Server::start(&folder, &words);
    let began = Instant::now();
    // 50 requests a second, of which one in ten fails.
    for number in 0.. {
        run(&server, if number % 10 == 0 { "internal" } else { "ok" }, "le_250");
        if number % 10 == 0 && server.get("/rollout.json").body.contains("DISABLED") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "it is decided");
        thread::sleep(Duration::from_millis(20 * (number + 1)).saturating_sub(began.elapsed()));
    }
    println!("decided after {:.1} s", began.elapsed().as_secs_f64());
    let found = server.state();
    assert_eq!(found["latch"]["cause"], "error-rate");
    assert!(found["latch"]["numbers"]["blocks"].is_array(), "{found}");
    assert_eq!(server.metric("featheredge_rollback_latched"), 1.0);
    assert_eq!(server.metric(r#"featheredge_rollbacks_total{reason="error-rate"}"#), 1.0);
    let audit = server.admin("GET", "/admin/audit", "").body;
    let line: serde_json::Value = serde_json::from_str(audit.lines().last().unwrap()).unwrap();
    assert_eq!((line["change"].as_str(), line["by"].as_str()), (Some("rollback"), Some("decision")));
    assert!(line["numbers"]["blocks"][0]["treatment"]["samples"].as_u64().unwrap() >= 100);
    drop(server);
    // The log says the same when it is judged again.
    let log = folder.path("state.windows.jsonl");
    let replay =
        std::process::Command::new(env!("CARGO_BIN_EXE_companion")).arg("replay").arg(log).output().unwrap();
    let told = String::from_utf8_lossy(&replay.stdout).into_owned();
    assert!(replay.status.success() && told.contains("roll back"), "{told}");
    let server = Server::start(&folder, &words);
    assert_eq!(server.state()["latch"]["cause"], "error-rate", "it is latched after a start as well");
    // A person clears it and tries again; what was seen before is no evidence.
    assert_eq!(server.admin("POST", "/admin/clear", r#"{"reason":"mended"}"#).status, 200);
    assert_eq!(server.admin("POST", "/admin/stage", r#"{"stage":"FULL"}"#).status, 200);
    thread::sleep(Duration::from_secs(6));
    assert_eq!(server.state()["latch"], serde_json::Value::Null);
}

#[test]
fn slow_runs_are_rolled_back() {
    let folder = Folder::new("latency");
    let server = Server::start(&folder, &["--proxies", "1"]);
    let began = Instant::now();
    until(Duration::from_secs(20), "a rollback", || {
        (0..20).for_each(|number| run(&server, "ok", if number % 4 == 0 { "le_2500" } else { "le_250" }));
        server.get("/rollout.json").body.contains("DISABLED")
    });
    println!("decided after {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(server.state()["latch"]["cause"], "latency");
}

#[test]
fn one_client_alone_trips_nothing() {
    let folder = Folder::new("alone");
    let server = Server::start(&folder, &["--proxies", "1"]);
    let began = Instant::now();
    for number in 0.. {
        server.post_from("203.0.113.9", &batch(1 << 40 | number, "multiclass", "internal", "gt_5000", 50));
        (0..5).for_each(|_| run(&server, "ok", "le_250"));
        if began.elapsed() > Duration::from_secs(12) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let now = server.state();
    assert_eq!((&now["stage"], &now["latch"]), (&"FULL".into(), &serde_json::Value::Null));
    assert!(server.metric(r#"featheredge_evidence_capped_total{arm="treatment"}"#) > 1000.0);
    // What was decided says nothing of another stage.
    let said = || {
        ["hold", "inconclusive", "roll-back"]
            .map(|outcome| server.metric(&format!(r#"featheredge_decision{{outcome="{outcome}"}}"#)))
    };
    assert_eq!(said().iter().sum::<f64>(), 1.0);
    assert_eq!(server.admin("POST", "/admin/stage", r#"{"stage":"FIFTY_PERCENT"}"#).status, 200);
    until(Duration::from_secs(2), "nothing is said", || said() == [0.0; 3]);
}
