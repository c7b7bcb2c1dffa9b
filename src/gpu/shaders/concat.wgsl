// Channels `first..first + count` of a picture become channels `to..` of another: one part of a
// concatenation, a slice, or the picture itself. CPU twin: cpu/kernels/concat.rs.

struct Params {
  finish: Finish,
  first: u32,
  to: u32,
  // Lanes beyond these write 0.
  count: u32,
  // Values from one pixel of `x` to the next.
  stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, p.stride]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [height, width, stride]

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let count = p.finish.height * p.finish.width;
  if (id.x >= p.finish.lanes || id.y * 4u >= count) {
    return;
  }
  let pixels = four(id.y, count);
  let c = p.to + id.x;
  let at_x = pixels * p.stride + p.first + min(id.x, p.count - 1u);
  let s = vec4(x[at_x.x], x[at_x.y], x[at_x.z], x[at_x.w]);
  let value = select(vec4(0.0), finished(p.finish, s, pixels, c), id.x < p.count);
  let at = pixels * p.finish.stride + c;
  store(value, at);
}
