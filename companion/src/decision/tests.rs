//! Decisions as a table, and what must hold for any windows.

use super::random::Random;
use super::*;

/// Runs of one window: all, failed, slower than 1 s.
type Runs = (u64, u64, u64);

fn arm((samples, errors, slow): Runs) -> Arm {
    let mut arm = Arm::default();
    for i in 0..samples {
        arm.add(WHOLE_RUN, i < errors, if i >= samples - slow { 5 } else { 2 });
    }
    arm
}

/// Windows that follow each other, of the treatment's and the control's runs.
fn windows(runs: &[(Runs, Runs)]) -> Vec<Window> {
    let window = |(i, (treatment, control)): (usize, &(Runs, Runs))| Window {
        start_s: 1000 + 5 * i as u64,
        seconds: 5,
        treatment: arm(*treatment),
        control: arm(*control),
    };
    runs.iter().enumerate().map(window).collect()
}

/// `label`, then what tells apart decisions of that kind.
fn short(decision: &Decision) -> String {
    match decision {
        Decision::Hold { .. } => "hold".into(),
        Decision::Inconclusive { cause, .. } => format!("inconclusive {cause:?}"),
        Decision::RollBack(Breach { reason, rule, control, .. }) => {
            format!("{rule:?} {reason:?}, control {control:?}")
        }
    }
}

#[test]
fn table() {
    const NONE: Runs = (0, 0, 0);
    let good = (250, 2, 5);
    type Case = (&'static str, Vec<(Runs, Runs)>, &'static str);
    let cases: &[Case] = &[
        ("nothing", vec![], "inconclusive FewSamples"),
        ("199 runs, all well", vec![((199, 0, 0), NONE)], "inconclusive FewSamples"),
        ("200 runs, all well", vec![((200, 0, 0), NONE)], "hold"),
        ("99 runs, all failed", vec![((99, 99, 0), NONE)], "inconclusive FewSamples"),
        ("100 runs, 10 failed", vec![((100, 10, 0), NONE)], "inconclusive FewSamples"),
        ("100 runs, 11 failed", vec![((100, 11, 0), NONE)], "Fast ErrorRate, control None"),
        ("one window at 5 %", vec![(good, NONE), ((250, 13, 0), NONE)], "inconclusive UnprovenErrorRate"),
        ("two windows at 5 %", vec![((250, 13, 0), NONE); 2], "Sustained ErrorRate, control None"),
        (
            "two at 5 %, one good between",
            vec![((250, 13, 0), NONE), (good, NONE), ((250, 13, 0), NONE)],
            "inconclusive UnprovenErrorRate",
        ),
        (
            "small windows at 6 % pool",
            [vec![((25, 1, 0), NONE)], vec![((25, 2, 0), NONE)]].concat().repeat(8),
            "Sustained ErrorRate, control None",
        ),
        ("2.8 % for long", vec![((250, 7, 0), NONE); 103], "Sustained ErrorRate, control None"),
        ("2 % for long", vec![((250, 5, 0), NONE); 720], "hold"),
        (
            "later success",
            [vec![((250, 40, 0), NONE)], vec![(good, NONE); 719]].concat(),
            "Fast ErrorRate, control None",
        ),
        ("5 % slow", vec![((200, 0, 10), NONE); 360], "hold"),
        ("20 % slow", vec![((250, 0, 50), NONE)], "Fast Latency, control None"),
        ("11 % slow, twice", vec![((250, 0, 28), NONE); 2], "Sustained Latency, control None"),
        ("11 % slow, once", vec![(good, NONE), ((250, 0, 28), NONE)], "inconclusive UnprovenLatency"),
        ("both bad", vec![((250, 50, 50), NONE)], "Fast ErrorRate, control None"),
        ("both arms bad", vec![((250, 25, 0), (250, 25, 0))], "Fast ErrorRate, control Alike"),
        ("only the variant bad", vec![((250, 25, 0), (250, 1, 0))], "Fast ErrorRate, control Better"),
        ("control too small", vec![((250, 25, 0), (199, 1, 0))], "Fast ErrorRate, control None"),
        ("only the control bad", vec![((250, 1, 0), (250, 25, 0)); 9], "hold"),
        ("only control", vec![(NONE, (250, 1, 0)); 9], "inconclusive OnlyControl"),
        (
            "worse than control, in order alone",
            vec![((2500, 48, 0), (2500, 3, 0)); 8],
            "Control ErrorRate, control Better",
        ),
        ("as good as control", vec![((2500, 48, 0), (2500, 45, 0)); 8], "hold"),
        (
            "slower than control, in order alone",
            vec![((2500, 0, 120), (2500, 0, 10)); 8],
            "Control Latency, control Better",
        ),
    ];
    for (name, runs, want) in cases {
        let decision = decide(&Policy::default(), &windows(runs));
        assert_eq!(short(&decision), *want, "{name}: {decision}");
    }
}

#[test]
fn windows_that_cannot_be_are_left_out_and_said() {
    let policy = Policy::default();
    let mut list = windows(&[((250, 2, 0), (0, 0, 0)); 4]);
    list[1].treatment.errors = u64::MAX;
    assert_eq!(short(&decide(&policy, &list)), "inconclusive Contradictory");
    list[2].start_s = 0;
    let Decision::Inconclusive { skipped, error_rate, .. } = decide(&policy, &list) else { panic!() };
    assert_eq!((skipped, error_rate.treatment.samples), (2, 500));
    list[3].treatment = arm((250, 50, 0));
    assert_eq!(short(&decide(&policy, &list)), "Fast ErrorRate, control None", "a breach acts all the same");
}

#[test]
fn sampled_runs_prove_less() {
    // The same share of the same weight, as 250 runs or as 25 that stand for ten each.
    let mut window = Window { start_s: 0, seconds: 5, ..Window::default() };
    (0..250).for_each(|i| window.treatment.add(WHOLE_RUN, i % 10 == 0, 2));
    assert_eq!(decide(&Policy::default(), &[window]).label(), "roll-back");
    window.treatment = Arm::default();
    (0..25).for_each(|i| window.treatment.add(10 * WHOLE_RUN, i % 10 == 0, 2));
    (0..100).for_each(|_| window.treatment.add(1, false, 2));
    let decision = decide(&Policy::default(), &[window]);
    assert_eq!(decision.label(), "inconclusive", "{decision}");
}

#[test]
fn says_what_it_decided_by() {
    let decision = decide(&Policy::default(), &windows(&[((250, 13, 0), (250, 2, 0)); 2]));
    assert_eq!(
        decision.to_string(),
        "roll back: 5.20 % failed of 250 runs in 5 s (surely 2.33 %), then 5.20 % failed of 250 runs in 5 s \
         (surely 2.33 %); at most 2.00 % is in order; the control is not surely better (0.80 %), the change may not be the cause"
    );
    let decision = decide(&Policy::default(), &windows(&[((250, 2, 5), (0, 0, 0))]));
    assert_eq!(decision.to_string(), "hold: 0.80 % failed and 2.00 % too slow of 250 runs in 5 s");
    let Decision::Hold { error_rate, .. } = decision else { panic!() };
    assert_eq!((error_rate.start_s, error_rate.end_s), (1000, 1005));
}

/// Windows of any size and badness, with pauses between some.
fn any(random: &mut Random) -> Vec<Window> {
    let badness = [5, 20, 60, 150][random.below(4) as usize];
    let size = [3, 30, 300][random.below(3) as usize];
    let mut start_s = 0;
    let runs = |random: &mut Random| {
        let mut arm = Arm::default();
        for _ in 0..random.below(size + 1) {
            let weight = WHOLE_RUN * (1 + random.below(3));
            arm.add(
                weight,
                random.below(1000) < badness,
                if random.below(1000) < 2 * badness { 6 } else { 1 },
            );
        }
        arm
    };
    (0..random.below(40))
        .map(|_| {
            start_s += 5 + 5 * (random.below(10) / 9);
            Window { start_s, seconds: 5, treatment: runs(random), control: runs(random) }
        })
        .collect()
}

#[test]
fn more_errors_never_take_a_rollback_back() {
    let policy = Policy::default();
    let mut rollbacks = 0;
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let mut list = any(&mut random);
        let before = decide(&policy, &list);
        for window in &mut list {
            // Some runs that went well fail after all, or take longer.
            let arm = &mut window.treatment;
            arm.errors += (arm.weight - arm.errors) * random.below(4) / 10;
            let moved = arm.latency[1] * random.below(4) / 10;
            arm.latency[1] -= moved;
            arm.latency[7] += moved;
        }
        let after = decide(&policy, &list);
        if let Decision::RollBack(Breach { at_s, .. }) = before {
            rollbacks += 1;
            let Decision::RollBack(worse) = after else { panic!("seed {seed}: {before} became {after}") };
            assert!(worse.at_s <= at_s, "seed {seed}: later, though worse");
        }
    }
    assert!(rollbacks > 300, "only {rollbacks} of 3000 lists are a breach");
}

#[test]
fn what_is_forgotten_is_not_missed() {
    // Three hours, of which one counts: the first two are dropped as they go by.
    let mut watch = Watch::new(Policy::default());
    for i in 0..2160 {
        let mut list = windows(&[((50, u64::from(i % 2 == 0), 0), (50, 0, 0))]);
        list[0].start_s = 5 * i;
        assert_eq!(watch.push(&list[0]), None);
    }
    let Decision::Hold { error_rate, .. } = watch.decision() else { panic!("{}", watch.decision()) };
    assert_eq!((error_rate.treatment.samples, error_rate.start_s, error_rate.end_s), (36_000, 7200, 10_800));
    watch.clear();
    assert_eq!(short(&watch.decision()), "inconclusive FewSamples");
}

#[test]
fn later_windows_never_change_a_breach() {
    let policy = Policy::default();
    for seed in 0..1000 {
        let list = any(&mut Random::new(seed));
        let whole = decide(&policy, &list);
        let first =
            (0..=list.len()).map(|end| decide(&policy, &list[..end])).find(|d| d.label() == "roll-back");
        match first {
            Some(first) => assert_eq!(whole, first, "seed {seed}"),
            None => assert_ne!(whole.label(), "roll-back", "seed {seed}"),
        }
    }
}

#[test]
fn scale_and_clock_do_not_matter() {
    let policy = Policy::default();
    for seed in 0..500 {
        let list = any(&mut Random::new(seed));
        let decision = decide(&policy, &list);
        let moved: Vec<_> = list.iter().map(|w| Window { start_s: w.start_s + 1_000_000, ..*w }).collect();
        assert_eq!(short(&decide(&policy, &moved)), short(&decision), "seed {seed}, moved");
        // Runs that all weigh four times as much were sampled, and say exactly as much.
        let scaled = |arm: &Arm| Arm {
            weight: arm.weight * 4,
            weight_squares: arm.weight_squares * 16,
            errors: arm.errors * 4,
            latency: arm.latency.map(|sum| sum * 4),
            ..*arm
        };
        let heavy: Vec<_> = list
            .iter()
            .map(|w| Window { treatment: scaled(&w.treatment), control: scaled(&w.control), ..*w })
            .collect();
        assert_eq!(decide(&policy, &heavy), decision, "seed {seed}, scaled");
    }
}

#[test]
fn hostile_sums_do_not_panic() {
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let mut number = || random.next_u64() >> (random.next_u64() % 64);
        let mut arm = || Arm {
            samples: number(),
            weight: number(),
            weight_squares: number(),
            errors: number(),
            latency: std::array::from_fn(|_| number()),
        };
        let list: Vec<_> = (0..20)
            .map(|i| Window { start_s: u64::MAX / 20 * i, seconds: 1 << i, treatment: arm(), control: arm() })
            .collect();
        let _ = decide(&Policy::default(), &list).to_string();
    }
}
