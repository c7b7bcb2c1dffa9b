// `y[.., c] = x[.., c] * scale[c] + bias[c]`. CPU twin: cpu/kernels/affine.rs.

struct Params {
  finish: Finish,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> scale: array<f32>;    // [stride]
@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [stride]
@group(0) @binding(4) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;  // [height, width, stride]

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let count = p.finish.height * p.finish.width;
  if (c >= p.finish.lanes || id.y * 4u >= count) {
    return;
  }
  let to = four(id.y, count);
  let at = to * p.finish.stride + c;
  let s = vec4(x[at.x], x[at.y], x[at.z], x[at.w]) * scale[c] + bias[c];
  let value = finished(p.finish, s, to, c);
  store(value, at);
}
