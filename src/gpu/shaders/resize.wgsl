// A picture at another size. CPU twin: cpu/kernels/resize.rs.

// NEAREST, BILINEAR or CORNERS.
override KIND: u32 = 2u;

struct Params {
  finish: Finish,
  // Rows and columns of `x`.
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [oy, ox, stride]

fn pixels(iy: vec4<u32>, ix: vec4<u32>, c: u32) -> vec4<f32> {
  let at = (iy * p.width + ix) * p.finish.stride + c;
  return vec4(x[at.x], x[at.y], x[at.z], x[at.w]);
}

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let count = p.finish.height * p.finish.width;
  if (c >= p.finish.lanes || id.y * 4u >= count) {
    return;
  }
  let to = four(id.y, count);
  let rows = between(KIND, to / p.finish.width, p.height, p.finish.height);
  let columns = between(KIND, to % p.finish.width, p.width, p.finish.width);
  var s = pixels(rows.low, columns.low, c);
  if (KIND != NEAREST) {
    let upper = mix(s, pixels(rows.low, columns.high, c), columns.part);
    let lower = mix(pixels(rows.high, columns.low, c), pixels(rows.high, columns.high, c), columns.part);
    s = mix(upper, lower, rows.part);
  }
  let value = finished(p.finish, s, to, c);
  store(value, to * p.finish.stride + c);
}
