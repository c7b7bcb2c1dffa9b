//! The gate: its answers against those of another implementation, and what must hold for any id.

#[path = "gate/answers.rs"]
mod answers;
#[path = "gate/draws.rs"]
mod draws;
#[path = "gate/refusals.rs"]
mod refusals;

use featheredge_companion::gate::Rollout;

/// A configuration in which everything is said that can be.
const WHOLE: &str = r#"{
  "version": 1,
  "flag": "hair-cutout",
  "salt": "2026-11",
  "stage": "TEN_PERCENT",
  "variants": [
    { "name": "control", "weight": 50, "model": "selfie", "control": true },
    { "name": "multiclass", "weight": 50, "model": "multiclass" }
  ],
  "schedule": [
    { "stage": "TEN_PERCENT", "days": 7 }, { "percentage": "33.3%", "days": 1 }, { "stage": "FULL", "days": 7 }
  ],
  "thresholds": { "errorRate": "2%", "p95Ms": 1000, "minimumSamples": 200, "consecutiveWindows": 2 },
  "minimumVersion": "0.1.0",
  "allow": ["00112233445566778899aabbccddeeff"],
  "deny": []
}"#;

fn whole() -> Rollout {
    Rollout::parse(WHOLE).expect("the configuration is right")
}

/// A rollout to everybody, of variants of these weights.
fn rollout(weights: &[u16]) -> Rollout {
    let variants: Vec<String> = weights
        .iter()
        .enumerate()
        .map(|(at, weight)| format!(r#"{{ "name": "v{at}", "weight": {weight}, "model": "selfie" }}"#))
        .collect();
    let text = format!(
        r#"{{ "version": 1, "flag": "draws", "salt": "s", "stage": "FULL", "variants": [{}] }}"#,
        variants.join(",")
    );
    Rollout::parse(&text).expect("the configuration is right")
}
