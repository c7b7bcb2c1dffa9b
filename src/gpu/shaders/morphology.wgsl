// The least or the greatest value of a window, along one axis. The twin of `matte::morphology`.
//
// An invocation has a word of the matte: four pixels of a row.

struct Params {
  // Of the picture.
  width: u32,
  height: u32,
  // Words of a row of the matte.
  words: u32,
  radius: i32,
  // 0 along the rows, 1 down the columns.
  down: u32,
  // 1 for the greatest value.
  grow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[height, words]`, four pixels a word; then the proof.
@group(0) @binding(1) var<storage, read> before: array<u32>;
@group(0) @binding(2) var<storage, read_write> alpha: array<u32>;

// Values of 0..1 so that the least one is wanted: the greatest is the least of what is missing to 1.
fn turned(values: vec4<f32>) -> vec4<f32> {
  return select(values, 1.0 - values, params.grow != 0u);
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.words || id.y >= params.height { return; }
  let row = id.y * params.words;
  var least = vec4(1.0);
  if params.down != 0u {
    for (var k = -params.radius; k <= params.radius; k++) {
      let y = u32(clamp(i32(id.y) + k, 0, i32(params.height) - 1));
      least = min(least, turned(unpack4x8unorm(before[y * params.words + id.x])));
    }
  } else {
    let reach = (params.radius + 3) / 4;
    let last = i32(params.words) - 1;
    // Pixels beyond the row repeat its last, also in the result.
    let x = min(vec4(i32(id.x) * 4) + vec4(0, 1, 2, 3), vec4(i32(params.width) - 1));
    for (var by = -reach; by <= reach; by++) {
      // Beyond the picture there is nothing that its last columns have not; those are within the window.
      let at = clamp(i32(id.x) + by, 0, last);
      let values = turned(unpack4x8unorm(before[row + u32(at)]));
      for (var j = 0; j < 4; j++) {
        let within = abs(vec4(at * 4 + j) - x) <= vec4(params.radius);
        least = min(least, select(vec4(1.0), vec4(values[j]), within));
      }
    }
  }
  alpha[row + id.x] = pack4x8unorm(turned(least));
  if id.x == 0u && id.y == 0u {
    alpha[params.height * params.words] = before[params.height * params.words] + 1u;
  }
}
