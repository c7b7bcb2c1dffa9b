// A convolution over a window, each channel by itself.
// `y[oy, ox, c] = bias[c] + sum over (ky, kx) of x[iy, ix, c] * weights[ky, kx, c]`.
// CPU twin: cpu/kernels/depthwise.rs.
//
// Windows of four pixels of a row overlap, so a column is loaded once and goes from one to the next.

// Columns between two windows, 1 or 2, if taps lie side by side; 0 for any window.
override SLIDE: u32 = 0u;

struct Params {
  finish: Finish,
  window: Window,
  // Rows and columns of `x`.
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> weights: array<Weight>;  // [ky, kx, stride]
// [2, stride]: what a sum is multiplied by, and what is added to it then.
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;           // [height, width, stride]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;     // [oy, ox, stride]

// A value of a row; 0 outside.
fn pixel(row: u32, ix: u32, c: u32) -> f32 {
  let value = x[(row + min(ix, p.width - 1u)) * p.finish.stride + c];
  return select(0.0, value, ix < p.width);
}

fn pixels(row: u32, ix: vec4<u32>, c: u32) -> vec4<f32> {
  return vec4(pixel(row, ix.x, c), pixel(row, ix.y, c), pixel(row, ix.z, c), pixel(row, ix.w, c));
}

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let fours = row_fours(p.finish);
  let oy = id.y / fours;
  if (c >= p.finish.lanes || oy >= p.finish.height) {
    return;
  }
  let kernel = p.window.kernel;
  let ox = four(id.y % fours, p.finish.width);
  let left = tap(p.window, 1u, vec4(id.y % fours * 4u), 0u).x;
  var s = vec4(0.0);
  for (var ky = 0u; ky < kernel.x; ky++) {
    let iy = tap(p.window, 0u, vec4(oy), ky).x;
    if (iy >= p.height) {
      continue;
    }
    let row = iy * p.width;
    var at = ky * kernel.y * p.finish.stride + c;
    if (SLIDE == 1u) {
      var window = vec4(0.0, pixel(row, left, c), pixel(row, left + 1u, c), pixel(row, left + 2u, c));
      for (var kx = 0u; kx < kernel.y; kx++) {
        window = vec4(window.yzw, pixel(row, left + kx + 3u, c));
        s += window * f32(weights[at]);
        at += p.finish.stride;
      }
    } else if (SLIDE == 2u) {
      var even = pixels(row, left + vec4(0u, 2u, 4u, 6u), c);
      var odd = pixels(row, left + vec4(1u, 1u, 3u, 5u), c);
      for (var kx = 0u; kx < kernel.y; kx++) {
        s += even * f32(weights[at]);
        at += p.finish.stride;
        let next = vec4(odd.yzw, pixel(row, left + kx + 7u, c));
        odd = even;
        even = next;
      }
    } else {
      for (var kx = 0u; kx < kernel.y; kx++) {
        s += pixels(row, tap(p.window, 1u, ox, kx), c) * f32(weights[at]);
        at += p.finish.stride;
      }
    }
  }
  // Windows that slide go on beyond the last pixel of a row; those are no pixels.
  let to = oy * p.finish.width + ox;
  let value = finished(p.finish, s * scales[c] + scales[c + p.finish.stride], to, c);
  let at = to * p.finish.stride + c;
  y[at.x] = value.x;
  if (ox.y > ox.x) {
    y[at.y] = value.y;
  }
  if (ox.z > ox.y) {
    y[at.z] = value.z;
  }
  if (ox.w > ox.z) {
    y[at.w] = value.w;
  }
}
