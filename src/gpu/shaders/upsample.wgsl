// The coefficients between four cells, applied to the picture's own colours: the matte at full size.
//
// An invocation has four pixels of a row, which are one word of the matte. Where no colour can give
// anything but 0, or anything but 1, the picture is not read.

struct Params {
  width: u32,
  height: u32,
  // Words of a row of the matte.
  words: u32,
  // Columns and rows of the grid, and cells per pixel.
  cells: vec2<u32>,
  scale: vec2<f32>,
}

@group(0) @binding(0) var<uniform> params: Params;
// The frame's number.
@group(0) @binding(1) var<uniform> frame: vec4<u32>;
@group(0) @binding(2) var picture: texture_2d<f32>;
// `[cells.y, cells.x]`.
@group(0) @binding(3) var<storage, read> coefficients: array<vec4<f32>>;
// `[height, words]`, the leftmost pixel lowest; pixels beyond the row repeat its last. Then the proof.
@group(0) @binding(4) var<storage, read_write> alpha: array<u32>;

// The coefficients of column `x`, between two rows of cells.
fn column(x: u32, above: u32, below: u32, t: f32) -> vec4<f32> {
  return mix(coefficients[above + x], coefficients[below + x], t);
}

// The least and the most that any colour gives.
fn ends(affine: vec4<f32>) -> vec2<f32> {
  return affine.w + vec2(dot(min(affine.xyz, vec3(0.0)), vec3(1.0)), dot(max(affine.xyz, vec3(0.0)), vec3(1.0)));
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.words || id.y >= params.height { return; }
  let last = params.cells.x - 1u;
  let row = grid_tap(id.y, params.scale.y, params.cells.y);
  let above = u32(row.x) * params.cells.x;
  let below = min(u32(row.x) + 1u, params.cells.y - 1u) * params.cells.x;
  var cell = u32(grid_tap(id.x * 4u, params.scale.x, params.cells.x).x);
  var left = column(cell, above, below, row.y);
  var right = column(min(cell + 1u, last), above, below, row.y);
  var values = vec4(0.0);
  for (var i = 0u; i < 4u; i++) {
    let x = min(id.x * 4u + i, params.width - 1u);
    let place = grid_tap(x, params.scale.x, params.cells.x);
    if u32(place.x) != cell {
      cell = u32(place.x);
      left = column(cell, above, below, row.y);
      right = column(min(cell + 1u, last), above, below, row.y);
    }
    let affine = mix(left, right, place.y);
    let known = ends(affine);
    // A matte is bytes: half a step is none. What is between cells is no more than at one of them.
    var value = known.x;
    if known.y > 0.0015 && known.x < 0.9985 {
      value = dot(affine.xyz, textureLoad(picture, vec2(x, id.y), 0).rgb) + affine.w;
    }
    values[i] = value;
  }
  alpha[id.y * params.words + id.x] = pack4x8unorm(values);
  if id.x == 0u && id.y == 0u {
    alpha[params.height * params.words] = frame.x;
  }
}
