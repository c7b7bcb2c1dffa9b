//! How much of the public a rollout reaches.

/// A share of the public in hundredths of a percent, from 0 to 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

impl Share {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self(10_000);

    /// `hundredths` of a percent; `None` above 10,000.
    pub const fn new(hundredths: u16) -> Option<Self> {
        if hundredths <= Self::ALL.0 { Some(Self(hundredths)) } else { None }
    }

    /// In hundredths of a percent, from 0 to 10,000.
    pub const fn hundredths(self) -> u16 {
        self.0
    }
}

/// A named share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody, also not those who are allowed by name.
    Disabled,
    /// 10 %.
    TenPercent,
    /// 50 %.
    FiftyPercent,
    /// Everybody.
    Full,
}

impl Stage {
    /// Every stage, rising.
    pub const ALL: [Self; 4] = [Self::Disabled, Self::TenPercent, Self::FiftyPercent, Self::Full];

    /// As configurations name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::TenPercent => "TEN_PERCENT",
            Self::FiftyPercent => "FIFTY_PERCENT",
            Self::Full => "FULL",
        }
    }

    /// How much of the public it reaches.
    pub const fn share(self) -> Share {
        Share(match self {
            Self::Disabled => 0,
            Self::TenPercent => 1_000,
            Self::FiftyPercent => 5_000,
            Self::Full => 10_000,
        })
    }
}
