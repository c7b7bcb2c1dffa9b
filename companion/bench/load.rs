//! Sends batches at a steady rate, whatever the server does: `load ADDRESS RATE SECONDS`.
//!
//! Prints one line of JSON. A batch's time is from when it was due, so that one that had to wait for another
//! counts its wait. One thread spins over all connections, because threads that sleep could not keep such a
//! rate on one core, and would then measure themselves.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CLIENTS: usize = 32;

struct Client {
    stream: TcpStream,
    /// When the batch was due that it waits for an answer to.
    due: Option<Instant>,
}

impl Client {
    fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a server");
        stream.set_nodelay(true).expect("a socket");
        stream.set_nonblocking(true).expect("a socket");
        Self { stream, due: None }
    }

    fn send(&mut self, number: u64, due: Instant) {
        // All that is on its way is this one batch, for which a socket always has room.
        self.stream.write_all(request(number).as_bytes()).expect("to send");
        self.due = Some(due);
    }

    /// How long the answer took, once it is there.
    fn answered(&mut self) -> Option<Duration> {
        let due = self.due?;
        let mut answer = [0; 512];
        match self.stream.read(&mut answer) {
            Ok(length) => {
                let text = String::from_utf8_lossy(&answer[..length]);
                assert!(text.starts_with("HTTP/1.1 204"), "{text}");
                self.due = None;
                Some(due.elapsed())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds] = words.as_slice() else { panic!("want ADDRESS RATE SECONDS") };
    let rate: f64 = rate.parse().expect("a rate, in batches a second");
    let seconds: f64 = seconds.parse().expect("a time, in seconds");
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::new(address)).collect();
    let count = (rate * seconds) as u64;
    let began = Instant::now();
    let due = |number: u64| began + Duration::from_secs_f64(number as f64 / rate);
    let (mut next, mut times) = (0, Vec::with_capacity(count as usize));
    while times.len() < count as usize {
        for client in &mut clients {
            times.extend(client.answered());
            if client.due.is_none() && next < count && due(next) <= Instant::now() {
                client.send(next, due(next));
                next += 1;
            }
        }
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let ms = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(r#"{{"rate":{rate:.0},"p50":{:.3},"p99":{:.3},"p999":{:.3}}}"#, ms(0.5), ms(0.99), ms(0.999));
}

/// A batch of ten records.
fn request(number: u64) -> String {
    let record = r#"{"variant":"multiclass","model":"multiclass","executor":"cpu","outcome":"ok","latency":"le_250","size":"le_2mp","coverage":"le_50","version":"0.1.0"}"#;
    let records = [record; 10].join(",");
    let body = format!(
        r#"{{"schema":1,"batch":"B{number:020}A","flag":"hair-cutout","rate":10000,"records":[{records}]}}"#
    );
    format!(
        "POST /v1/beacons HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
