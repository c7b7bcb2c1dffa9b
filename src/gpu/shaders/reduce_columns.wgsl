// The columns of what `reduce_rows` left, weighed: the guide in bytes, and the network's input.

struct Params {
  width: u32,
  height: u32,
  // Places across, and how many of them a column of the output has weights for.
  across: u32,
  count: u32,
  // What a sum is shifted by.
  bits: u32,
  // A byte becomes `byte * scale + black`.
  scale: f32,
  black: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[height, across]`.
@group(0) @binding(1) var<storage, read> mixed: array<vec2<u32>>;
// `[width, 1 + count]`: the first place, and the weights from there.
@group(0) @binding(2) var<storage, read> taps: array<u32>;
// `[height, width]`: red, green and blue from the lowest byte on.
@group(0) @binding(3) var<storage, read_write> guide: array<u32>;
// `[height, width]`, the fourth value 0.
@group(0) @binding(4) var<storage, read_write> input: array<vec4<f32>>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.width || id.y >= params.height { return; }
  let first = taps[id.x * (params.count + 1u)];
  var sum = vec3((1u << (params.bits - 1u)) - 1u);
  for (var i = 0u; i < params.count; i++) {
    let weight = taps[id.x * (params.count + 1u) + 1u + i];
    let mean = mixed[id.y * params.across + min(first + i, params.across - 1u)];
    sum += weight * vec3(mean.x & 0xffffu, mean.x >> 16u, mean.y);
  }
  // Halves go to the even neighbour.
  let odd = (sum >> vec3(params.bits)) & vec3(1u);
  let bytes = min((sum + odd) >> vec3(params.bits), vec3(255u));
  let at = id.y * params.width + id.x;
  guide[at] = bytes.r | (bytes.g << 8u) | (bytes.b << 16u);
  input[at] = vec4(vec3<f32>(bytes) * params.scale + params.black, 0.0);
}
