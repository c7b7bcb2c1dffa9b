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
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;        // [height, width, blocks]
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;  // [height * kh, width * kw, stride / 4]

fn put(v: vec4<f32>, pixel: u32, column: u32) {
  let blocks = p.finish.stride / 4u;
  let tap = column / blocks;
  let oy = pixel / p.width * p.kernel.x + tap / p.kernel.y;
  let ox = pixel % p.width * p.kernel.y + tap % p.kernel.y;
  let to = oy * p.finish.width + ox;
  let block = column % blocks;
  y[to * blocks + block] = finished(p.finish, v, to, block);
}

fn loaded(at: vec4<u32>) -> mat4x4<f32> {
  return mat4x4(x[at.x], x[at.y], x[at.z], x[at.w]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let lanes = p.finish.lanes;
  let count = p.height * p.width;
  let start = id.x / lanes * select(4u, 8u, EIGHT);
  if (start >= count) {
    return;
  }
  let columns = lanes * BLOCKS;
  let column = id.x % lanes * BLOCKS;
  let pixels = four(start, count);
  let others = four(start + 4u, count);
  var s = Sums();
  var at = column;
  for (var i = 0u; i < p.blocks; i++) {
    var z = mat4x4<f32>();
    if (EIGHT) {
      z = loaded(others * p.blocks + i);
    }
    s = summed(s, loaded(pixels * p.blocks + i), z, at);
    at += columns;
  }
  put_tile(s, pixels, others, column, columns);
}
