//! Three replicas and a real Redis.

mod common;

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, Server, batch, free_port, until};

/// A Redis of our own; it keeps nothing on the disk, so that a new one has forgotten all.
struct Redis {
    port: u16,
    child: Child,
}

impl Redis {
    fn start(port: u16, keeps: Option<&Folder>) -> Self {
        let port_text = port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port_text, "--bind", "127.0.0.1", "--save", ""]).stdout(Stdio::null());
        if let Some(folder) = keeps {
            command.args([
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--dir",
                folder.0.to_str().unwrap(),
            ]);
        }
        let child = command.spawn().expect("redis-server is installed (scripts/setup test)");
        let redis = Self { port, child };
        until(Duration::from_secs(10), "redis-server", || redis.cli(&["PING"]) == "PONG");
        redis
    }

    fn cli(&self, words: &[&str]) -> String {
        let output =
            Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replicas(folder: &Folder, url: &str) -> [Server; 3] {
    let words = ["--redis", url, "--proxies", "1", "--source-share", "100%", "--source-batches", "1000000"];
    let servers = [(); 3].map(|()| Server::start(folder, &words));
    for server in &servers {
        until(Duration::from_secs(5), "the store", || server.get("/readyz").status == 200);
    }
    servers
}

fn counted(server: &Server) -> u64 {
    server.state()["evidence"]["treatment"].as_u64().unwrap()
}

#[test]
fn three_replicas_are_one() {
    let folder = Folder::new("replicas");
    let redis = Redis::start(free_port(), None);
    let servers = replicas(&folder, &redis.url());
    // A stage that is set at one is served by all.
    assert_eq!(servers[0].admin("POST", "/admin/stage", r#"{"stage":"FIFTY_PERCENT"}"#).status, 200);
    let served = |word: &'static str| move |server: &Server| server.get("/rollout.json").body.contains(word);
    let took =
        until(Duration::from_secs(2), "all serve the stage", || servers.iter().all(served("FIFTY_PERCENT")));
    println!("a stage is everywhere after {:.2} s", took.as_secs_f64());
    // What comes before the next window is no evidence.
    thread::sleep(Duration::from_secs(5));
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(7) {
        for server in &servers {
            assert_eq!(server.post(&batch(sent, "multiclass", "ok", "le_250", 10)).status, 204);
            sent += 1;
        }
        thread::sleep(Duration::from_millis(10));
    }
    for server in &servers {
        until(Duration::from_secs(10), "the sum", || counted(server) == sent * 10);
    }
    println!("{} runs are counted exactly by each of three replicas", sent * 10);
    // Each replica sees a third of a break; one of them acts, and all serve it.
    let mut latched = None;
    let began = Instant::now();
    while latched.is_none() || !servers.iter().all(served("DISABLED")) {
        for server in &servers {
            server.post(&batch(
                sent,
                "multiclass",
                if sent % 4 < 2 { "internal" } else { "ok" },
                "le_250",
                3,
            ));
            sent += 1;
        }
        if latched.is_none() && servers.iter().any(served("DISABLED")) {
            latched = Some(Instant::now());
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it is rolled back");
        thread::sleep(Duration::from_millis(10));
    }
    let took = latched.unwrap().elapsed();
    println!("a rollback is everywhere after {:.2} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(2));
    thread::sleep(Duration::from_secs(2));
    let made: f64 = servers
        .iter()
        .map(|server| server.metric(r#"featheredge_rollbacks_total{reason="error-rate"}"#))
        .sum();
    assert_eq!(made, 1.0);
    let audit = servers[2].admin("GET", "/admin/audit", "").body;
    assert_eq!(audit.lines().filter(|line| line.contains("rollback")).count(), 1, "{audit}");
    assert!(
        redis
            .cli(&["KEYS", "*window*"])
            .lines()
            .all(|key| redis.cli(&["TTL", key]).parse::<i64>().unwrap() > 0)
    );
    assert_eq!(redis.cli(&["TTL", "featheredge:{hair-cutout}:state"]), "-1", "a latch does not expire");
}

#[test]
fn the_store_may_go_and_come_back() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static SENT: AtomicU64 = AtomicU64::new(0);
    let folder = Folder::new("away");
    let port = free_port();
    let mut redis = Redis::start(port, Some(&folder));
    let servers = replicas(&folder, &redis.url());
    let clients = servers.iter().enumerate().map(|(client, server)| {
        let (to, client) = (server.public, client as u64);
        thread::spawn(move || {
            for number in 0.. {
                if STOP.load(Relaxed) {
                    return;
                }
                let body = batch(client << 40 | number, "multiclass", "ok", "le_250", 10);
                let answer = common::request(
                    to,
                    "POST",
                    "/v1/beacons",
                    &["Content-Type: text/plain"],
                    body.as_bytes(),
                );
                assert_eq!(answer.status, 204, "it is taken whatever the store does");
                SENT.fetch_add(10, Relaxed);
                thread::sleep(Duration::from_millis(10));
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let up = |value: f64| move |server: &Server| server.metric("featheredge_state_store_up") == value;
    for _ in 0..2 {
        thread::sleep(Duration::from_secs(3));
        redis.child.kill().unwrap();
        redis.child.wait().unwrap();
        until(Duration::from_secs(10), "all see that it is away", || servers.iter().all(up(0.0)));
        thread::sleep(Duration::from_secs(6));
        assert!(
            servers.iter().all(|server| server.get("/rollout.json").body.contains("FULL")),
            "the last stage holds"
        );
        assert_eq!(servers[0].admin("POST", "/admin/stage", r#"{"stage":"TEN_PERCENT"}"#).status, 503);
        redis = Redis::start(port, Some(&folder));
        until(Duration::from_secs(15), "all see it again", || servers.iter().all(up(1.0)));
    }
    STOP.store(true, Relaxed);
    clients.into_iter().for_each(|client| client.join().unwrap());
    for server in &servers {
        until(Duration::from_secs(20), "all that was taken is delivered", || {
            counted(server) == SENT.load(Relaxed)
        });
    }
    println!("{} runs are counted exactly, with the store killed twice", SENT.load(Relaxed));
}

#[test]
fn a_rollback_outlives_the_store() {
    let folder = Folder::new("forgets");
    let port = free_port();
    let mut redis = Redis::start(port, None);
    let servers = replicas(&folder, &redis.url());
    redis.child.kill().unwrap();
    redis.child.wait().unwrap();
    until(Duration::from_secs(10), "it is away", || servers[0].metric("featheredge_state_store_up") == 0.0);
    // A person may close, at one replica, while the store is away.
    assert_eq!(servers[0].admin("POST", "/admin/rollback", r#"{"reason":"now"}"#).status, 200);
    assert!(servers[1].get("/rollout.json").body.contains("FULL"));
    // The new store has forgotten all; the replica tells it, and it tells the others.
    redis = Redis::start(port, None);
    let closed = |server: &Server| server.get("/rollout.json").body.contains("DISABLED");
    until(Duration::from_secs(15), "all are closed", || servers.iter().all(closed));
    let audit = servers[1].admin("GET", "/admin/audit", "").body;
    assert!(audit.contains(r#""reason":"now""#), "the shared log has it as well: {audit}");
    drop(redis);
    // One that starts without a store knows nothing, and is closed.
    let server = Server::start(&folder, &["--redis", "redis://127.0.0.1:1"]);
    assert!(closed(&server));
    assert_eq!(server.get("/readyz").status, 503);
}

#[test]
fn a_rollback_whose_answer_was_lost_can_be_cleared() {
    let folder = Folder::new("lost-answer");
    let redis = Redis::start(free_port(), None);
    let servers = replicas(&folder, &redis.url());
    // The script is known to the store from here on.
    assert_eq!(servers[0].admin("POST", "/admin/stage", r#"{"stage":"FIFTY_PERCENT"}"#).status, 200);
    let signal = |name: &str| {
        let status = Command::new("kill").args([name, &redis.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    };
    // The store takes the rollback, and does not answer in time.
    signal("-STOP");
    assert_eq!(servers[0].admin("POST", "/admin/rollback", r#"{"reason":"now"}"#).status, 200);
    signal("-CONT");
    let latched = |server: &Server| !server.state()["latch"].is_null();
    until(Duration::from_secs(15), "all are latched", || servers.iter().all(latched));
    until(Duration::from_secs(15), "the store", || {
        servers.iter().all(|server| server.state()["store"] == "up")
    });
    thread::sleep(Duration::from_secs(1));
    // Another replica clears it; the first must not take its own word for news.
    assert_eq!(servers[1].admin("POST", "/admin/clear", r#"{"reason":"mended"}"#).status, 200);
    until(Duration::from_secs(5), "it is cleared", || !servers.iter().any(latched));
    thread::sleep(Duration::from_secs(2));
    assert!(!servers.iter().any(latched));
}
