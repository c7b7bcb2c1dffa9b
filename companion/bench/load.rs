//! Sends batches at a steady rate, whatever the server does: `load ADDRESS RATE SECONDS`.
//!
//! Prints one line of JSON. A batch's time is from when it was due, so that one that had to wait for
//! another counts its wait.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 32;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds] = words.as_slice() else { panic!("want ADDRESS RATE SECONDS") };
    let rate: f64 = rate.parse().expect("a rate, in batches a second");
    let seconds: f64 = seconds.parse().expect("a time, in seconds");
    let began = Instant::now() + Duration::from_millis(100);
    let count = (rate * seconds / CLIENTS as f64) as u64;
    let clients = (0..CLIENTS).map(|client| {
        let address = address.clone();
        let due =
            move |number: u64| began + Duration::from_secs_f64((number * CLIENTS + client) as f64 / rate);
        thread::spawn(move || {
            let mut stream = TcpStream::connect(address).expect("a server");
            stream.set_nodelay(true).expect("a socket");
            let send = |number| {
                thread::sleep(due(number).saturating_duration_since(Instant::now()));
                stream.write_all(request(client << 40 | number).as_bytes()).expect("to send");
                let mut answer = [0; 512];
                let length = stream.read(&mut answer).expect("an answer");
                assert!(
                    answer[..length].starts_with(b"HTTP/1.1 204"),
                    "{}",
                    String::from_utf8_lossy(&answer[..length])
                );
                due(number).elapsed()
            };
            (0..count).map(send).collect::<Vec<_>>()
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut times: Vec<Duration> =
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect();
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
