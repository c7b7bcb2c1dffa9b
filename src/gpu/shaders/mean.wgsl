// The mean of the fits around each cell, with the levels in it: `matte` is `a . rgb + b`, clamped to 0..1.

struct Params {
  width: u32,
  height: u32,
  // The value that becomes 0, and one over what is between it and the value that becomes 1.
  low: f32,
  gain: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[height, width]`: `a`, and `b`.
@group(0) @binding(1) var<storage, read> fitted: array<vec4<f32>>;
// `[height, width]`, alike.
@group(0) @binding(2) var<storage, read_write> coefficients: array<vec4<f32>>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.width || id.y >= params.height { return; }
  var count = 0.0;
  var sum = vec4(0.0);
  for (var iy = max(id.y, 1u) - 1u; iy < min(id.y + 2u, params.height); iy++) {
    for (var ix = max(id.x, 1u) - 1u; ix < min(id.x + 2u, params.width); ix++) {
      count += 1.0;
      sum += fitted[iy * params.width + ix];
    }
  }
  let mean = sum / count - vec4(0.0, 0.0, 0.0, params.low);
  coefficients[id.y * params.width + id.x] = mean * params.gain;
}
