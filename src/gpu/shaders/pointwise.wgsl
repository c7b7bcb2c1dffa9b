// A convolution of one tap: each pixel's channels times a matrix.
// `y[p, o] = bias[o] + sum over i of gate[i] * x[p, i] * weights[i, o]`. CPU twin: cpu/kernels/pointwise.rs.

override GATED: bool = false;

struct Params {
  finish: Finish,
  // Vectors of a pixel of `x`.
  blocks: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;        // [pixels, blocks]
@group(0) @binding(5) var<storage, read> gate: array<vec4<f32>>;     // [blocks], or anything
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;  // [pixels, stride / 4]

fn put(v: vec4<f32>, pixel: u32, block: u32) {
  y[pixel * p.finish.stride / 4u + block] = finished(p.finish, v, pixel, block);
}

fn loaded(at: vec4<u32>, factor: vec4<f32>) -> mat4x4<f32> {
  return mat4x4(x[at.x] * factor, x[at.y] * factor, x[at.z] * factor, x[at.w] * factor);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let lanes = p.finish.lanes;
  let count = p.finish.height * p.finish.width;
  let start = id.x / lanes * select(4u, 8u, EIGHT);
  if (start >= count) {
    return;
  }
  let columns = lanes * BLOCKS;
  let column = id.x % lanes * BLOCKS;
  let pixels = four(start, count);
  let others = four(start + 4u, count);
  let first = pixels * p.blocks;
  let second = others * p.blocks;
  var s = Sums();
  var at = column;
  for (var i = 0u; i < p.blocks; i++) {
    var factor = vec4(1.0);
    if (GATED) {
      factor = gate[i];
    }
    var z = mat4x4<f32>();
    if (EIGHT) {
      z = loaded(second + i, factor);
    }
    s = summed(s, loaded(first + i, factor), z, at);
    at += columns;
  }
  put_tile(s, pixels, others, column, columns);
}
