// A dense convolution over a window.
// `y[oy, ox, o] = bias[o] + sum over (ky, kx, i) of x[iy, ix, i] * weights[ky, kx, i, o]`.
// CPU twin: cpu/kernels/conv.rs.

struct Params {
  finish: Finish,
  window: Window,
  // Rows and columns of `x`, and vectors of its pixels.
  height: u32,
  width: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;  // [height, width, blocks]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;  // [oy, ox, stride]

fn put(v: vec4<f32>, pixels: vec4<u32>, c: u32) {
  let value = finished(p.finish, scaled(v, c, p.finish.lanes), pixels, c);
  store(value, pixels * p.finish.stride + c);
}

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let lanes = p.finish.lanes;
  let fours = row_fours(p.finish);
  let oy = id.y / fours;
  if (id.x >= lanes || oy >= p.finish.height) {
    return;
  }
  let ox = four(id.y % fours, p.finish.width);
  var s = mat4x4<f32>();
  var at = id.x;
  let tap_rows = 4u * lanes * COLUMNS;
  for (var ky = 0u; ky < p.window.kernel.x; ky++) {
    let iy = tap(p.window, 0u, vec4(oy), ky).x;
    if (iy >= p.height) {
      at += p.window.kernel.y * p.blocks * tap_rows;
      continue;
    }
    for (var kx = 0u; kx < p.window.kernel.y; kx++) {
      let ix = tap(p.window, 1u, ox, kx);
      let inside = select(vec4(0.0), vec4(1.0), ix < vec4(p.width));
      let first = (iy * p.width + min(ix, vec4(p.width - 1u))) * p.blocks;
      for (var i = 0u; i < p.blocks; i++) {
        let a = x[first.x + i] * inside.x;
        let b = x[first.y + i] * inside.y;
        let c = x[first.z + i] * inside.z;
        let d = x[first.w + i] * inside.w;
        s = rows(s, a, b, c, d, at, lanes);
        at += tap_rows;
      }
    }
  }
  let pixels = oy * p.finish.width + ox;
  put_tile(s, pixels, id.x, lanes);
}
