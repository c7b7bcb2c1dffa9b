// Pixels in another order: those at the same place of their block come to lie in one row.
// With sizes counted in blocks, `y[by * bw + bx, h * width + w] = x[h * bh + by, w * bw + bx]`, or the
// inverse. CPU twin: cpu/kernels/regroup.rs.

override BACK: bool = false;

struct Params {
  finish: Finish,
  // Rows and columns of a block.
  block: vec2<u32>,
  // Columns of `x`.
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [oy, ox, stride]

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let count = p.finish.height * p.finish.width;
  if (c >= p.finish.lanes || id.y * 4u >= count) {
    return;
  }
  let to = four(id.y, count);
  let oy = to / p.finish.width;
  let ox = to % p.finish.width;
  // Of the picture that is not grouped.
  let columns = select(p.width, p.finish.width, BACK) / p.block.y;
  var iy = ox / columns * p.block.x + oy / p.block.y;
  var ix = ox % columns * p.block.y + oy % p.block.y;
  if (BACK) {
    iy = oy % p.block.x * p.block.y + ox % p.block.y;
    ix = oy / p.block.x * columns + ox / p.block.y;
  }
  let first = (iy * p.width + ix) * p.finish.stride + c;
  let value = finished(p.finish, vec4(x[first.x], x[first.y], x[first.z], x[first.w]), to, c);
  store(value, to * p.finish.stride + c);
}
