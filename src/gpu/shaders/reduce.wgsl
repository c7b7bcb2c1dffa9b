// The mean, or the sum, over all rows, all columns, or both. CPU twin: cpu/kernels/reduce.rs.
//
// Each value is one sum; means of whole pictures, which are few and long, are for excite.wgsl.

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

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let count = p.finish.height * p.finish.width;
  if (c >= p.finish.lanes || id.y * 4u >= count) {
    return;
  }
  let to = four(id.y, count);
  let start = to / p.finish.width * p.width + to % p.finish.width;
  var s = vec4(0.0);
  for (var iy = 0u; iy < p.rows; iy++) {
    for (var ix = 0u; ix < p.columns; ix++) {
      let first = (start + iy * p.width + ix) * p.finish.stride + c;
      s += vec4(x[first.x], x[first.y], x[first.z], x[first.w]);
    }
  }
  let value = finished(p.finish, s * p.factor, to, c);
  store(value, to * p.finish.stride + c);
}
