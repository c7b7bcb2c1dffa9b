//! What one id gets.

use super::hash::{Purpose, digest, place};
use super::{Rollout, Share, Variant, Version};

/// What a rollout gives one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment<'a> {
    /// What it gets; `None` is out.
    pub variant: Option<&'a Variant>,
    /// Its place, from 0 to 9,999: in where that is below the share. `None` without an id.
    pub bucket: Option<u16>,
    /// Why.
    pub reason: Reason,
}

/// Why an id is in or out. Tried in this order, but for `Gate` and `Out`, which come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// In, by its bucket.
    Gate,
    /// Out, by its bucket.
    Out,
    /// Out, as all are.
    Disabled,
    /// Out, because it has no id.
    NoId,
    /// Out, because its version of the library is too old or unknown.
    Version,
    /// Out, by name.
    Denied,
    /// In, by name.
    Allowed,
}

impl Reason {
    /// Every reason, each at the place of its discriminant.
    pub const ALL: [Self; 7] =
        [Self::Gate, Self::Out, Self::Disabled, Self::NoId, Self::Version, Self::Denied, Self::Allowed];

    /// As answers show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Out => "out",
            Self::Disabled => "disabled",
            Self::NoId => "no-id",
            Self::Version => "version",
            Self::Denied => "denied",
            Self::Allowed => "allowed",
        }
    }
}

impl Rollout {
    /// What `id` gets with `version` of the library; the empty id is none.
    ///
    /// The same id gets the same answer for ever, and a rising share takes it from nobody. A falling
    /// one takes it from those with the highest buckets, also where they had it before.
    pub fn assign(&self, id: &str, version: Option<Version>) -> Assignment<'_> {
        let bucket = if id.is_empty() { None } else { Some(self.bucket(id)) };
        let reason = self.reason(id, bucket, version);
        let is_in = matches!(reason, Reason::Gate | Reason::Allowed);
        Assignment { variant: if is_in { self.draw(id) } else { None }, bucket, reason }
    }

    /// How `allow` and `deny` name an id.
    pub fn listed(&self, id: &str) -> [u8; 16] {
        let mut entry = [0; 16];
        for (to, from) in entry.iter_mut().zip(digest(&self.flag, &self.salt, Purpose::List, id)) {
            *to = from;
        }
        entry
    }

    fn reason(&self, id: &str, bucket: Option<u16>, version: Option<Version>) -> Reason {
        if self.share == Share::NONE {
            return Reason::Disabled;
        }
        let Some(bucket) = bucket else { return Reason::NoId };
        // An unknown version is below any.
        if self.minimum_version.is_some_and(|minimum| version < Some(minimum)) {
            return Reason::Version;
        }
        if !(self.allow.is_empty() && self.deny.is_empty()) {
            let entry = self.listed(id);
            if self.deny.contains(&entry) {
                return Reason::Denied;
            }
            if self.allow.contains(&entry) {
                return Reason::Allowed;
            }
        }
        if bucket < self.share.hundredths() { Reason::Gate } else { Reason::Out }
    }

    fn bucket(&self, id: &str) -> u16 {
        place(digest(&self.flag, &self.salt, Purpose::Gate, id), u32::from(Share::ALL.hundredths())) as u16
    }

    /// One of the variants, each as often as its weight says.
    fn draw(&self, id: &str) -> Option<&Variant> {
        let total = self.variants.iter().map(|variant| u32::from(variant.weight)).sum();
        let mut left = place(digest(&self.flag, &self.salt, Purpose::Variant, id), total);
        self.variants.iter().find(|variant| {
            let weight = u32::from(variant.weight);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        })
    }
}
