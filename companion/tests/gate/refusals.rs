//! What is no configuration is refused, with the place and the reason, and never by a panic.

use featheredge_companion::gate::{ErrorCode, Rollout, Share, Step, Version};
use serde_json::{Value, json};

use crate::{WHOLE, whole};

#[test]
fn a_whole_configuration_is_read() {
    let rollout = whole();
    assert_eq!((rollout.flag.as_str(), rollout.salt.as_str()), ("hair-cutout", "2026-11"));
    assert_eq!(rollout.share.hundredths(), 1_000);
    assert_eq!(rollout.variants.len(), 2);
    assert!(rollout.variants[0].control && !rollout.variants[1].control);
    assert_eq!(
        (rollout.variants[1].name.as_str(), rollout.variants[1].model.as_str()),
        ("multiclass", "multiclass")
    );
    assert_eq!(rollout.schedule[1], Step { share: Share::new(3_330).unwrap(), days: 1 });
    assert_eq!(rollout.thresholds.error_rate, Share::new(200));
    assert_eq!((rollout.thresholds.p95_ms, rollout.thresholds.minimum_samples), (Some(1_000), Some(200)));
    assert_eq!(rollout.thresholds.consecutive_windows, Some(2));
    assert_eq!(rollout.minimum_version, Version::parse("0.1.0"));
    assert_eq!(
        rollout.allow,
        [[0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]]
    );
}

/// `WHOLE` with the value at a JSON pointer replaced, or taken away.
fn with(pointer: &str, value: Option<Value>) -> String {
    let mut whole: Value = serde_json::from_str(WHOLE).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match whole.pointer_mut(parent).unwrap() {
        Value::Object(fields) => match value {
            Some(value) => drop(fields.insert(name.into(), value)),
            None => drop(fields.remove(name).unwrap()),
        },
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.unwrap(),
        other => panic!("{other} holds nothing"),
    }
    whole.to_string()
}

#[test]
fn every_wrong_value_is_named() {
    use ErrorCode::{InvalidValue, MissingField, UnknownField, UnsupportedVersion};
    let many: Vec<Value> =
        (0..17).map(|at| json!({ "name": format!("v{at}"), "weight": 1, "model": "m" })).collect();
    let control = json!({ "name": "b", "weight": 1, "model": "m", "control": true });
    let wrong = |pointer: &str, value, code, path: &str| (with(pointer, Some(value)), code, path.to_owned());
    let missing = |pointer: &str, path: &str| (with(pointer, None), MissingField, path.to_owned());
    for (text, code, path) in [
        wrong("/version", json!(2), UnsupportedVersion, "version"),
        wrong("/version", json!("1"), UnsupportedVersion, "version"),
        missing("/version", "version"),
        wrong("/flag", json!("Hair"), InvalidValue, "flag"),
        wrong("/flag", json!(""), InvalidValue, "flag"),
        wrong("/flag", json!("a".repeat(33)), InvalidValue, "flag"),
        wrong("/flag", json!(null), InvalidValue, "flag"),
        missing("/flag", "flag"),
        wrong("/salt", json!(""), InvalidValue, "salt"),
        wrong("/salt", json!("a\u{1f}b"), InvalidValue, "salt"),
        wrong("/salt", json!("é".repeat(33)), InvalidValue, "salt"),
        wrong("/stage", json!("HALF"), InvalidValue, "stage"),
        wrong("/stage", json!(10), InvalidValue, "stage"),
        missing("/stage", "stage"),
        wrong("/percentage", json!("10%"), InvalidValue, "stage"),
        wrong("/variants", json!([]), InvalidValue, "variants"),
        wrong("/variants", json!({}), InvalidValue, "variants"),
        wrong("/variants", json!(many), InvalidValue, "variants"),
        wrong("/variants/1", control, InvalidValue, "variants"),
        wrong("/variants/1", json!(1), InvalidValue, "variants[1]"),
        wrong("/variants/1/name", json!("control"), InvalidValue, "variants[1].name"),
        wrong("/variants/1/weight", json!(10_001), InvalidValue, "variants[1].weight"),
        wrong("/variants/1/weight", json!(-1), InvalidValue, "variants[1].weight"),
        wrong("/variants/1/weight", json!(0.5), InvalidValue, "variants[1].weight"),
        wrong("/variants/1/weight", json!("1"), InvalidValue, "variants[1].weight"),
        wrong("/variants/1/model", json!("a b"), InvalidValue, "variants[1].model"),
        wrong("/variants/1/control", json!(1), InvalidValue, "variants[1].control"),
        wrong("/variants/1/colour", json!(1), UnknownField, "variants[1].colour"),
        missing("/variants/1/model", "variants[1].model"),
        wrong("/schedule/1/percentage", json!("10%"), InvalidValue, "schedule[1]"),
        wrong("/schedule/1/days", json!(0), InvalidValue, "schedule[1].days"),
        wrong("/schedule/0/hours", json!(1), UnknownField, "schedule[0].hours"),
        wrong("/thresholds", json!([]), InvalidValue, "thresholds"),
        wrong("/thresholds/errorRate", json!(0.02), InvalidValue, "thresholds.errorRate"),
        wrong("/thresholds/p95Ms", json!(0), InvalidValue, "thresholds.p95Ms"),
        wrong("/thresholds/minimumSamples", json!(1_000_001), InvalidValue, "thresholds.minimumSamples"),
        wrong("/thresholds/consecutiveWindows", json!(101), InvalidValue, "thresholds.consecutiveWindows"),
        wrong("/thresholds/p99Ms", json!(1), UnknownField, "thresholds.p99Ms"),
        wrong("/minimumVersion", json!("1.0"), InvalidValue, "minimumVersion"),
        wrong("/allow/0", json!("00112233445566778899AABBCCDDEEFF"), InvalidValue, "allow[0]"),
        wrong("/deny", json!(["00"]), InvalidValue, "deny[0]"),
        wrong("/owner", json!("me"), UnknownField, "owner"),
    ] {
        let error = Rollout::parse(&text).expect_err(&text);
        assert_eq!((error.code(), error.path()), (code, path.as_str()), "{error}");
        assert!(!error.got().is_empty() && !error.want().is_empty(), "{error}");
    }
    let weightless = WHOLE.replace("\"weight\": 50", "\"weight\": 0");
    assert_eq!(
        Rollout::parse(&weightless).unwrap_err().to_string(),
        "variants is without any weight, want one above 0"
    );
    let error = Rollout::parse(&with("/stage", Some(json!("HALF")))).unwrap_err();
    assert_eq!(error.to_string(), "stage is \"HALF\", want DISABLED, TEN_PERCENT, FIFTY_PERCENT or FULL");
    let long = Rollout::parse(&with("/stage", Some(json!("é".repeat(100))))).unwrap_err();
    assert!(long.got().ends_with("...") && long.got().chars().count() == 33, "{long}");
}

#[test]
fn sizes_are_bounded() {
    let code = |text: &str| Rollout::parse(text).unwrap_err().code();
    assert_eq!(code(&" ".repeat(64 * 1024 + 1)), ErrorCode::TooLarge);
    assert_eq!(code(&"[".repeat(64 * 1024)), ErrorCode::Syntax);
    assert_eq!(code(&format!("{{\"a\":{}{}}}", "[".repeat(8), "]".repeat(8))), ErrorCode::Syntax);
    let entry = "00112233445566778899aabbccddeeff";
    assert!(Rollout::parse(&with("/allow", Some(json!(vec![entry; 1_000])))).is_ok());
    assert_eq!(code(&with("/allow", Some(json!(vec![entry; 1_001])))), ErrorCode::Syntax);
}

/// Numbers that repeat for ever (xorshift), so that a failure can be looked at again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn broken_texts_are_refused_without_a_panic() {
    for end in (0..WHOLE.len()).filter(|end| WHOLE.is_char_boundary(*end)) {
        assert!(Rollout::parse(&WHOLE[..end]).is_err(), "the first {end} bytes are no configuration");
    }
    let pieces = [
        "\"", "\\", "\\u", "\\ud83d", "{", "}", "[", "]", ":", ",", "0", "-", "1e9", "é", "🌍", "null",
        "\u{0}", "%",
    ];
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut accepted = 0;
    for _ in 0..200_000 {
        let mut text: Vec<char> = WHOLE.chars().collect();
        for _ in 0..=numbers.below(3) {
            let (at, to) = (numbers.below(text.len()), numbers.below(text.len()));
            match numbers.below(4) {
                0 => drop(text.remove(at)),
                1 => text.swap(at, to),
                2 => drop(text.splice(at..at, pieces[numbers.below(pieces.len())].chars())),
                _ => drop(text.drain(at.min(to)..at.max(to).min(at.min(to) + 40))),
            }
        }
        let text: String = text.into_iter().collect();
        if Rollout::parse(&text).is_ok() {
            accepted += 1;
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "no JSON, and accepted: {text}");
        }
    }
    assert!(accepted > 1_000, "only {accepted} were left whole, so that little was tried");
}
