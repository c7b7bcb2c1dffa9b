// How every step ends: activation and residual, while the values are still in registers. `four.wgsl` and
// `block.wgsl` do it, each for vectors of its own kind.

override ACTIVATION: u32 = 0u;
// How the residual is brought to size; SAME if it has it, ABSENT if there is none.
override RESIDUAL: u32 = 0u;
override AFTER: bool = false;

const ABSENT = 0u;
const SAME = 1u;
const NEAREST = 2u;
const BILINEAR = 3u;
const CORNERS = 4u;

struct Finish {
  // Rows and columns of the result, and values from one of its pixels to the next.
  height: u32,
  width: u32,
  stride: u32,
  // Invocations side by side.
  lanes: u32,
  // Rows and columns of the residual.
  residual_height: u32,
  residual_width: u32,
  // Parameters of the activation.
  a: f32,
  b: f32,
}

// `v` with activation and the residual `r`, which is 0 where there is none.
fn ended(f: Finish, v: vec4<f32>, r: vec4<f32>) -> vec4<f32> {
  if (AFTER) {
    return activated(v, ACTIVATION, f.a, f.b) + r;
  }
  return activated(v + r, ACTIVATION, f.a, f.b);
}
