//! What is done with each body: all that must be quick, and nothing that waits.

use std::net::IpAddr;

use super::counters::{Counters, Rejection};
use super::seen::Seen;
use super::source::{Arm, Excess, Limits, Sources, arm_of};
use super::windows::{Windows, empty, is_empty, window_start};
use crate::beacon::{self, Latency, MOST_BYTES, Outcome, Refusal, Release};
use crate::decision::{WHOLE_RUN, Window};
use crate::gate::Rollout;

/// A variant as records name it.
struct Known {
    name: String,
    model: String,
    arm: Arm,
}

/// What has come in.
pub(super) struct Intake {
    flag: String,
    known: Vec<Known>,
    own: Release,
    sources: Sources,
    seen: Seen,
    /// The window that is open.
    window: Window,
    pub(super) counters: Counters,
    /// The windows that are closed.
    pub(super) windows: Windows,
    /// In seconds since 1970, as the ticker last said.
    now_s: u64,
    /// Whether anything came since this was last asked for.
    dirty: bool,
}

impl Intake {
    pub(super) fn new(rollout: &Rollout, limits: Limits, now_s: u64) -> Self {
        let known = |variant: &crate::gate::Variant| Known {
            name: variant.name.clone(),
            model: variant.model.clone(),
            arm: if variant.control { Arm::Control } else { Arm::Treatment },
        };
        Self {
            flag: rollout.flag.clone(),
            known: rollout.variants.iter().map(known).collect(),
            own: Release::parse(env!("CARGO_PKG_VERSION")).expect("a package's version is three numbers"),
            sources: Sources::new(limits, now_s),
            seen: Seen::new(now_s),
            window: empty(window_start(now_s)),
            counters: Counters::new(rollout),
            windows: Windows::default(),
            now_s,
            dirty: false,
        }
    }

    /// Goes on from a former run.
    pub(super) fn resume(&mut self, counters: Counters, windows: &[Window]) {
        self.counters.resume(counters);
        windows.iter().for_each(|window| self.windows.add(window));
        self.windows.drop_ahead(self.now_s);
    }

    /// Tells the time; the window that this ends, if it ends one.
    pub(super) fn tick(&mut self, now_s: u64) -> Option<u64> {
        self.now_s = now_s;
        let start_s = window_start(now_s);
        if start_s == self.window.start_s {
            return None;
        }
        let ended = std::mem::replace(&mut self.window, empty(start_s));
        self.sources.turn(now_s);
        if !is_empty(&ended) {
            self.windows.add(&ended);
        }
        self.windows.drop_ahead(now_s);
        Some(ended.start_s)
    }

    /// Whether anything came since the last call.
    pub(super) fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// The windows, with the open one as far as it is.
    pub(super) fn all_windows(&self) -> Windows {
        let mut windows = self.windows.clone();
        if !is_empty(&self.window) {
            windows.add(&self.window);
        }
        windows
    }

    /// Seconds until the limits of sources begin anew, at least 1.
    pub(super) fn until_next_window(&self) -> u64 {
        self.window.end_s().saturating_sub(self.now_s).max(1)
    }

    pub(super) fn reject(&mut self, why: Rejection) -> Rejection {
        self.dirty = true;
        self.counters.reject(why);
        why
    }

    pub(super) fn decline(&mut self) {
        self.dirty = true;
        self.counters.declined += 1;
    }

    /// Takes a body that an address sent, all of it or nothing.
    pub(super) fn take(&mut self, address: IpAddr, body: &[u8]) -> Result<(), Rejection> {
        self.try_take(address, body).map_err(|why| self.reject(why))
    }

    fn try_take(&mut self, address: IpAddr, body: &[u8]) -> Result<(), Rejection> {
        let source = self.sources.admit(address).map_err(|excess| match excess {
            Excess::Source => Rejection::SourceLimit,
            Excess::Total => Rejection::TotalLimit,
        })?;
        if body.len() > MOST_BYTES {
            return Err(Rejection::TooLarge);
        }
        let batch = beacon::parse(body).map_err(|refusal| match refusal {
            Refusal::Malformed => Rejection::Malformed,
            Refusal::Schema => Rejection::Schema,
        })?;
        if batch.flag != self.flag {
            return Err(Rejection::Flag);
        }
        self.dirty = true;
        if !self.seen.insert(batch.id, self.now_s) {
            self.counters.duplicates += 1;
            return Ok(());
        }
        self.counters.accepted += 1;
        let weight = beacon::weight(batch.rate);
        // Of a source perhaps one run is evidence, and a batch's first is often a page's first, which is its slowest.
        let start = usize::try_from(batch.id % batch.records.len() as u64).expect("below a length");
        let (last, first) = batch.records.split_at(start);
        for record in first.iter().chain(last) {
            let at = self.known.iter().position(|known| known.name == record.variant);
            let known = at.map(|at| &self.known[at]);
            let runs = &mut self.counters.runs[at.unwrap_or(self.known.len())];
            runs.add(record, weight, known.map(|known| known.model.as_str()), self.own);
            // Nobody knows how a run would have ended that the page broke off.
            let Some(known) = known.filter(|_| record.outcome != Outcome::Aborted) else { continue };
            let counts = self.sources.counts(source, known.arm);
            self.counters.evidence[known.arm as usize][usize::from(!counts)] += 1;
            if counts {
                // Each record weighs the same: a rate is what a page says, and must not make its word heavier.
                let arm = arm_of(&mut self.window, known.arm);
                arm.add(WHOLE_RUN, record.outcome.is_error(), record.latency.index());
            }
        }
        Ok(())
    }
}

const _: () = assert!(Latency::NAMES.len() == 8, "the decision's buckets are the beacons'");

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ROLLOUT: &str = r#"{"version":1,"flag":"hair-cutout","salt":"s","stage":"FULL","variants":[
        {"name":"old","weight":1,"model":"selfie","control":true},{"name":"new","weight":1,"model":"multiclass"}]}"#;

    fn intake() -> Intake {
        let limits = Limits { batches: 1000, total_batches: 100_000, share: 50 };
        Intake::new(&Rollout::parse(ROLLOUT).unwrap(), limits, 1000)
    }

    fn body(number: u32, variant: &str, outcome: &str, count: usize) -> String {
        let record = format!(
            r#"{{"variant":"{variant}","model":"selfie","executor":"cpu","outcome":"{outcome}","latency":"le_250","size":"le_2mp","coverage":"le_50","version":"0.1.0"}}"#
        );
        let records = vec![record.as_str(); count].join(",");
        format!(
            r#"{{"schema":1,"batch":"AAAAAAAAAAA{number:010}A","flag":"hair-cutout","rate":5000,"records":[{records}]}}"#
        )
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn counts_runs_by_weight_and_evidence_by_record() {
        let mut intake = intake();
        for number in 0..100 {
            intake.take(address(number), body(number, "new", "decode", 1).as_bytes()).unwrap();
        }
        intake.take(address(500), body(500, "mystery", "ok", 3).as_bytes()).unwrap();
        intake.take(address(500), body(500, "mystery", "ok", 3).as_bytes()).unwrap();
        assert_eq!((intake.counters.accepted, intake.counters.duplicates), (101, 1));
        assert_eq!(intake.counters.runs[1].outcomes[Outcome::Decode.index()], 100 * 200);
        assert_eq!(intake.counters.runs[2].outcomes[Outcome::Ok.index()], 3 * 200, "others are one");
        assert_eq!(intake.tick(1004), None);
        assert_eq!(intake.tick(1005), Some(1000));
        let window = intake.windows.last().unwrap();
        assert!(window.treatment.samples >= 95, "few sources share a slot");
        assert_eq!(window.treatment.errors, window.treatment.weight);
        assert!(window.is_possible());
    }

    #[test]
    fn one_client_neither_trips_nor_masks_a_rollback() {
        for (crowd, loud) in [("ok", "internal"), ("internal", "ok")] {
            let mut intake = intake();
            // A whole window of one loud client, among three hundred who run once each.
            for number in 0..300 {
                intake.take(address(number), body(number, "new", crowd, 1).as_bytes()).unwrap();
                intake.take(address(9999), body(10_000 + number, "new", loud, 50).as_bytes()).unwrap();
            }
            intake.tick(1005);
            let arm = intake.windows.last().unwrap().treatment;
            let errors = arm.errors as f64 / arm.weight as f64;
            if crowd == "ok" {
                assert!(errors < 0.01, "{errors}")
            } else {
                assert!(errors > 0.99, "{errors}")
            }
        }
    }

    #[test]
    fn any_run_of_a_batch_may_be_the_evidence() {
        let mut intake = intake();
        for number in 0..150 {
            // Each from another place, whose first run of ten fails.
            let ok = body(number, "new", "ok", 10);
            intake.take(address(number), ok.replacen("\"ok\"", "\"internal\"", 1).as_bytes()).unwrap();
        }
        intake.tick(1005);
        let arm = intake.windows.last().unwrap().treatment;
        assert!((140..=150).contains(&arm.samples), "{arm:?}");
        let errors = arm.errors as f64 / arm.weight as f64;
        assert!((0.02..0.3).contains(&errors), "one in ten fails, and {errors} of the evidence");
    }

    #[test]
    fn a_clock_that_ran_ahead_leaves_nothing_behind() {
        let mut intake = intake();
        let starts = |intake: &Intake| -> Vec<u64> {
            intake.all_windows().between(0, u64::MAX).iter().map(|window| window.start_s).collect()
        };
        intake.take(address(1), body(1, "new", "ok", 1).as_bytes()).unwrap();
        intake.tick(4600);
        intake.take(address(2), body(2, "new", "ok", 1).as_bytes()).unwrap();
        assert_eq!(starts(&intake), [1000, 4600]);
        // It is set right while a window of its own is open.
        intake.tick(1006);
        assert_eq!(starts(&intake), [1000]);
        // A former run may have left some as well.
        let former = [empty(995), empty(4600)];
        intake.resume(Counters::default(), &former);
        assert_eq!(starts(&intake), [995, 1000]);
    }

    #[test]
    fn a_refused_body_counts_nothing() {
        let mut intake = intake();
        let good = body(1, "new", "ok", 2);
        let bad = [
            (good.replace("le_250", "le_251"), Rejection::Schema),
            (good.replace("hair-cutout", "other-flag"), Rejection::Flag),
            (good[..good.len() - 1].to_owned(), Rejection::Malformed),
            (good + &" ".repeat(9000), Rejection::TooLarge),
        ];
        for (body, why) in bad {
            assert_eq!(intake.take(address(1), body.as_bytes()), Err(why));
        }
        assert_eq!(intake.counters.accepted, 0);
        assert!(intake.all_windows().last().is_none());
    }
}
