// A convolution of one tap: each pixel's channels times a matrix.
// `y[p, o] = bias[o] + sum over i of gate[i] * x[p, i] * weights[i, o]`. CPU twin: cpu/kernels/pointwise.rs.

override GATED: bool = false;

struct Params {
  finish: Finish,
  // Vectors of a pixel of `x`.
  blocks: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;     // [pixels, blocks]
@group(0) @binding(5) var<storage, read> gate: array<vec4<f32>>;  // [blocks], or anything
@group(0) @binding(6) var<storage, read_write> y: array<f32>;     // [pixels, stride]

fn put(v: vec4<f32>, pixels: vec4<u32>, c: u32) {
  let value = finished(p.finish, scaled(v, c, p.finish.lanes), pixels, c);
  store(value, pixels * p.finish.stride + c);
}

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let lanes = p.finish.lanes;
  let count = p.finish.height * p.finish.width;
  if (id.x >= lanes || id.y * 4u >= count) {
    return;
  }
  let pixels = four(id.y, count);
  let first = pixels * p.blocks;
  var s = mat4x4<f32>();
  var at = id.x;
  for (var i = 0u; i < p.blocks; i++) {
    var a = x[first.x + i];
    var b = x[first.y + i];
    var c = x[first.z + i];
    var d = x[first.w + i];
    if (GATED) {
      let factor = gate[i];
      a *= factor;
      b *= factor;
      c *= factor;
      d *= factor;
    }
    s = rows(s, a, b, c, d, at, lanes);
    at += 4u * lanes * COLUMNS;
  }
  put_tile(s, pixels, id.x, lanes);
}
