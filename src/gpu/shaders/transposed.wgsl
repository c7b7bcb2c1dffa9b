// A transposed convolution whose blocks do not overlap: each pixel becomes a block of pixels.
// `y[h * kh + ky, w * kw + kx, o] = bias[o] + sum over i of x[h, w, i] * weights[ky, kx, i, o]`.
// The pixels of a block and their channels are the columns of one matrix. CPU twin: cpu/kernels/transposed.rs.

struct Params {
  finish: Finish,
  // Rows and columns of a block.
  kernel: vec2<u32>,
  // Rows and columns of `x`, and vectors of its pixels.
  height: u32,
  width: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;  // [height, width, blocks]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;  // [height * kh, width * kw, stride]

fn put(v: vec4<f32>, pixels: vec4<u32>, column: u32) {
  let tap = column / p.finish.stride;
  // The columns are filled up to whole lanes.
  if (tap >= p.kernel.x * p.kernel.y) {
    return;
  }
  let oy = pixels / p.width * p.kernel.x + tap / p.kernel.y;
  let ox = pixels % p.width * p.kernel.y + tap % p.kernel.y;
  let o = column % p.finish.stride;
  let to = oy * p.finish.width + ox;
  let value = finished(p.finish, scaled(v, column, p.finish.lanes), to, o);
  store(value, to * p.finish.stride + o);
}

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let lanes = p.finish.lanes;
  let count = p.height * p.width;
  if (id.x >= lanes || id.y * 4u >= count) {
    return;
  }
  let pixels = four(id.y, count);
  let first = pixels * p.blocks;
  var s = mat4x4<f32>();
  var at = id.x;
  for (var i = 0u; i < p.blocks; i++) {
    s = rows(s, x[first.x + i], x[first.y + i], x[first.z + i], x[first.w + i], at, lanes);
    at += 4u * lanes * COLUMNS;
  }
  put_tile(s, pixels, id.x, lanes);
}
