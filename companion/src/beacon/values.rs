//! The lists of values that a record may hold.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};

/// One list gives the values, their names in records and labels, and their reader: so that the three
/// cannot differ.
macro_rules! closed {
    ($(#[$about:meta])* $list:ident { $($(#[$what:meta])* $value:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $list {
            $($(#[$what])* #[doc = concat!("`", $name, "`")] $value,)+
        }

        impl $list {
            /// Every value's name, in order.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Its place among the names.
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl<'de> Deserialize<'de> for $list {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                struct Name;
                impl Visitor<'_> for Name {
                    type Value = $list;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        formatter.write_str("a value of the list")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$list, E> {
                        match text {
                            $($name => Ok($list::$value),)+
                            _ => Err(E::custom("not in the list")),
                        }
                    }
                }
                input.deserialize_str(Name).map_err(D::Error::custom)
            }
        }
    };
}

closed! {
    /// What ran the network.
    Executor {
        Cpu = "cpu",
        Gpu = "gpu",
        Onnx = "onnx",
    }
}

closed! {
    /// How a run ended.
    Outcome {
        Ok = "ok",
        Decode = "decode",
        ModelLoad = "model-load",
        Integrity = "integrity",
        GpuLost = "gpu-lost",
        OutOfMemory = "out-of-memory",
        Timeout = "timeout",
        NoSubject = "no-subject",
        Aborted = "aborted",
        Unsupported = "unsupported",
        Internal = "internal",
    }
}

impl Outcome {
    /// Whether the library failed: not if there is nobody in the picture, nor if the page gave up.
    pub const fn is_error(self) -> bool {
        !matches!(self, Self::Ok | Self::NoSubject | Self::Aborted)
    }
}

closed! {
    /// The whole run, in milliseconds: each value is the upper edge, which belongs to it.
    Latency {
        Le50 = "le_50",
        Le100 = "le_100",
        Le250 = "le_250",
        Le500 = "le_500",
        Le1000 = "le_1000",
        Le2500 = "le_2500",
        Le5000 = "le_5000",
        Gt5000 = "gt_5000",
    }
}

impl Latency {
    /// The upper edges in seconds, of all values but the last, which has none.
    pub const EDGES: [f64; 7] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
}

closed! {
    /// The picture, in megapixels.
    Size {
        Le0_5 = "le_0_5mp",
        Le2 = "le_2mp",
        Le8 = "le_8mp",
        Le16 = "le_16mp",
        Gt16 = "gt_16mp",
    }
}

closed! {
    /// The matte's share of the picture, in percent.
    Coverage {
        None = "none",
        Le10 = "le_10",
        Le25 = "le_25",
        Le50 = "le_50",
        Le75 = "le_75",
        Gt75 = "gt_75",
    }
}

closed! {
    /// Intersection over union with another matte of the same picture, in percent.
    Agreement {
        Ge99 = "ge_99",
        Ge95 = "ge_95",
        Ge90 = "ge_90",
        Ge75 = "ge_75",
        Lt75 = "lt_75",
    }
}

closed! {
    /// Where the other matte came from.
    Reference {
        Previous = "previous",
        Cpu = "cpu",
    }
}
