use super::super::interpret::interpret;
use super::super::samples::{is_quick, picture, samples};
use super::*;

/// Puts length and checksum right, so that what is between them is judged by itself.
fn sealed(file: &[u8]) -> Vec<u8> {
    let mut file = file[..file.len() - CHECKSUM].to_vec();
    let length = (file.len() - HEAD) as u32;
    file[8..12].copy_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&checksum(&file).to_le_bytes());
    file
}

/// Plans that come out where a few bytes of `plan`'s file were changed at random, out of `tries`.
pub(crate) fn mutants(plan: &Plan, tries: usize) -> impl Iterator<Item = Plan> {
    let file = encode(plan);
    let mut state = 5_u64;
    let mut below = move |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    (0..tries).filter_map(move |_| {
        let mut changed = file.clone();
        for _ in 0..1 + below(3) {
            let at = HEAD + below(file.len() - HEAD - CHECKSUM);
            changed[at] = if below(2) == 0 { below(256) } else { below(8) } as u8;
        }
        decode(&sealed(&changed)).ok()
    })
}

fn assert_refused(file: &[u8], kinds: &[ErrorKind], what: &dyn Fn() -> String) {
    match decode(file) {
        Ok(_) => panic!("{} was accepted", what()),
        Err(error) => assert!(kinds.contains(&error.kind()), "{}: {:?}, {error}", what(), error.kind()),
    }
}

/// Runs the plan if that is quick; the interpreter panics if it reaches beyond a buffer or constant.
fn run(plan: &Plan) {
    if is_quick(plan) {
        interpret(plan, &picture(plan.buffers[plan.input]));
    }
}

#[test]
fn every_kind_of_step_comes_back() {
    let mut names = std::collections::BTreeSet::new();
    for plan in samples() {
        let file = encode(&plan);
        assert_eq!(decode(&file).unwrap(), plan);
        assert_eq!(encode(&plan), file);
        assert!(file.len() < 330, "{} bytes", file.len());
        names.extend(plan.steps.iter().map(|step| step.op.name()));
        run(&plan);
    }
    assert_eq!(names.len(), 14, "{names:?}");
}

#[test]
fn no_changed_byte_passes_the_checksum() {
    for plan in samples() {
        let file = encode(&plan);
        for at in 0..file.len() {
            let mut changed = file.clone();
            for change in 1..=255 {
                changed[at] = file[at] ^ change;
                let kinds: &[ErrorKind] = match at {
                    0..HEAD => &[ErrorKind::UnsupportedModel],
                    _ => &[ErrorKind::ChecksumMismatch],
                };
                assert_refused(&changed, kinds, &|| format!("byte {at} changed to {}", changed[at]));
            }
        }
    }
}

#[test]
fn a_changed_byte_under_a_right_checksum_is_an_error_or_another_plan() {
    let (mut accepted, mut refused) = (0, 0);
    for plan in samples() {
        let file = encode(&plan);
        for at in HEAD..file.len() - CHECKSUM {
            for change in 1..=255 {
                let mut changed = file.clone();
                changed[at] ^= change;
                let changed = sealed(&changed);
                match decode(&changed) {
                    Ok(other) => {
                        assert_eq!(encode(&other), changed, "byte {at} changed to {}", changed[at]);
                        run(&other);
                        accepted += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::UnsupportedModel, "{error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(accepted > 1000 && refused > 10_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_file_that_is_cut_short_is_refused() {
    let kinds = [ErrorKind::UnsupportedModel, ErrorKind::ChecksumMismatch];
    for plan in samples() {
        let file = encode(&plan);
        for length in 0..file.len() {
            assert_refused(&file[..length], &kinds, &|| format!("cut to {length}"));
            if (HEAD + CHECKSUM..).contains(&length) {
                let short = sealed(&file[..length]);
                assert_refused(&short, &[ErrorKind::UnsupportedModel], &|| {
                    format!("cut to {length}, sealed")
                });
            }
        }
        let mut long = file.clone();
        long.push(0);
        assert_refused(&long, &kinds, &|| "one byte more".to_owned());
        assert_refused(&sealed(&long), &[ErrorKind::UnsupportedModel], &|| {
            "one byte more, sealed".to_owned()
        });
    }
}

#[test]
fn several_changed_bytes_do_no_harm() {
    for plan in samples() {
        mutants(&plan, 20_000).for_each(|mutant| run(&mutant));
    }
}

#[test]
fn a_count_without_bytes_reserves_nothing() {
    // One buffer, one constant of 2^40 values, which no file can hold.
    let mut writer = Writer::default();
    writer.sizes(&[1, 1, 1, 4, 1, 1, 4, 1 << 10, 1 << 10, 1 << 10, 1 << 10, 0, 0, 0]);
    let mut file = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &[0; 4]].concat();
    file.extend_from_slice(&writer.bytes);
    file.extend_from_slice(&[0; CHECKSUM]);
    let error = decode(&sealed(&file)).unwrap_err();
    assert!(error.to_string().contains("bytes are left, want"), "{error}");
}
