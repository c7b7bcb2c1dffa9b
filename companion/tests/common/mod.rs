//! A real server, and a client that can be as slow or as wrong as a test wants.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const TOKEN: &str = "a token for tests, and long enough";

pub(crate) const ROLLOUT: &str = r#"{"version":1,"flag":"hair-cutout","salt":"2026-11","stage":"FULL","variants":[
    {"name":"control","weight":50,"model":"selfie","control":true},
    {"name":"multiclass","weight":50,"model":"multiclass"}]}"#;

/// A folder that is gone when the test is.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("companion-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("rollout.json"), ROLLOUT).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running server; it is killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// The command of a server on ports of its own.
pub(crate) fn command(folder: &Folder, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_companion"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--rollout"]);
    command
        .arg(folder.path("rollout.json"))
        .args(words)
        .env("FEATHEREDGE_ADMIN_TOKEN", TOKEN)
        .env_remove("ROLLOUT_STAGE");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

impl Server {
    pub(crate) fn start(folder: &Folder, words: &[&str]) -> Self {
        Self::from(command(folder, words))
    }

    pub(crate) fn from(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = || {
            let line = lines.next().expect("the server says where it is").unwrap();
            let rest = line.split_once("http://").unwrap().1;
            rest.split('/').next().unwrap().parse().unwrap()
        };
        Self { public: address(), admin: address(), child }
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn post(&self, body: &str) -> Answer {
        request(
            self.public,
            "POST",
            "/v1/beacons",
            &["Content-Type: text/plain;charset=UTF-8"],
            body.as_bytes(),
        )
    }

    /// A batch that comes from another address, where the server trusts one proxy.
    pub(crate) fn post_from(&self, source: &str, body: &str) -> Answer {
        let source = format!("X-Forwarded-For: {source}");
        request(self.public, "POST", "/v1/beacons", &["Content-Type: text/plain", &source], body.as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.public, "GET", path, &[], b"")
    }

    pub(crate) fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        let token = format!("Authorization: Bearer {TOKEN}");
        request(self.admin, method, path, &[&token], body.as_bytes())
    }

    pub(crate) fn state(&self) -> serde_json::Value {
        serde_json::from_str(&self.admin("GET", "/admin/state", "").body).unwrap()
    }

    /// The value of a metric's row.
    pub(crate) fn metric(&self, row: &str) -> f64 {
        let text = self.get("/metrics").body;
        let found = text.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{row} is in\n{text}")).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }
}

/// One request on a connection of its own; panics if there is no answer.
pub(crate) fn request(to: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    try_request(to, method, path, headers, body).unwrap()
}

pub(crate) fn try_request(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    headers.iter().for_each(|header| head += &format!("{header}\r\n"));
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes)?;
    let mut answer = Vec::new();
    // A server that refuses a body may close before all of it is read.
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        return Err(error);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head: head.into(), body: body.into() })
}

/// A batch of equal records; the number makes it one of its own.
pub(crate) fn batch(number: u64, variant: &str, outcome: &str, latency: &str, count: usize) -> String {
    let record = format!(
        r#"{{"variant":"{variant}","model":"multiclass","executor":"cpu","outcome":"{outcome}","latency":"{latency}","size":"le_2mp","coverage":"le_50","version":"0.1.0"}}"#
    );
    let records = vec![record.as_str(); count].join(",");
    format!(
        r#"{{"schema":1,"batch":"A{number:020}A","flag":"hair-cutout","rate":10000,"records":[{records}]}}"#
    )
}

/// Waits until something is so.
pub(crate) fn until(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "{what} within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
