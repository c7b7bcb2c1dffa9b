//! What one source of beacons may do, without knowing who it is.
//!
//! An address is hashed with a salt that is drawn anew every ten minutes and kept nowhere; what is left of
//! it is a slot of a table. Sources that share a slot share its limits, so that memory is bounded and a
//! collision can only give somebody less weight.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;

use crate::decision::Window;

const SLOTS: usize = 8192;

/// The bytes of an IPv6 address that batches are limited by: a /64, any address of which a host may use.
const NETWORK: usize = 8;
/// Those that evidence is counted by: a /48. A household has up to 256 of the former, and a site 65,536.
const SITE: usize = 6;

/// How long a salt lasts, in seconds.
const EPOCH_S: u64 = 600;

/// Which of a window's arms a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arm {
    /// A variant under trial.
    Treatment,
    /// What it is compared with.
    Control,
}

impl Arm {
    /// Both arms' names, as labels.
    pub(super) const NAMES: [&'static str; 2] = ["treatment", "control"];
}

/// What sources may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Batches that a source may send in a window.
    pub(super) batches: u32,
    /// Batches that all may send in a window.
    pub(super) total_batches: u32,
    /// The largest share of an arm's evidence that is one source's, in 1/10,000; one run is always taken.
    pub(super) share: u64,
}

/// Who is above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// This source.
    Source,
    /// All together.
    Total,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    /// The window that the next two fields are of.
    window: u32,
    batches: u32,
    in_window: [u32; 2],
    in_epoch: [u32; 2],
}

/// The table of sources.
pub(super) struct Sources {
    limits: Limits,
    salt: RandomState,
    salted_at_s: u64,
    /// Counts windows, so that slots need not be cleared.
    window: u32,
    batches: u32,
    in_window: [u32; 2],
    in_epoch: [u32; 2],
    slots: Box<[Slot]>,
}

impl Sources {
    pub(super) fn new(limits: Limits, now_s: u64) -> Self {
        Self {
            limits,
            salt: RandomState::new(),
            salted_at_s: now_s,
            window: 1,
            batches: 0,
            in_window: [0; 2],
            in_epoch: [0; 2],
            slots: vec![Slot::default(); SLOTS].into(),
        }
    }

    /// Begins the next window and, when it is time, forgets who anybody was.
    pub(super) fn turn(&mut self, now_s: u64) {
        (self.window, self.batches, self.in_window) = (self.window.wrapping_add(1), 0, [0; 2]);
        // Also after a clock was set back, so that no salt lasts for as long as it was wrong.
        if now_s.abs_diff(self.salted_at_s) >= EPOCH_S {
            *self = Self { window: self.window, ..Self::new(self.limits, now_s) };
        }
    }

    /// The slot of an address's evidence, if the address may send one more batch.
    pub(super) fn admit(&mut self, address: IpAddr) -> Result<usize, Excess> {
        let evidence = self.slot(address, SITE);
        self.fresh(evidence);
        let at = self.slot(address, NETWORK);
        if self.fresh(at).batches >= self.limits.batches {
            return Err(Excess::Source);
        }
        if self.batches >= self.limits.total_batches {
            return Err(Excess::Total);
        }
        self.slots[at].batches += 1;
        self.batches += 1;
        Ok(evidence)
    }

    /// A slot, without what it held of former windows.
    fn fresh(&mut self, at: usize) -> &mut Slot {
        let slot = &mut self.slots[at];
        if slot.window != self.window {
            *slot = Slot { window: self.window, in_epoch: slot.in_epoch, ..Slot::default() };
        }
        slot
    }

    /// Whether one more run of an admitted source is evidence: of each arm a source gets one run, or its
    /// share, of the window and of the time since the salt was drawn, and no more.
    ///
    /// The window's share keeps one source from tripping a rollback with a burst, the longer one from
    /// doing it where hardly anybody else is.
    pub(super) fn counts(&mut self, at: usize, arm: Arm) -> bool {
        let slot = &mut self.slots[at];
        let arm = arm as usize;
        let share = self.limits.share;
        let most = |total: u32| ((u64::from(total) + 1) * share / 10_000).max(1);
        if u64::from(slot.in_window[arm]) >= most(self.in_window[arm])
            || u64::from(slot.in_epoch[arm]) >= most(self.in_epoch[arm])
        {
            return false;
        }
        for count in [&mut slot.in_window, &mut slot.in_epoch, &mut self.in_window, &mut self.in_epoch]
            .map(|c| &mut c[arm])
        {
            *count = count.saturating_add(1);
        }
        true
    }

    /// An IPv6 address counts with so many bytes of its network.
    fn slot(&self, address: IpAddr, bytes: usize) -> usize {
        let hash = match address.to_canonical() {
            IpAddr::V4(address) => self.salt.hash_one(address.octets()),
            IpAddr::V6(address) => self.salt.hash_one(&address.octets()[..bytes]),
        };
        hash as usize % SLOTS
    }
}

/// The arm of a window.
pub(super) fn arm_of(window: &mut Window, arm: Arm) -> &mut crate::decision::Arm {
    match arm {
        Arm::Treatment => &mut window.treatment,
        Arm::Control => &mut window.control,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const LIMITS: Limits = Limits { batches: 10, total_batches: 100, share: 50 };

    fn v4(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0A00_0000 + number).into()
    }

    #[test]
    fn limits_batches_of_one_and_of_all() {
        let mut sources = Sources::new(LIMITS, 0);
        (0..10).for_each(|_| assert!(sources.admit(v4(1)).is_ok()));
        assert_eq!(sources.admit(v4(1)), Err(Excess::Source));
        (0..90).for_each(|number| assert!(sources.admit(v4(100 + number)).is_ok()));
        assert_eq!(sources.admit(v4(2)), Err(Excess::Total));
        sources.turn(5);
        assert!(sources.admit(v4(1)).is_ok());
    }

    #[test]
    fn one_source_is_a_run_or_its_share() {
        let mut sources = Sources::new(Limits { batches: u32::MAX, total_batches: u32::MAX, ..LIMITS }, 0);
        let flood = |sources: &mut Sources| {
            let at = sources.admit(v4(1)).unwrap();
            (0..10_000).filter(|_| sources.counts(at, Arm::Treatment)).count()
        };
        // Alone it is one run, in every window until the salt changes.
        assert_eq!(flood(&mut sources), 1);
        sources.turn(5);
        assert_eq!(flood(&mut sources), 0);
        // The other arm is another matter.
        let at = sources.admit(v4(1)).unwrap();
        assert!(sources.counts(at, Arm::Control));
        // Among a thousand others it is 1 in 200.
        let others = |sources: &mut Sources| {
            let counted = |number: &u32| {
                let at = sources.admit(v4(1000 + number)).unwrap();
                sources.counts(at, Arm::Treatment)
            };
            (0..1000).filter(counted).count()
        };
        assert!(others(&mut sources) > 900, "few share a slot");
        assert!(flood(&mut sources) <= 5);
        sources.turn(600);
        assert_eq!(flood(&mut sources), 1);
    }

    #[test]
    fn a_whole_share_is_no_cap() {
        let mut sources = Sources::new(Limits { share: 10_000, ..LIMITS }, 0);
        let at = sources.admit(v4(1)).unwrap();
        assert!((0..1000).all(|_| sources.counts(at, Arm::Treatment)));
    }

    #[test]
    fn networks_of_ipv6_are_one_source() {
        let mut sources = Sources::new(LIMITS, 0);
        let v6 = |text: &str| IpAddr::from(text.parse::<Ipv6Addr>().unwrap());
        // A /64 is one for its batches, a /48 for its evidence.
        let same = |one: &str, other: &str| {
            [NETWORK, SITE].map(|bytes| sources.slot(v6(one), bytes) == sources.slot(v6(other), bytes))
        };
        assert_eq!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), [true, true]);
        assert_eq!(same("2001:db8:1:2::1", "2001:db8:1:3::1"), [false, true]);
        assert_eq!(same("2001:db8:1:2::1", "2001:db8:2:2::1"), [false, false]);
        assert_eq!(sources.slot(v6("::ffff:10.0.0.1"), SITE), sources.slot(v4(1), SITE));
        // So who has a /48 to send from is one run's worth, from whatever networks of it, and may send on.
        let networks = (0..50).filter(|network| {
            let at = sources.admit(v6(&format!("2001:db8:7:{network:x}::1"))).unwrap();
            sources.counts(at, Arm::Treatment)
        });
        assert_eq!(networks.count(), 1);
    }
}
