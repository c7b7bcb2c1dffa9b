//! The table of the shaders that make a plan's steps; ARCHITECTURE.md says why there is none less.
//!
//! All bindings but the parameters are storage buffers. The first of them is the residual.

use super::shader::{Binding, Shader};

/// The bindings of a shader that reads as many buffers beside the residual, and writes one.
const fn bindings<const N: usize>() -> [Binding; N] {
    let mut all = [Binding::Read; N];
    all[0] = Binding::Uniform;
    all[N - 1] = Binding::Write;
    all
}

macro_rules! shader {
    ($name:literal, [$($shared:literal),*], $bindings:literal, $workgroup:expr, [$($constant:literal),*]) => {
        Shader {
            name: $name,
            source: concat!(
                include_str!("shaders/finish.wgsl"),
                $("\n", include_str!(concat!("shaders/", $shared, ".wgsl")),)*
                "\n",
                include_str!(concat!("shaders/", $name, ".wgsl")),
            ),
            bindings: &bindings::<$bindings>(),
            workgroup: $workgroup,
            constants: &["ACTIVATION", "RESIDUAL", "AFTER", $($constant),*],
        }
    };
}

/// Four channels by sixteen fours of pixels: few channels leave nothing idle, and many read whole lines.
const TILE: [u32; 3] = [4, 16, 1];
/// Invocations that find their place by themselves, so that none is idle whatever the channels.
const LINE: [u32; 3] = [64, 1, 1];

pub(super) static POINTWISE: Shader =
    shader!("pointwise", ["block", "product"], 7, LINE, ["BLOCKS", "EIGHT", "GATED"]);
pub(super) static CONV: Shader =
    shader!("conv", ["block", "window", "product"], 6, LINE, ["BLOCKS", "EIGHT"]);
pub(super) static TRANSPOSED: Shader =
    shader!("transposed", ["block", "product"], 6, LINE, ["BLOCKS", "EIGHT"]);
pub(super) static DEPTHWISE: Shader =
    shader!("depthwise", ["block", "window"], 6, LINE, ["TAPS", "SLIDE", "EIGHT"]);
pub(super) static POOL: Shader = shader!("pool", ["four", "window"], 4, TILE, ["MEAN"]);
pub(super) static REDUCE: Shader = shader!("reduce", ["four"], 4, TILE, []);
pub(super) static RESIZE: Shader = shader!("resize", ["four"], 4, TILE, ["KIND"]);
pub(super) static SOFTMAX: Shader = shader!("softmax", ["four"], 4, TILE, []);
pub(super) static BINARY: Shader = shader!("binary", ["four"], 5, TILE, ["KIND"]);
pub(super) static AFFINE: Shader = shader!("affine", ["four"], 6, TILE, []);
pub(super) static REGROUP: Shader = shader!("regroup", ["four"], 4, TILE, ["BACK"]);
pub(super) static CONCAT: Shader = shader!("concat", ["four"], 4, TILE, []);

/// A chain of steps on vectors; it has an epilogue of its own for each.
pub(super) static EXCITE: Shader = Shader {
    name: "excite",
    source: include_str!("shaders/excite.wgsl"),
    bindings: &bindings::<5>(),
    workgroup: [128, 1, 1],
    constants: &[],
};

/// Two pointwise steps; it writes what lies between as well.
pub(super) static PAIR: Shader = Shader {
    name: "pair",
    source: concat!(
        include_str!("shaders/finish.wgsl"),
        "\n",
        include_str!("shaders/block.wgsl"),
        "\n",
        include_str!("shaders/pair.wgsl")
    ),
    bindings: &{
        let mut all = bindings::<9>();
        all[7] = Binding::Write;
        all
    },
    workgroup: [32, 1, 1],
    constants: &["ACTIVATION", "RESIDUAL", "AFTER", "GATED", "LAST"],
};

/// All of them.
#[cfg(test)]
pub(super) static ALL: [&Shader; 14] = [
    &POINTWISE,
    &CONV,
    &TRANSPOSED,
    &DEPTHWISE,
    &POOL,
    &REDUCE,
    &RESIZE,
    &SOFTMAX,
    &BINARY,
    &AFFINE,
    &REGROUP,
    &CONCAT,
    &EXCITE,
    &PAIR,
];
