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

    /// Reads `12%`, `12.3%` or `12.34%`, from `0%` to `100%`, without signs, blanks or zeros in front.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut hundredths, mut whole, mut decimals) = (0_u32, 0, None);
        let (b'%', number) = text.as_bytes().split_last()? else { return None };
        for byte in number {
            match (byte, decimals) {
                (b'0'..=b'9', None) if whole < 3 && (whole == 0 || hundredths > 0) => whole += 1,
                (b'0'..=b'9', Some(count)) if count < 2 => decimals = Some(count + 1),
                (b'.', None) if whole > 0 => {
                    decimals = Some(0);
                    continue;
                }
                _ => return None,
            }
            hundredths = hundredths * 10 + u32::from(byte - b'0');
        }
        if whole == 0 || decimals == Some(0) {
            return None;
        }
        for _ in decimals.unwrap_or(0)..2 {
            hundredths *= 10;
        }
        if hundredths <= u32::from(Self::ALL.0) { Some(Self(hundredths as u16)) } else { None }
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

    /// The stage of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stage| stage.name() == name)
    }

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

/// What the environment variable `ROLLOUT_STAGE` says, whatever the configuration does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// Nothing: it is not set.
    Absent,
    /// That stage.
    Stage(Stage),
    /// No stage at all, which closes the rollout: a slip must not open it.
    Invalid,
}

impl Override {
    /// Reads the variable's value: a stage's name, or `0`, `10`, `50` or `100`; `None` where it is not set.
    pub fn parse(value: Option<&str>) -> Self {
        let Some(value) = value else { return Self::Absent };
        let stage = match value {
            "0" => Some(Stage::Disabled),
            "10" => Some(Stage::TenPercent),
            "50" => Some(Stage::FiftyPercent),
            "100" => Some(Stage::Full),
            name => Stage::parse(name),
        };
        stage.map_or(Self::Invalid, Self::Stage)
    }

    /// The share that holds where the configuration says `share`.
    pub const fn apply(self, share: Share) -> Share {
        match self {
            Self::Absent => share,
            Self::Stage(stage) => stage.share(),
            Self::Invalid => Share::NONE,
        }
    }
}
