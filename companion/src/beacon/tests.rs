//! The schema, by what it takes and what it refuses.

use super::*;

const BATCH: &str =
    r#"{"schema":1,"batch":"AAECAwQFBgcICQoLDA0ODw","flag":"hair-cutout","rate":10000,"records":[RECORD]}"#;
const RECORD: &str = r#"{"variant":"multiclass","model":"multiclass","executor":"cpu","outcome":"ok","latency":"le_250","size":"le_2mp","coverage":"le_50","version":"0.1.0"}"#;

fn batch(records: &str) -> String {
    BATCH.replace("RECORD", records)
}

#[test]
fn takes_what_the_schema_says() {
    let checked = RECORD.replace('}', r#","agreement":"ge_99","reference":"previous"}"#);
    let text = batch(&format!("{RECORD}, {checked}"));
    let batch = parse(text.as_bytes()).unwrap();
    assert_eq!((batch.flag, batch.rate, batch.records.len()), ("hair-cutout", 10_000, 2));
    assert_eq!(batch.records[0].outcome, Outcome::Ok);
    assert_eq!(batch.records[0].latency, Latency::Le250);
    assert_eq!(batch.records[1].reference, Some(Reference::Previous));
    assert_eq!(batch.id, 0x0001020304050607 ^ 0x08090a0b0c0d0e0f);
}

#[test]
fn refuses_all_else() {
    let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
    let long = "m".repeat(33);
    let changes: &[(&str, &str)] = &[
        (r#""schema":1"#, r#""schema":2"#),
        (r#""schema":1"#, r#""schema":"1""#),
        (r#""schema":1,"#, ""),
        (r#""schema":1"#, r#""schema":1,"id":"me""#),
        (r#""schema":1"#, r#""schema":1,"schema":1"#),
        ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODx"),
        ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0OD+"),
        ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0OD"),
        (r#""rate":10000"#, r#""rate":0"#),
        (r#""rate":10000"#, r#""rate":10001"#),
        (r#""rate":10000"#, r#""rate":-1"#),
        (r#""rate":10000"#, r#""rate":0.5"#),
        ("hair-cutout", "Hair"),
        ("hair-cutout", ""),
        (r#""variant":"multiclass""#, r#""variant":"multi class""#),
        (r#""variant":"multiclass""#, r#""variant":"multi\u0063lass""#),
        (r#""variant":"multiclass""#, r#""variant":null"#),
        (r#""model":"multiclass""#, r#""model":"LONG""#),
        (r#""executor":"cpu""#, r#""executor":"npu""#),
        (r#""outcome":"ok""#, r#""outcome":"OK""#),
        (r#""outcome":"ok""#, r#""outcome":0"#),
        (r#""latency":"le_250""#, r#""latency":250"#),
        (r#""latency":"le_250""#, r#""latency":DEEP"#),
        (r#""version":"0.1.0""#, r#""version":"0.1""#),
        (r#""version":"0.1.0""#, r#""version":"0.1.0-beta""#),
        (r#""version":"0.1.0""#, r#""version":"0.1.12345""#),
        (r#""version":"0.1.0""#, r#""version":"0.1.0","agreement":"ge_99""#),
        (r#""version":"0.1.0""#, r#""version":"0.1.0","reference":"cpu""#),
        (r#""version":"0.1.0""#, r#""version":"0.1.0","url":"https://a.example/""#),
        (r#""records":["#, r#""records":[],"more":["#),
    ];
    let good = batch(RECORD);
    for (from, to) in changes {
        let to = to.replace("DEEP", &deep).replace("LONG", &long);
        let text = good.replacen(from, &to, 1);
        assert_ne!(text, good, "{from} is in the text");
        assert!(parse(text.as_bytes()).is_err(), "{from} -> {to}");
    }
    assert_eq!(parse(batch("").as_bytes()).unwrap_err(), Refusal::Schema);
    for text in ["", "{", "null", "[]", "\u{feff}{}", &good[..good.len() - 1], &format!("{good} x")] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(parse(b"{\"schema\":1,\"flag\":\"\xff\"}").is_err());
}

#[test]
fn holds_the_caps() {
    let short = RECORD.replace("multiclass", "m");
    let records = |count| batch(&vec![short.as_str(); count].join(","));
    assert_eq!(parse(records(50).as_bytes()).unwrap().records.len(), 50);
    assert_eq!(parse(records(51).as_bytes()).unwrap_err(), Refusal::Schema);
    let padded = |bytes: usize| format!("{}{}", batch(RECORD), " ".repeat(bytes - batch(RECORD).len()));
    assert!(parse(padded(MOST_BYTES).as_bytes()).is_ok());
    assert!(parse(padded(MOST_BYTES + 1).as_bytes()).is_err());
}

#[test]
fn weighs_by_the_rate() {
    assert_eq!([10_000, 5_000, 3_000, 100, 1].map(weight), [100, 200, 333, 10_000, 10_000]);
}

#[test]
fn only_failures_of_the_library_are_errors() {
    let fine = ["ok", "no-subject", "aborted"];
    for name in Outcome::NAMES {
        let outcome: Outcome = serde_json::from_str(&format!("\"{name}\"")).unwrap();
        assert_eq!(outcome.is_error(), !fine.contains(name), "{name}");
        assert_eq!(Outcome::NAMES[outcome.index()], *name);
    }
}
