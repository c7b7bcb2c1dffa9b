// The mean, or the sum, over all rows, all columns, or both. CPU twin: cpu/kernels/reduce.rs.
//
// A workgroup makes four channels of one pixel: each of its parts sums every 64th value, so that long
// sums are short ones, and then the parts are summed.

struct Params {
  finish: Finish,
  // Rows and columns of `x` that go into one sum, and columns of `x`.
  rows: u32,
  columns: u32,
  width: u32,
  // What a sum is multiplied by.
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [oy, ox, stride]

const PARTS = 64u;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(4, 64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
) {
  let c = group.x * 4u + id.x;
  let oy = group.y / p.finish.width;
  let ox = group.y % p.finish.width;
  let start = oy * p.width + ox;
  let count = p.rows * p.columns;
  var s = 0.0;
  for (var i = id.y; i < count; i += PARTS) {
    s += x[(start + i / p.columns * p.width + i % p.columns) * p.finish.stride + c];
  }
  sums[id.y * 4u + id.x] = s;
  for (var parts = PARTS / 2u; parts > 0u; parts /= 2u) {
    workgroupBarrier();
    if (id.y < parts) {
      sums[id.y * 4u + id.x] += sums[(id.y + parts) * 4u + id.x];
    }
  }
  if (id.y == 0u) {
    let value = vec4(sums[id.x] * p.factor);
    y[group.y * p.finish.stride + c] = finished(p.finish, value, vec4(group.y), c).x;
  }
}
