//! The process is killed, or asked to end, at any moment.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use common::{Folder, Server, TOKEN, batch, try_request, until};

/// A row of numbers that only looks random, so that a failure can be repeated.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[test]
fn two_hundred_kills_lose_no_change() {
    let folder = Folder::new("kills");
    let state = folder.path("state");
    let words = ["--state", state.to_str().unwrap()];
    let mut moments = Moments(5);
    // The revision that was acknowledged last, and the stage and latch that it made.
    let mut known = (0, "FULL".to_owned(), false);
    for round in 0..200 {
        let mut server = Server::start(&folder, &words);
        let now = server.state();
        let found = (
            now["revision"].as_u64().unwrap(),
            now["stage"].as_str().unwrap().to_owned(),
            !now["latch"].is_null(),
        );
        // One more may have been made whose answer was never sent.
        assert!(found.0 == known.0 || found.0 == known.0 + 1, "round {round}: {found:?} after {known:?}");
        if found.0 == known.0 {
            assert_eq!(found, known, "round {round}");
        }
        known = found;
        let admin = server.admin;
        let changes = thread::spawn(move || {
            let token = format!("Authorization: Bearer {TOKEN}");
            loop {
                let stage = if known.0 % 2 == 0 { "TEN_PERCENT" } else { "FIFTY_PERCENT" };
                let (path, body) = match (known.2, known.0 % 5) {
                    (true, _) => ("/admin/clear", r#"{"reason":"test"}"#.to_owned()),
                    (false, 3) => ("/admin/rollback", r#"{"reason":"test"}"#.to_owned()),
                    _ => ("/admin/stage", format!(r#"{{"stage":"{stage}"}}"#)),
                };
                let Ok(answer) = try_request(admin, "POST", path, &[&token], body.as_bytes()) else {
                    return known;
                };
                let Ok(now) = serde_json::from_str::<serde_json::Value>(&answer.body) else { return known };
                assert_eq!(answer.status, 200, "{now}");
                known = (
                    now["revision"].as_u64().unwrap(),
                    now["stage"].as_str().unwrap().to_owned(),
                    !now["latch"].is_null(),
                );
            }
        });
        thread::sleep(Duration::from_micros(moments.next(40_000)));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        known = changes.join().unwrap();
    }
    assert!(known.0 > 200, "changes were made: {}", known.0);
    let audit = std::fs::read_to_string(folder.path("state.audit.jsonl")).unwrap();
    let told: Vec<u64> = audit
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["revision"].as_u64())
        .collect();
    (1..=known.0)
        .for_each(|revision| assert!(told.contains(&revision), "revision {revision} is in the audit log"));
}

/// Sends batches from several connections at once until told to stop; how many were acknowledged.
fn load(
    server: &Server,
    stop: &'static AtomicBool,
    acknowledged: &'static AtomicU64,
) -> Vec<thread::JoinHandle<()>> {
    let to = server.public;
    (0..4_u64)
        .map(|client| {
            thread::spawn(move || {
                for number in 0.. {
                    let body = batch(client << 40 | number, "multiclass", "ok", "le_250", 10);
                    let sent = try_request(
                        to,
                        "POST",
                        "/v1/beacons",
                        &["Content-Type: text/plain"],
                        body.as_bytes(),
                    );
                    match sent {
                        Ok(answer) if answer.status == 204 => _ = acknowledged.fetch_add(1, Relaxed),
                        _ if stop.load(Relaxed) => return,
                        _ => thread::sleep(Duration::from_millis(1)),
                    }
                }
            })
        })
        .collect()
}

#[test]
fn no_beacon_is_lost_when_it_is_asked_to_end() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);
    let folder = Folder::new("graceful");
    let state = folder.path("state");
    let words = ["--state", state.to_str().unwrap(), "--source-batches", "1000000", "--source-share", "100%"];
    let mut server = Server::start(&folder, &words);
    let clients = load(&server, &STOP, &ACKNOWLEDGED);
    until(Duration::from_secs(20), "some load", || ACKNOWLEDGED.load(Relaxed) > 2000);
    STOP.store(true, Relaxed);
    server.signal("-TERM");
    assert!(server.child.wait().unwrap().success());
    clients.into_iter().for_each(|client| client.join().unwrap());
    let server = Server::start(&folder, &words);
    let acknowledged = ACKNOWLEDGED.load(Relaxed) as f64;
    let accepted = server.metric(r#"featheredge_beacons_total{result="accepted"}"#);
    // One for each client may have been taken whose answer did not arrive.
    assert!(accepted >= acknowledged && accepted <= acknowledged + 4.0, "{accepted} of {acknowledged}");
    assert_eq!(
        server.metric(r#"featheredge_runs_total{variant="multiclass",outcome="ok"}"#),
        accepted * 10.0
    );
}

#[test]
fn a_kill_loses_a_second_at_most() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);
    let folder = Folder::new("second");
    let state = folder.path("state");
    let words = ["--state", state.to_str().unwrap(), "--source-batches", "1000000"];
    let mut server = Server::start(&folder, &words);
    let clients = load(&server, &STOP, &ACKNOWLEDGED);
    thread::sleep(Duration::from_millis(2500));
    let before = ACKNOWLEDGED.load(Relaxed) as f64;
    // A second, and what a tick and a write take.
    thread::sleep(Duration::from_millis(1600));
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    STOP.store(true, Relaxed);
    clients.into_iter().for_each(|client| client.join().unwrap());
    let server = Server::start(&folder, &words);
    assert!(server.metric(r#"featheredge_beacons_total{result="accepted"}"#) >= before);
}
