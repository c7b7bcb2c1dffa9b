// Two convolutions of one tap, the second one of what the first one gives; both results are written.
//
// A workgroup does all channels of sixteen pixels, so it is for pictures of few pixels, where a dispatch
// takes longer to begin than to run. An invocation makes a block of channels of four pixels at a time.

override GATED: bool = false;
// The second one's activation.
override LAST: u32 = 0u;

struct Params {
  finish: Finish,
  // Vectors of a pixel of `x`, and of the second result.
  blocks: u32,
  others: u32,
  // Parameters of the second one's activation.
  a: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
// Both matrices lie in squares of four by four, as in `product.wgsl`: [blocks, lanes], [lanes, others].
@group(0) @binding(2) var<storage, read> weights: array<mat4x4<Weight>>;
// [2, lanes], and then [2, others]: what a sum is multiplied by, and what is added to it then.
@group(0) @binding(3) var<storage, read> scales: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;        // [pixels, blocks]
@group(0) @binding(5) var<storage, read> gate: array<vec4<f32>>;     // [blocks], or anything
@group(0) @binding(6) var<storage, read> others: array<mat4x4<Weight>>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4<f32>>;  // [pixels, lanes]
@group(0) @binding(8) var<storage, read_write> z: array<vec4<f32>>;  // [pixels, others]

const SIZE = 32u;
// Fours of pixels of a workgroup, and blocks between the two.
const FOURS = 4u;
const BLOCKS = 16u;
// [FOURS, lanes], each the four pixels.
var<workgroup> middle: array<mat4x4<f32>, FOURS * BLOCKS>;

fn square(w: mat4x4<Weight>) -> mat4x4<f32> {
  return mat4x4(vec4<f32>(w[0]), vec4<f32>(w[1]), vec4<f32>(w[2]), vec4<f32>(w[3]));
}

fn put(v: vec4<f32>, pixel: u32, block: u32) -> vec4<f32> {
  let value = finished(p.finish, v, pixel, block);
  y[pixel * p.finish.lanes + block] = value;
  return value;
}

fn put_last(v: vec4<f32>, pixel: u32, block: u32) {
  z[pixel * p.others + block] = activated(v, LAST, p.a, p.b);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
  let count = p.finish.height * p.finish.width;
  let start = group.x * FOURS * 4u;
  let lanes = p.finish.lanes;
  for (var task = id; task < FOURS * lanes; task += SIZE) {
    let block = task % lanes;
    let pixels = four(start + task / lanes * 4u, count);
    let first = pixels * p.blocks;
    var s = mat4x4<f32>();
    for (var i = 0u; i < p.blocks; i++) {
      var factor = vec4(1.0);
      if (GATED) {
        factor = gate[i];
      }
      let four = mat4x4(
        x[first.x + i] * factor,
        x[first.y + i] * factor,
        x[first.z + i] * factor,
        x[first.w + i] * factor,
      );
      s += square(weights[i * lanes + block]) * four;
    }
    let scale = scales[block];
    let bias = scales[block + lanes];
    middle[task] = mat4x4(
      put(s[0] * scale + bias, pixels.x, block),
      put(s[1] * scale + bias, pixels.y, block),
      put(s[2] * scale + bias, pixels.z, block),
      put(s[3] * scale + bias, pixels.w, block),
    );
  }
  workgroupBarrier();
  for (var task = id; task < FOURS * p.others; task += SIZE) {
    let block = task % p.others;
    let quarter = task / p.others;
    var s = mat4x4<f32>();
    for (var i = 0u; i < lanes; i++) {
      s += square(others[i * p.others + block]) * middle[quarter * lanes + i];
    }
    let at = 2u * lanes + block;
    let scale = scales[at];
    let bias = scales[at + p.others];
    let pixels = four(start + quarter * 4u, count);
    put_last(s[0] * scale + bias, pixels.x, block);
    put_last(s[1] * scale + bias, pixels.y, block);
    put_last(s[2] * scale + bias, pixels.z, block);
    put_last(s[3] * scale + bias, pixels.w, block);
  }
}
