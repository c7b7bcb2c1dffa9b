// The picture's rows, weighed: a row of the output, still as wide as the picture's sums across.
//
// The twin of the first half of `pixels::resize`, in whole numbers like it, so that both give one guide.
// A place is the sum of a block of pixels, or, for what fills no block, of one row or column of them.

struct Params {
  // Sums across, and rows of the output.
  across: u32,
  height: u32,
  // Columns and rows of a block, and how many blocks there are.
  block: vec2<u32>,
  blocks: vec2<u32>,
  // Places down, and how many of them a row of the output has weights for.
  down: u32,
  count: u32,
  // What a sum is shifted by.
  bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
// `[height, 1 + count]`: the first place, and the weights from there.
@group(0) @binding(2) var<storage, read> taps: array<u32>;
// `[height, across]`: the means of red and green, and of blue, times 128 and 16 bits each.
@group(0) @binding(3) var<storage, read_write> mixed: array<vec2<u32>>;

// Where a place starts, and how many pixels it is of.
fn pixels(place: u32, block: u32, blocks: u32) -> vec2<u32> {
  let single = place >= blocks;
  return vec2(select(place * block, blocks * block + place - blocks, single), select(block, 1u, single));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.across || id.y >= params.height { return; }
  let columns = pixels(id.x, params.block.x, params.blocks.x);
  let first = taps[id.y * (params.count + 1u)];
  var sum = vec3(1u << (params.bits - 1u));
  for (var i = 0u; i < params.count; i++) {
    let weight = taps[id.y * (params.count + 1u) + 1u + i];
    // Beyond an output row's own places the weight is 0, whatever is read.
    let rows = pixels(min(first + i, params.down - 1u), params.block.y, params.blocks.y);
    var block = vec3(0.0);
    for (var ky = 0u; ky < rows.y; ky++) {
      for (var kx = 0u; kx < columns.y; kx++) {
        block += textureLoad(picture, vec2(columns.x + kx, rows.x + ky), 0).rgb;
      }
    }
    // Sixteen bytes at most: exact in single precision.
    sum += weight * vec3<u32>(round(block * 255.0));
  }
  let mean = min(sum >> vec3(params.bits), vec3(32767u));
  mixed[id.y * params.across + id.x] = vec2(mean.r | (mean.g << 16u), mean.b);
}
