// `exp(x) / sum of exp(x)` along rows, columns or channels. CPU twin: cpu/kernels/softmax.rs.
//
// Each value sums its whole line by itself: the lines of the networks are short, and so all go at once.

struct Params {
  finish: Finish,
  // Channels, without padding.
  channels: u32,
  // The axis: how many values a line has, padding included or not, and how far apart they are.
  length: u32,
  count: u32,
  step: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [height, width, stride]

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let pixels = p.finish.height * p.finish.width;
  if (c >= p.finish.lanes || id.y * 4u >= pixels) {
    return;
  }
  let to = four(id.y, pixels);
  let at = to * p.finish.stride + c;
  let start = at - at / p.step % p.length * p.step;
  var top = vec4(x[start.x], x[start.y], x[start.z], x[start.w]);
  for (var i = 1u; i < p.count; i++) {
    let first = start + i * p.step;
    top = max(top, vec4(x[first.x], x[first.y], x[first.z], x[first.w]));
  }
  // The largest value is taken off, so that nothing overflows.
  var sum = vec4(0.0);
  for (var i = 0u; i < p.count; i++) {
    let first = start + i * p.step;
    sum += exp(vec4(x[first.x], x[first.y], x[first.z], x[first.w]) - top);
  }
  let share = exp(vec4(x[at.x], x[at.y], x[at.z], x[at.w]) - top) / sum;
  // The padding may hold anything finite, and quotients might not be.
  let value = select(vec4(0.0), finished(p.finish, share, to, c), c < p.channels);
  store(value, at);
}
