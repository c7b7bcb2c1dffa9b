//! What the server answers, over real connections to the real program.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, Server, batch, command, project, request, until};

const TEXT: &str = "Content-Type: text/plain;charset=UTF-8";

#[test]
fn takes_beacons_and_counts_them() {
    let folder = Folder::new("takes");
    let server = Server::start(&folder, &["--source-share", "100%"]);
    let answer = server.post(&batch(1, "multiclass", "ok", "le_250", 10));
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(server.post(&batch(1, "multiclass", "ok", "le_250", 10)).status, 204, "again");
    assert_eq!(server.post(&batch(2, "never-heard-of", "decode", "gt_5000", 5)).status, 204);
    assert_eq!(server.metric(r#"featheredge_beacons_total{result="accepted"}"#), 2.0);
    assert_eq!(server.metric(r#"featheredge_beacons_total{result="duplicate"}"#), 1.0);
    assert_eq!(server.metric(r#"featheredge_runs_total{variant="multiclass",outcome="ok"}"#), 10.0);
    assert_eq!(server.metric(r#"featheredge_runs_total{variant="other",outcome="decode"}"#), 5.0);
    let bucket = |edge: &str| {
        server.metric(&format!(r#"featheredge_latency_seconds_bucket{{variant="multiclass",le="{edge}"}}"#))
    };
    assert_eq!((bucket("0.1"), bucket("1"), bucket("+Inf")), (0.0, 10.0, 10.0));
    assert!(!server.get("/metrics").body.contains("never-heard-of"));
}

#[test]
fn refuses_without_a_word() {
    let folder = Folder::new("refuses");
    let server = Server::start(&folder, &["--origin", "https://page.example", "--source-batches", "30"]);
    let send = |headers: &[&str], body: &str| {
        request(server.public, "POST", "/v1/beacons", headers, body.as_bytes())
    };
    let good = batch(1, "multiclass", "ok", "le_250", 1);
    let long = format!("{good}{}", " ".repeat(9000));
    let cases: [(&[&str], &str, u16); 8] = [
        (&[TEXT], "{", 400),
        (&[TEXT], &good.replace("ok", "fine"), 400),
        (&[TEXT], &good.replace("hair-cutout", "hat-cutout"), 400),
        (&[TEXT], &long, 413),
        (&["Content-Type: application/json"], &good, 415),
        (&[], &good, 415),
        (&[TEXT, "Origin: https://other.example"], &good, 403),
        (&[TEXT, "Origin: null"], &good, 403),
    ];
    for (headers, body, status) in cases {
        let answer = send(headers, body);
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{headers:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert_eq!(server.metric(r#"featheredge_beacons_total{result="accepted"}"#), 0.0);
    let answer = send(&[TEXT, "Origin: https://page.example"], &good);
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("access-control-expose-headers"), Some("retry-after"), "pages may read it");
    assert_eq!(
        send(&[TEXT, &format!("Origin: http://{}", server.public)], &good).status,
        204,
        "its own page"
    );
    for asks in ["Sec-GPC: 1", "DNT: 1"] {
        assert_eq!(send(&[TEXT, asks], &batch(2, "multiclass", "ok", "le_250", 1)).status, 204);
    }
    assert_eq!(server.metric(r#"featheredge_beacons_total{result="declined"}"#), 2.0);
    assert_eq!(server.metric(r#"featheredge_beacons_total{result="accepted"}"#), 1.0);
    let chunked = format!(
        "POST /v1/beacons HTTP/1.1\r\nHost: a\r\n{TEXT}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server.public).unwrap();
    stream.write_all(chunked.as_bytes()).unwrap();
    let _ = (0..20).try_for_each(|_| stream.write_all(format!("400\r\n{}\r\n", "x".repeat(1024)).as_bytes()));
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer[9..], b"413");
    let limited = until(Duration::from_secs(12), "a limit", || server.post("{").status == 429);
    assert!(limited < Duration::from_secs(12));
    let answer = server.post("{");
    if answer.status == 429 {
        assert!((1..=5).contains(&answer.header("retry-after").unwrap().parse::<u32>().unwrap()));
    }
}

#[test]
fn serves_the_rollout_that_holds() {
    let folder = Folder::new("serves");
    let server = Server::start(&folder, &["--origin", "https://page.example"]);
    let first = server.get("/rollout.json");
    assert_eq!((first.status, first.header("cache-control")), (200, Some("no-cache")));
    assert!(first.body.contains(r#""stage":"FULL""#));
    let etag = first.header("etag").unwrap();
    let ask = |etag: &str| {
        request(
            server.public,
            "GET",
            "/rollout.json",
            &[&format!("If-None-Match: {etag}"), "Origin: https://page.example"],
            b"",
        )
    };
    let same = ask(etag);
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    assert_eq!(same.header("access-control-allow-origin"), Some("https://page.example"));
    assert_eq!(server.admin("POST", "/admin/stage", r#"{"percentage":"12.34%"}"#).status, 200);
    let changed = ask(etag);
    assert_eq!(changed.status, 200);
    assert!(changed.body.contains(r#""percentage":"12.34%""#) && !changed.body.contains("stage"));
    assert_eq!(server.metric("featheredge_stage"), 0.1234);
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
}

#[test]
fn operators_need_the_token() {
    let folder = Folder::new("operators");
    let audit = folder.path("audit.jsonl");
    let server = Server::start(&folder, &["--audit", audit.to_str().unwrap()]);
    for header in ["X: y", "Authorization: Bearer wrong", "Authorization: Basic abc"] {
        assert_eq!(request(server.admin, "GET", "/admin/state", &[header], b"").status, 401);
        assert_eq!(
            request(server.admin, "POST", "/admin/stage", &[header], br#"{"stage":"DISABLED"}"#).status,
            401
        );
    }
    assert_eq!(server.get("/admin/state").status, 404, "not where pages are");
    let post = |path: &str, body: &str| server.admin("POST", path, body).status;
    for body in ["", "{}", r#"{"stage":"HALF"}"#, r#"{"stage":"FULL","x":1}"#, r#"{"percentage":"101%"}"#] {
        assert_eq!(post("/admin/stage", body), 400, "{body}");
    }
    assert_eq!(post("/admin/clear", r#"{"reason":"nothing"}"#), 409);
    assert_eq!(post("/admin/rollback", r#"{"reason":"a bad feeling"}"#), 200);
    assert_eq!(server.state()["stage"], "DISABLED");
    assert_eq!(post("/admin/stage", r#"{"stage":"FULL"}"#), 409, "it is latched");
    assert_eq!(post("/admin/clear", r#"{"reason":"mended"}"#), 200);
    assert_eq!(server.state()["stage"], "DISABLED", "clearing opens nothing");
    assert_eq!(post("/admin/stage", r#"{"stage":"TEN_PERCENT"}"#), 200);
    let lines = server.admin("GET", "/admin/audit", "").body;
    assert_eq!(lines, std::fs::read_to_string(&audit).unwrap());
    let changes: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        changes.iter().map(|line| line["change"].as_str().unwrap()).collect::<Vec<_>>(),
        ["rollback", "clear", "stage"]
    );
    assert_eq!(changes[0]["reason"], "a bad feeling");
}

#[test]
fn refuses_to_start_where_it_would_be_unsafe() {
    let folder = Folder::new("unsafe");
    let fails = |words: &[&str], token: &str| {
        let output = command(&folder, words)
            .env("FEATHEREDGE_ADMIN_TOKEN", token)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let good = common::TOKEN;
    // The last word wins: clap takes each of these once only, so the command is made anew.
    let mut bare = std::process::Command::new(env!("CARGO_BIN_EXE_companion"));
    bare.args(["serve", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0", "--rollout"])
        .arg(folder.path("rollout.json"));
    let output = bare.env("FEATHEREDGE_ADMIN_TOKEN", good).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("loopback"));
    assert!(fails(&[], "short").contains("too short"));
    assert!(fails(&["--site", "/nowhere/at/all"], good).contains("is no folder"));
    let site = folder.0.to_str().unwrap();
    let [a, again, metrics, empty] = ["/a=", "/a/=", "/metrics=", "//="].map(|path| format!("{path}{site}"));
    assert!(fails(&["--site", &a, "--site", &again], good).contains(&format!("--site {again}: /a is")));
    assert!(fails(&["--site", &metrics], good).contains("--site /metrics="));
    assert!(fails(&["--site", &empty], good).contains("--site //="));
    for origin in
        ["https://a/", "https://a/b", "HTTPS://a.example", "https://A.example", "a.example", "https://"]
    {
        let said = fails(&["--origin", origin], good);
        assert!(said.contains(&format!("--origin {origin}, want scheme://host")), "{said}");
    }
    let mut no_utf8 = command(&folder, &[]);
    let token: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![0xFF; 20]);
    no_utf8.env("FEATHEREDGE_ADMIN_TOKEN", token).stderr(Stdio::piped());
    let said = String::from_utf8(no_utf8.output().unwrap().stderr).unwrap();
    assert!(said.contains("is not UTF-8") && !said.contains("too short"), "{said}");
    let state = folder.path("state");
    let server = Server::start(&folder, &["--state", state.to_str().unwrap()]);
    assert_eq!(server.admin("POST", "/admin/rollback", r#"{"reason":"x"}"#).status, 200);
    drop(server);
    let whole = std::fs::read(&state).unwrap();
    let torn = [whole[..whole.len() / 2].to_vec(), vec![], [&whole[..80], b"!", &whole[81..]].concat()];
    for bytes in torn {
        std::fs::write(&state, bytes).unwrap();
        assert!(fails(&["--state", state.to_str().unwrap()], good).contains("is not whole"));
    }
}

#[test]
fn the_environment_overrides_and_closes_when_wrong() {
    let folder = Folder::new("override");
    for (value, stage, invalid) in
        [("10", 0.1, 0.0), ("DISABLED", 0.0, 0.0), ("half", 0.0, 1.0), ("", 0.0, 1.0)]
    {
        let mut command = command(&folder, &[]);
        command.env("ROLLOUT_STAGE", value);
        let server = Server::from(command);
        assert_eq!(server.metric("featheredge_stage"), stage, "{value}");
        assert_eq!(server.metric("featheredge_rollout_override_invalid"), invalid, "{value}");
    }
}

#[test]
fn serves_pages_with_the_headers_of_the_development_server() {
    let folder = Folder::new("site");
    std::fs::write(folder.path("index.html"), "<p>hello").unwrap();
    let site = folder.0.to_str().unwrap();
    let server = Server::start(&folder, &["--site", site, "--site", &format!("/more/={site}")]);
    let script = std::fs::read_to_string(project("scripts/serve.mjs")).unwrap();
    for path in ["/", "/more/index.html", "/missing"] {
        let page = server.get(path);
        assert_eq!(page.status, if path == "/missing" { 404 } else { 200 });
        let policy = page.header("content-security-policy").unwrap();
        for directive in policy.split("; ") {
            assert!(script.contains(&format!("\"{directive}\"")), "{directive}");
        }
        assert_eq!(policy.split("; ").count(), 9);
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    assert_eq!(server.get("/../../etc/passwd").status, 404);
}

#[test]
fn slow_clients_are_cut_off() {
    let folder = Folder::new("slow");
    let server = Server::start(&folder, &[]);
    let begun = [
        "POST /v1/beacons HTTP/1.1\r\nHost: a\r\nX".to_owned(),
        format!("POST /v1/beacons HTTP/1.1\r\nHost: a\r\n{TEXT}\r\nContent-Length: 500\r\n\r\n{{"),
        String::new(),
    ];
    let threads = begun.map(|begun| {
        let to = server.public;
        thread::spawn(move || {
            let mut stream = TcpStream::connect(to).unwrap();
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            stream.write_all(begun.as_bytes()).unwrap();
            let began = Instant::now();
            let mut answer = [0; 1];
            loop {
                // A byte now and then must not help.
                if !begun.is_empty() && stream.write_all(b"x").is_err() {
                    return began.elapsed();
                }
                match stream.read(&mut answer) {
                    Ok(_) => return began.elapsed(),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return began.elapsed(),
                }
                assert!(began.elapsed() < Duration::from_secs(20), "still there");
            }
        })
    });
    for thread in threads {
        let took = thread.join().unwrap();
        assert!(took > Duration::from_secs(8) && took < Duration::from_secs(15), "{took:?}");
    }
    assert_eq!(server.post(&batch(1, "multiclass", "ok", "le_250", 1)).status, 204);
    assert_eq!(server.metric(r#"featheredge_beacons_rejected_total{reason="slow"}"#), 1.0);
}

#[test]
fn logs_hold_nothing_of_anybody() {
    let folder = Folder::new("logs");
    let mut command = command(&folder, &["--proxies", "1"]);
    command.stderr(std::fs::File::create(folder.path("log")).unwrap());
    let mut server = Server::from(command);
    server.post_from("203.0.113.77", &batch(77, "secret-variant", "ok", "le_250", 1));
    server.post_from("203.0.113.77", "secret-body");
    server.get("/secret-path?secret-query");
    server.signal("-TERM");
    server.child.wait().unwrap();
    let log = std::fs::read_to_string(folder.path("log")).unwrap();
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(log.contains("answered"), "{log}");
    for word in ["secret", "203.0.113", "127.0.0.1", "00000077"] {
        assert!(!log.contains(word), "{word} is in {log}");
    }
}
