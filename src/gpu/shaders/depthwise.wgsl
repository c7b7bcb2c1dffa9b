// A convolution over a window, each channel by itself.
// `y[oy, ox, c] = bias[c] + sum over (ky, kx) of x[iy, ix, c] * weights[ky, kx, c]`.
// CPU twin: cpu/kernels/depthwise.rs.
//
// An invocation has a block of channels of four pixels of a row, or of eight. Where windows of three or
// five taps overlap, what they have in common is loaded once.

// Taps of a row, 3 or 5, that lie side by side, and columns between two windows, 1 or 2; else 0.
override TAPS: u32 = 0u;
override SLIDE: u32 = 0u;
// Whether there are eight pixels, which only windows beside each other can be.
override EIGHT: bool = false;

struct Params {
  finish: Finish,
  window: Window,
  // Rows and columns of `x`.
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<Weight>>;  // [ky, kx, blocks]
// [2, blocks]: what a sum is multiplied by, and what is added to it then.
@group(0) @binding(3) var<storage, read> scales: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;           // [height, width, blocks]
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;     // [oy, ox, blocks]

// A row: where it begins, and how many pixels it has, which is none outside.
struct Row {
  start: u32,
  width: u32,
}

// A block of a row; 0 outside.
fn pixel(row: Row, ix: u32, block: u32) -> vec4<f32> {
  let value = x[(row.start + min(ix, p.width - 1u)) * p.finish.lanes + block];
  return select(vec4(0.0), value, ix < row.width);
}

fn weight(at: u32) -> vec4<f32> {
  return vec4<f32>(weights[at]);
}

fn times(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, w: vec4<f32>) -> mat4x4<f32> {
  return mat4x4(a * w, b * w, c * w, d * w);
}

fn put(v: vec4<f32>, row: u32, ox: u32, block: u32) {
  // Windows that slide go on beyond the last pixel of a row; those are no pixels.
  if (ox >= p.finish.width) {
    return;
  }
  let to = row + ox;
  let value = v * scales[block] + scales[block + p.finish.lanes];
  y[to * p.finish.lanes + block] = finished(p.finish, value, to, block);
}

fn put_four(s: mat4x4<f32>, row: u32, ox: u32, block: u32) {
  put(s[0], row, ox, block);
  put(s[1], row, ox + 1u, block);
  put(s[2], row, ox + 2u, block);
  put(s[3], row, ox + 3u, block);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let blocks = p.finish.lanes;
  let size = select(4u, 8u, EIGHT);
  let tiles = (p.finish.width + size - 1u) / size;
  let block = id.x % blocks;
  let tile = id.x / blocks;
  let oy = tile / tiles;
  if (oy >= p.finish.height) {
    return;
  }
  let ox = tile % tiles * size;
  let kernel = p.window.kernel;
  let left = tap(p.window, 1u, vec4(ox), 0u).x;
  // A column for each pixel.
  var s = mat4x4<f32>();
  var t = mat4x4<f32>();
  for (var ky = 0u; ky < kernel.x; ky++) {
    let iy = tap(p.window, 0u, vec4(oy), ky).x;
    let row = Row(min(iy, p.height - 1u) * p.width, select(0u, p.width, iy < p.height));
    var at = ky * kernel.y * blocks + block;
    if (TAPS == 0u) {
      let columns = vec4(ox) + vec4(0u, 1u, 2u, 3u);
      for (var kx = 0u; kx < kernel.y; kx++) {
        let ix = tap(p.window, 1u, columns, kx);
        s += times(
          pixel(row, ix.x, block),
          pixel(row, ix.y, block),
          pixel(row, ix.z, block),
          pixel(row, ix.w, block),
          weight(at),
        );
        at += blocks;
      }
    } else {
      let v = weight(at);
      let w = weight(at + blocks);
      let z = weight(at + 2u * blocks);
      let a = pixel(row, left, block);
      let b = pixel(row, left + 1u, block);
      let c = pixel(row, left + 2u, block);
      let d = pixel(row, left + 3u, block);
      let e = pixel(row, left + 4u, block);
      let f = pixel(row, left + 5u, block);
      if (SLIDE == 1u) {
        s += times(a, b, c, d, v) + times(b, c, d, e, w) + times(c, d, e, f, z);
      }
      if (SLIDE == 1u && (EIGHT || TAPS == 5u)) {
        let g = pixel(row, left + 6u, block);
        let h = pixel(row, left + 7u, block);
        if (TAPS == 5u) {
          s += times(d, e, f, g, weight(at + 3u * blocks)) + times(e, f, g, h, weight(at + 4u * blocks));
        }
        if (EIGHT) {
          let i = pixel(row, left + 8u, block);
          let j = pixel(row, left + 9u, block);
          t += times(e, f, g, h, v) + times(f, g, h, i, w) + times(g, h, i, j, z);
          if (TAPS == 5u) {
            let k = pixel(row, left + 10u, block);
            let l = pixel(row, left + 11u, block);
            t += times(h, i, j, k, weight(at + 3u * blocks)) + times(i, j, k, l, weight(at + 4u * blocks));
          }
        }
      }
      if (SLIDE == 2u) {
        let g = pixel(row, left + 6u, block);
        let h = pixel(row, left + 7u, block);
        let i = pixel(row, left + 8u, block);
        s += times(a, c, e, g, v) + times(b, d, f, h, w) + times(c, e, g, i, z);
        if (TAPS == 5u) {
          let j = pixel(row, left + 9u, block);
          let k = pixel(row, left + 10u, block);
          s += times(d, f, h, j, weight(at + 3u * blocks)) + times(e, g, i, k, weight(at + 4u * blocks));
        }
      }
    }
  }
  let row = oy * p.finish.width;
  put_four(s, row, ox, block);
  if (EIGHT) {
    put_four(t, row, ox + 4u, block);
  }
}
