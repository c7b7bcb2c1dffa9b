// The probability of what is wanted, from the network's answer. The twin of `matte::subject`.

struct Params {
  pixels: u32,
  // Values from one pixel to the next, and how many of them are classes.
  stride: u32,
  classes: u32,
  // The class, and whether all the others are wanted instead.
  chosen: u32,
  inverse: u32,
  // `model::Activation`: 0 none, 1 sigmoid, 2 softmax.
  activation: u32,
  temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// The frame's number.
@group(0) @binding(1) var<uniform> frame: vec4<u32>;
// `[pixels, stride]`.
@group(0) @binding(2) var<storage, read> answer: array<f32>;
// `[pixels]`; then the proof.
@group(0) @binding(3) var<storage, read_write> probability: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.pixels { return; }
  let at = id.x * params.stride;
  let own = answer[at + params.chosen];
  var p = clamp(own * params.temperature, 0.0, 1.0);
  if params.activation == 1u {
    p = 1.0 / (1.0 + exp(-own * params.temperature));
  } else if params.activation == 2u {
    // The largest exponent is 0, so nothing overflows.
    var top = own;
    for (var c = 0u; c < params.classes; c++) {
      top = max(top, answer[at + c]);
    }
    var sum = 0.0;
    for (var c = 0u; c < params.classes; c++) {
      sum += exp((answer[at + c] - top) * params.temperature);
    }
    p = exp((own - top) * params.temperature) / sum;
  }
  probability[id.x] = select(p, 1.0 - p, params.inverse != 0u);
  if id.x == 0u {
    probability[params.pixels] = f32(frame.x);
  }
}
