//! Many connections, idle ones, and slow ones that are in order.

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, Server, TOKEN, batch, try_request, until};

/// A server that may open so many files: now, and at most.
fn limited(folder: &Folder, soft: u32, hard: u32) -> Server {
    let mut command = Command::new("sh");
    let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$@\"");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_companion"), "serve", "--rollout"]);
    command.arg(folder.path("rollout.json")).args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.env("FEATHEREDGE_ADMIN_TOKEN", TOKEN).env_remove("ROLLOUT_STAGE");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    Server::from(command)
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    stream
}

/// Whether the server still holds a connection on which it has nothing to say.
fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    matches!(stream.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn idle_connections_do_not_lock_operators_out() {
    let folder = Folder::new("idle");
    let server = limited(&folder, 200, 200);
    let mut idle: Vec<TcpStream> = (0..300).map(|_| connect(server.public)).collect();
    until(Duration::from_secs(5), "some are refused", || !is_open(&mut idle[299]));
    assert!(is_open(&mut idle[0]), "the first are taken");
    let token = format!("Authorization: Bearer {TOKEN}");
    let body = br#"{"reason":"a flood"}"#;
    let answer = try_request(server.admin, "POST", "/admin/rollback", &[&token], body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_low_limit_of_files_is_raised() {
    let folder = Folder::new("raised");
    let server = limited(&folder, 140, 1000);
    let mut idle: Vec<TcpStream> = (0..300).map(|_| connect(server.public)).collect();
    assert_eq!(server.get("/healthz").status, 200);
    assert!(idle.iter_mut().all(is_open));
}

/// How long a connection stays open on which this was sent and answered.
fn idle_after(server: &Server, sent: &str) -> Duration {
    let mut stream = connect(server.public);
    stream.write_all(sent.as_bytes()).unwrap();
    let began = Instant::now();
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            _ => return began.elapsed(),
        }
        assert!(began.elapsed() < Duration::from_secs(20), "still there");
    }
}

#[test]
fn patience_begins_anew_with_each_request_and_each_answer() {
    let folder = Folder::new("patience");
    std::fs::write(folder.path("large.bin"), vec![7; 32 << 20]).unwrap();
    let server = Server::start(&folder, &["--site", folder.0.to_str().unwrap()]);
    thread::scope(|scope| {
        scope.spawn(|| {
            let took = idle_after(&server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
            assert!(took > Duration::from_secs(8) && took < Duration::from_secs(15), "{took:?}");
        });
        scope.spawn(|| {
            // A beacon that begins late on its connection has as long as any other.
            let body = batch(1, "multiclass", "ok", "le_250", 1);
            let mut stream = connect(server.public);
            thread::sleep(Duration::from_secs(7));
            let head = format!(
                "POST /v1/beacons HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            thread::sleep(Duration::from_secs(6));
            stream.write_all(body.as_bytes()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer[9..], b"204");
        });
        scope.spawn(|| {
            // Who downloads slowly is not idle.
            let mut stream = connect(server.public);
            stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            thread::sleep(Duration::from_secs(14));
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut whole = Vec::new();
            stream.read_to_end(&mut whole).unwrap();
            assert!(whole.len() > 32 << 20, "{} bytes", whole.len());
        });
    });
}
