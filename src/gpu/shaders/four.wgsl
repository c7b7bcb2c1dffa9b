// A step's end where an invocation makes one channel of four pixels, so that what it has loaded serves
// four times; a vector is one channel of these. Invocations beside each other are channels beside each
// other, because those lie side by side in memory. Pixels beyond the last one are the last one.

// [residual_height, residual_width, stride]; anything if absent.
@group(0) @binding(1) var<storage, read> residual: array<f32>;

// Where four places of a result lie along an axis of the source: between two of its places.
struct Between {
  low: vec4<u32>,
  high: vec4<u32>,
  // How much of `high` is taken.
  part: vec4<f32>,
}

fn between(kind: u32, o: vec4<u32>, size: u32, out: u32) -> Between {
  if (kind == NEAREST) {
    let i = o * size / out;
    return Between(i, i, vec4(0.0));
  }
  var at = vec4(0.0);
  if (kind == BILINEAR) {
    at = clamp((vec4<f32>(o) + 0.5) * f32(size) / f32(out) - 0.5, vec4(0.0), vec4(f32(size - 1u)));
  } else if (out > 1u) {
    at = vec4<f32>(o) * f32(size - 1u) / f32(out - 1u);
  }
  let low = min(vec4<u32>(at), vec4(size - 1u));
  return Between(low, min(low + 1u, vec4(size - 1u)), at - vec4<f32>(low));
}

fn residuals(at: vec4<u32>) -> vec4<f32> {
  return vec4(residual[at.x], residual[at.y], residual[at.z], residual[at.w]);
}

// The residual of channel `c` of four pixels.
fn added(f: Finish, pixels: vec4<u32>, c: u32) -> vec4<f32> {
  if (RESIDUAL == SAME) {
    return residuals(pixels * f.stride + c);
  }
  let rows = between(RESIDUAL, pixels / f.width, f.residual_height, f.height);
  let columns = between(RESIDUAL, pixels % f.width, f.residual_width, f.width);
  let above = rows.low * f.residual_width;
  let below = rows.high * f.residual_width;
  if (RESIDUAL == NEAREST) {
    return residuals((above + columns.low) * f.stride + c);
  }
  let upper = mix(
    residuals((above + columns.low) * f.stride + c),
    residuals((above + columns.high) * f.stride + c),
    columns.part,
  );
  let lower = mix(
    residuals((below + columns.low) * f.stride + c),
    residuals((below + columns.high) * f.stride + c),
    columns.part,
  );
  return mix(upper, lower, rows.part);
}

// `v` of channel `c` of four pixels, with activation and residual.
fn finished(f: Finish, v: vec4<f32>, pixels: vec4<u32>, c: u32) -> vec4<f32> {
  var r = vec4(0.0);
  if (RESIDUAL != ABSENT) {
    r = added(f, pixels, c);
  }
  return ended(f, v, r);
}

// Four pixels in order, none beyond the last of `count`.
fn four(group: u32, count: u32) -> vec4<u32> {
  return min(vec4(group * 4u) + vec4(0u, 1u, 2u, 3u), vec4(count - 1u));
}

// Fours of pixels of which none spans two rows.
fn row_fours(f: Finish) -> u32 {
  return (f.width + 3u) / 4u;
}

// Writes a value for each of four pixels to the result, which every shader calls `y`.
fn store(value: vec4<f32>, at: vec4<u32>) {
  y[at.x] = value.x;
  y[at.y] = value.y;
  y[at.z] = value.z;
  y[at.w] = value.w;
}
