//! Bodies that are wrong in all ways that chance finds: each is refused, and nothing grows or breaks.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use common::{Folder, Server, batch};

/// Chance that is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// A batch with something wrong.
fn spoil(chance: &mut Chance, good: &[u8]) -> Vec<u8> {
    let mut body = good.to_vec();
    match chance.below(6) {
        0 => body.truncate(chance.below(good.len())),
        1 => {
            let at = chance.below(good.len());
            let piece = body[at..(at + chance.below(60)).min(good.len())].to_vec();
            body.splice(at..at, piece);
        }
        2 => (0..1 + chance.below(200)).for_each(|_| body.push(chance.below(256) as u8)),
        3 => body = (0..chance.below(1000)).map(|_| chance.below(256) as u8).collect(),
        4 => body = [b"[".repeat(chance.below(4000)), b"{\"a\":".repeat(chance.below(800))].concat(),
        _ => (0..1 + chance.below(8)).for_each(|_| {
            let at = chance.below(good.len());
            body[at] = chance.below(256) as u8;
        }),
    }
    body
}

fn memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let row = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    row.trim().split(' ').next().unwrap().parse().unwrap()
}

/// Sends so many; how many of them chance left right, and the memory before and after, in KiB.
fn fuzz(count: u64) -> (u64, u64, u64) {
    let folder = Folder::new("malformed");
    let mut server =
        Server::start(&folder, &["--source-batches", "4000000000", "--total-batches", "4000000000"]);
    let mut stream = TcpStream::connect(server.public).unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut chance, mut right, mut before) = (Chance(88_172_645_463_325_252), 0, 0);
    for number in 0..count {
        let good = batch(number, "multiclass", "ok", "le_250", 2).into_bytes();
        let body = spoil(&mut chance, &good);
        let head = format!(
            "POST /v1/beacons HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        let mut answer = [0; 512];
        let length = stream.read(&mut answer).unwrap();
        let answer = std::str::from_utf8(&answer[..length]).unwrap();
        assert!(answer.ends_with("\r\n\r\n"), "no body in {answer}");
        match &answer[9..12] {
            "400" => {}
            // A changed digit of an id, or white space, may leave it right.
            "204" => right += 1,
            status => panic!("{status} for {}", String::from_utf8_lossy(&body)),
        }
        if number == count / 10 {
            before = memory_kib(&server);
        }
    }
    let after = memory_kib(&server);
    assert!(server.child.try_wait().unwrap().is_none(), "it still runs");
    assert!(after < before + 2048, "{before} KiB grew to {after}");
    let refused = ["malformed", "schema", "flag"]
        .map(|why| server.metric(&format!(r#"featheredge_beacons_rejected_total{{reason="{why}"}}"#)))
        .iter()
        .sum::<f64>();
    assert_eq!(refused, (count - right) as f64);
    (right, before, after)
}

#[test]
fn twenty_thousand_malformed_bodies() {
    fuzz(20_000);
}

#[test]
#[ignore = "takes minutes: npm run test:soak"]
fn a_million_malformed_bodies() {
    let began = Instant::now();
    let (right, before, after) = fuzz(1_000_000);
    let record = serde_json::json!({
        "bodies": 1_000_000, "leftRight": right, "panics": 0,
        "memoryKiB": { "afterATenth": before, "atTheEnd": after }, "seconds": began.elapsed().as_secs(),
    });
    println!("{record}");
    if let Some(path) = std::env::var_os("SOAK_RECORD") {
        std::fs::write(path, format!("{record:#}\n")).unwrap();
    }
}
