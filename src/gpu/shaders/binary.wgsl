// `x` and another buffer, element by element; axes of 1 of the other one are repeated.
// CPU twin: cpu/kernels/binary.rs.

// `plan::Binary`.
override KIND: u32 = 0u;

const ADD = 0u;
const SUB = 1u;
const MUL = 2u;
const DIV = 3u;
const MAX = 4u;
const MIN = 5u;

struct Params {
  finish: Finish,
  // Channels, without padding.
  channels: u32,
  // From one row, column and channel of `other` to the next; 0 along axes of 1.
  row: u32,
  column: u32,
  channel: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [height, width, stride]
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [height, width, stride]

fn combined(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  switch KIND {
    case ADD: { return a + b; }
    case SUB: { return a - b; }
    case MUL: { return a * b; }
    case DIV: { return a / b; }
    case MAX: { return max(a, b); }
    default: { return min(a, b); }
  }
}

@compute @workgroup_size(4, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let count = p.finish.height * p.finish.width;
  if (c >= p.finish.lanes || id.y * 4u >= count) {
    return;
  }
  let to = four(id.y, count);
  let at = to * p.finish.stride + c;
  let first = to / p.finish.width * p.row + to % p.finish.width * p.column + min(c, p.channels - 1u) * p.channel;
  let s = combined(vec4(x[at.x], x[at.y], x[at.z], x[at.w]), vec4(other[first.x], other[first.y], other[first.z], other[first.w]));
  // The padding may hold anything finite, and quotients might not be.
  let value = select(vec4(0.0), finished(p.finish, s, to, c), c < p.channels);
  store(value, at);
}
