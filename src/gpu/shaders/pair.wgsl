// Two convolutions of one tap, the second one of what the first one gives; both results are written.
//
// A workgroup does all channels of four pixels, so it is for pictures of few pixels, where a dispatch
// takes longer to begin than to run.

override GATED: bool = false;
// The second one's activation.
override LAST: u32 = 0u;

struct Params {
  finish: Finish,
  // Vectors of a pixel of `x`.
  blocks: u32,
  // Values of a pixel of the second result.
  stride: u32,
  // Parameters of the second one's activation.
  a: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> weights: array<Weight>;   // [4 * blocks, finish.stride]
// [2, finish.stride], and then [2, stride]: what a sum is multiplied by, and what is added to it then.
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;      // [pixels, blocks]
@group(0) @binding(5) var<storage, read> gate: array<vec4<f32>>;   // [blocks], or anything
@group(0) @binding(6) var<storage, read> others: array<Weight>;    // [finish.stride, stride]
@group(0) @binding(7) var<storage, read_write> y: array<f32>;      // [pixels, finish.stride]
@group(0) @binding(8) var<storage, read_write> z: array<f32>;      // [pixels, stride]

const LANES = 32u;
const CHANNELS = 64u;
var<workgroup> middle: array<vec4<f32>, CHANNELS>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
  let pixels = four(group.x, p.finish.height * p.finish.width);
  let start = pixels * p.blocks;
  let stride = p.finish.stride;
  for (var c = id; c < stride; c += LANES) {
    var s = vec4(0.0);
    var at = c;
    for (var i = 0u; i < p.blocks; i++) {
      var factor = vec4(1.0);
      if (GATED) {
        factor = gate[i];
      }
      let first = x[start.x + i] * factor;
      let second = x[start.y + i] * factor;
      let third = x[start.z + i] * factor;
      let fourth = x[start.w + i] * factor;
      s += vec4(first.x, second.x, third.x, fourth.x) * f32(weights[at]);
      s += vec4(first.y, second.y, third.y, fourth.y) * f32(weights[at + stride]);
      s += vec4(first.z, second.z, third.z, fourth.z) * f32(weights[at + 2u * stride]);
      s += vec4(first.w, second.w, third.w, fourth.w) * f32(weights[at + 3u * stride]);
      at += 4u * stride;
    }
    let value = finished(p.finish, s * scales[c] + scales[c + stride], pixels, c);
    store(value, pixels * stride + c);
    middle[c] = value;
  }
  workgroupBarrier();
  for (var c = id; c < p.stride; c += LANES) {
    var s = vec4(0.0);
    for (var i = 0u; i < stride; i++) {
      s += middle[i] * f32(others[i * p.stride + c]);
    }
    let at = 2u * stride + c;
    let value = activated(s * scales[at] + scales[at + p.stride], LAST, p.a, p.b);
    let to = pixels * p.stride + c;
    z[to.x] = value.x;
    z[to.y] = value.y;
    z[to.z] = value.z;
    z[to.w] = value.w;
  }
}
