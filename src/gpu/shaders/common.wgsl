// What many shaders share.

// Kinds of activations: `plan::Activation`.
const NONE = 0u;
const RELU = 1u;
const CLIP = 2u;
const LEAKY_RELU = 3u;
const HARD_SIGMOID = 4u;
const HARD_SWISH = 5u;
const SIGMOID = 6u;
const SILU = 7u;
const TANH = 8u;

// `kind` of each value; `a` and `b` are its parameters, in the order of the plan's.
fn activated(v: vec4<f32>, kind: u32, a: f32, b: f32) -> vec4<f32> {
  switch kind {
    case RELU: { return max(v, vec4(0.0)); }
    case CLIP: { return clamp(v, vec4(a), vec4(b)); }
    case LEAKY_RELU: { return select(v * a, v, v > vec4(0.0)); }
    case HARD_SIGMOID: { return clamp(v * a + b, vec4(0.0), vec4(1.0)); }
    case HARD_SWISH: { return v * clamp(v / 6.0 + 0.5, vec4(0.0), vec4(1.0)); }
    case SIGMOID: { return 1.0 / (1.0 + exp(-v)); }
    case SILU: { return v / (1.0 + exp(-v)); }
    // Of large values exp is infinite; the quotient is right all the same.
    case TANH: { return 1.0 - 2.0 / (exp(2.0 * v) + 1.0); }
    default: { return v; }
  }
}

// Where pixel `i` lies on a grid of so many cells, `scale` of them to a pixel: the cell before it, and how far it is to the next.
fn grid_tap(i: u32, scale: f32, cells: u32) -> vec2<f32> {
  let at = clamp((f32(i) + 0.5) * scale - 0.5, 0.0, f32(cells - 1u));
  return vec2(floor(at), fract(at));
}

// A colour of the guide in two numbers, luma and tint, whichever of its ends comes first.
fn look(word: u32) -> vec2<f32> {
  let colour = unpack4x8unorm(word) * 255.0;
  return vec2((colour.r + 2.0 * colour.g + colour.b) * 0.25, (colour.r - colour.b) * 0.5);
}
