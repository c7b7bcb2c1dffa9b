// The largest, or the mean, of each channel's taps in a window; taps outside do not count.
// CPU twin: cpu/kernels/pool.rs.

override MEAN: bool = false;

struct Params {
  finish: Finish,
  window: Window,
  // Rows and columns of `x`.
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [oy, ox, stride]

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let fours = row_fours(p.finish);
  let oy = id.y / fours;
  if (c >= p.finish.lanes || oy >= p.finish.height) {
    return;
  }
  let ox = four(id.y % fours, p.finish.width);
  // Below every tap; each window has one inside.
  var largest = vec4(-3.4e38);
  var sum = vec4(0.0);
  var count = vec4(0.0);
  for (var ky = 0u; ky < p.window.kernel.x; ky++) {
    let iy = tap(p.window, 0u, vec4(oy), ky).x;
    if (iy >= p.height) {
      continue;
    }
    for (var kx = 0u; kx < p.window.kernel.y; kx++) {
      let ix = tap(p.window, 1u, ox, kx);
      let inside = ix < vec4(p.width);
      let first = (iy * p.width + min(ix, vec4(p.width - 1u))) * p.finish.stride + c;
      let value = vec4(x[first.x], x[first.y], x[first.z], x[first.w]);
      largest = select(largest, max(largest, value), inside);
      sum += select(vec4(0.0), value, inside);
      count += select(vec4(0.0), vec4(1.0), inside);
    }
  }
  var s = largest;
  if (MEAN) {
    s = sum / count;
  }
  let to = oy * p.finish.width + ox;
  let value = finished(p.finish, s, to, c);
  store(value, to * p.finish.stride + c);
}
