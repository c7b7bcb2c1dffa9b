// A step's end where a vector is a block of four channels of one pixel: it is loaded and stored at once,
// with one address. Invocations beside each other are blocks beside each other.

// [residual_height, residual_width, blocks]; anything if absent.
@group(0) @binding(1) var<storage, read> residual: array<vec4<f32>>;

// The residual of a block of one pixel.
fn added(f: Finish, pixel: u32, block: u32) -> vec4<f32> {
  let blocks = f.stride / 4u;
  if (RESIDUAL == SAME) {
    return residual[pixel * blocks + block];
  }
  // Rows and columns.
  let o = vec2(pixel / f.width, pixel % f.width);
  let out = vec2(f.height, f.width);
  let size = vec2(f.residual_height, f.residual_width);
  if (RESIDUAL == NEAREST) {
    let i = o * size / out;
    return residual[(i.x * size.y + i.y) * blocks + block];
  }
  let last = size - 1u;
  var at = vec2<f32>(o) * vec2<f32>(last) / vec2<f32>(max(out, vec2(2u)) - 1u);
  if (RESIDUAL == BILINEAR) {
    at = clamp((vec2<f32>(o) + 0.5) * vec2<f32>(size) / vec2<f32>(out) - 0.5, vec2(0.0), vec2<f32>(last));
  }
  let low = min(vec2<u32>(at), last);
  let high = min(low + 1u, last);
  // How much of `high` is taken.
  let part = at - vec2<f32>(low);
  let above = low.x * size.y;
  let below = high.x * size.y;
  let upper = mix(residual[(above + low.y) * blocks + block], residual[(above + high.y) * blocks + block], part.y);
  let lower = mix(residual[(below + low.y) * blocks + block], residual[(below + high.y) * blocks + block], part.y);
  return mix(upper, lower, part.x);
}

// `v` with activation and residual.
fn finished(f: Finish, v: vec4<f32>, pixel: u32, block: u32) -> vec4<f32> {
  var r = vec4(0.0);
  if (RESIDUAL != ABSENT) {
    r = added(f, pixel, block);
  }
  return ended(f, v, r);
}

// Four pixels in order, none beyond the last of `count`.
fn four(first: u32, count: u32) -> vec4<u32> {
  return min(vec4(first) + vec4(0u, 1u, 2u, 3u), vec4(count - 1u));
}
