//! Many ids: shares, and that draws know nothing of each other.
//!
//! The ids are counted, so that each test gives the same figures for ever.

use featheredge_companion::gate::{Rollout, Share};

use crate::rollout;

const MILLION: u32 = 1_000_000;

fn ids(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("id-{number}"))
}

/// How far counts are from the wanted ones.
fn chi_square(cells: impl Iterator<Item = (u32, f64)>) -> f64 {
    cells.map(|(count, wanted)| (f64::from(count) - wanted).powi(2) / wanted).sum()
}

/// The place of the variant that `id` gets.
fn drawn(rollout: &Rollout, id: &str) -> usize {
    let variant = rollout.assign(id, None).variant.expect("all are in");
    rollout.variants.iter().position(|other| other == variant).expect("a variant of the rollout")
}

#[test]
fn a_rising_share_takes_nothing_from_anyone() {
    let mut rollout = rollout(&[3, 1, 1]);
    for id in ids(2_000) {
        let bucket = rollout.assign(&id, None).bucket.unwrap();
        assert!(bucket < 10_000);
        let mut held: Option<String> = None;
        let shares = (0..=10_000).step_by(97).chain([bucket, bucket + 1, 9_999, 10_000]);
        let mut shares: Vec<u16> = shares.collect();
        shares.sort_unstable();
        for share in shares {
            rollout.share = Share::new(share).unwrap();
            let got = rollout.assign(&id, None).variant.map(|variant| variant.name.clone());
            assert_eq!(got.is_some(), bucket < share, "{id} at {share}");
            assert!(held.is_none() || held == got, "{id} had {held:?} and has {got:?} at {share}");
            held = got;
        }
    }
}

#[test]
fn nobody_and_everybody_are_exact() {
    let mut rollout = rollout(&[1]);
    for id in ids(100_000) {
        rollout.share = Share::NONE;
        assert!(rollout.assign(&id, None).variant.is_none(), "{id}");
        rollout.share = Share::ALL;
        assert!(rollout.assign(&id, None).variant.is_some(), "{id}");
    }
}

#[test]
fn shares_are_what_they_say() {
    let rollout = rollout(&[1]);
    let mut buckets = vec![0_u32; 10_000];
    for id in ids(MILLION) {
        buckets[usize::from(rollout.assign(&id, None).bucket.unwrap())] += 1;
    }
    let mut inside = 0;
    for (share, count) in (1_u32..).zip(&buckets) {
        inside += count;
        let p = f64::from(share) / 10_000.0;
        let sigma = (f64::from(MILLION) * p * (1.0 - p)).sqrt();
        let off = (f64::from(inside) - f64::from(MILLION) * p).abs();
        // The shares of the stages and some of every size; over all 10,000 at once three sigma would be no surprise.
        if [1, 10, 100, 1_000, 2_500, 5_000, 9_000, 9_999].contains(&share) {
            assert!(off <= 3.0 * sigma, "{inside} of a million at a share of {p}");
        }
        assert!(off <= 5.0 * sigma, "{inside} of a million at a share of {p}");
    }
    // 9,999 degrees of freedom: mean 9,999, sigma 141.
    let chi = chi_square(buckets.iter().map(|count| (*count, 100.0)));
    assert!((chi - 9_999.0).abs() < 3.0 * 141.4, "chi-square of the buckets is {chi:.0}");
}

#[test]
fn weights_are_what_they_say() {
    let weights = [1_u16, 0, 9, 90, 900];
    let rollout = rollout(&weights);
    let mut counts = [0_u32; 5];
    for id in ids(MILLION) {
        counts[drawn(&rollout, &id)] += 1;
    }
    for (weight, count) in weights.into_iter().zip(counts) {
        let p = f64::from(weight) / 1_000.0;
        let sigma = (f64::from(MILLION) * p * (1.0 - p)).sqrt();
        let off = (f64::from(count) - f64::from(MILLION) * p).abs();
        assert!(off <= 3.0 * sigma, "{count} of a million for a weight of {weight} of 1000");
    }
}

/// Ids of any bucket get each variant alike, or those who come first would be another public than those who follow.
#[test]
fn the_variant_knows_nothing_of_the_gate() {
    let rollout = rollout(&[1, 1, 1, 1]);
    let mut counts = [[0_u32; 4]; 10];
    for id in ids(MILLION) {
        let bucket = rollout.assign(&id, None).bucket.unwrap();
        counts[usize::from(bucket / 1_000)][drawn(&rollout, &id)] += 1;
    }
    let chi = chi_square(independent(&counts));
    // (10 - 1) x (4 - 1) = 27 degrees of freedom: above 55.5 once in a thousand.
    assert!(chi < 55.5, "chi-square of gate against variant is {chi:.1}");
}

/// Neither do two salts: who is among the first of one rollout is not among the first of the next.
#[test]
fn a_new_salt_draws_anew() {
    let first = rollout(&[1]);
    let mut second = first.clone();
    second.salt = "t".into();
    let mut counts = [[0_u32; 10]; 10];
    for id in ids(MILLION) {
        let tenth = |rollout: &Rollout| usize::from(rollout.assign(&id, None).bucket.unwrap() / 1_000);
        counts[tenth(&first)][tenth(&second)] += 1;
    }
    let chi = chi_square(independent(&counts));
    // 81 degrees of freedom: above 126.1 once in a thousand.
    assert!(chi < 126.1, "chi-square of two salts is {chi:.1}");
}

/// Each cell of a table beside what it would be if rows and columns were independent.
fn independent<const N: usize>(counts: &[[u32; N]; 10]) -> impl Iterator<Item = (u32, f64)> {
    let all: u32 = counts.iter().flatten().sum();
    let columns: [u32; N] = std::array::from_fn(|column| counts.iter().map(|row| row[column]).sum());
    counts.iter().flat_map(move |row| {
        let row_sum: u32 = row.iter().sum();
        row.iter()
            .zip(columns)
            .map(move |(count, column)| (*count, f64::from(row_sum) * f64::from(column) / f64::from(all)))
    })
}
