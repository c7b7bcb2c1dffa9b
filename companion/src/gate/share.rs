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
        let number = text.strip_suffix('%')?;
        let (whole, part) = match number.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, part)) => (whole, part),
            None => (number, ""),
        };
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(part) || !matches!(whole.len(), 1..=3) || part.len() > 2 {
            return None;
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        let digits = whole.bytes().chain(part.bytes()).chain([b'0'; 2]);
        let hundredths = digits.take(whole.len() + 2).fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
        u16::try_from(hundredths).ok().and_then(Self::new)
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
        Self::ALL.into_iter().find(|stage| stage.name() == name)
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
