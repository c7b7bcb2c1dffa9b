// The feather's way along the rows: the distance to the other side, the tent's mean, and what becomes of
// each pixel: `alpha + (1 - d / R)^2 * (tent - alpha)` where `d < R`. See `matte/feather.rs`.
//
// A workgroup is a tile, an invocation a word of the matte: four pixels of a row.

struct Params {
  // Words of a row of the matte, and rows.
  words: u32,
  height: u32,
  // Tiles across.
  tiles: u32,
  // Words to each side that can matter.
  reach: u32,
  radius: f32,
  // One over the sum of the tent's weights.
  share: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Bit 0: the tile may change.
@group(0) @binding(1) var<storage, read> near: array<u32>;
// As `feather_down` writes them.
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> means: array<vec2<u32>>;
// `[height, words]`, four pixels a word; then the proof.
@group(0) @binding(4) var<storage, read_write> alpha: array<u32>;

fn bytes_of(word: u32) -> vec4<u32> {
  return (vec4(word) >> vec4(0u, 8u, 16u, 24u)) & vec4(0xffu);
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) tile: vec3<u32>) {
  if id.x == 0u && id.y == 0u {
    alpha[params.height * params.words] += 1u;
  }
  if (near[tile.y * params.tiles + tile.x] & 1u) == 0u { return; }
  if id.x >= params.words || id.y >= params.height { return; }
  let row = id.y * params.words;
  let own = bytes_of(rows[row + id.x]) & vec4(0x80u);
  let reach = i32(params.reach);
  let last = i32(params.words) - 1;
  // Squares, beyond what any radius reaches.
  var nearest = vec4(65536.0);
  for (var by = -reach; by <= reach; by++) {
    let at = i32(id.x) + by;
    var four = rows[row + u32(clamp(at, 0, last))];
    // Beyond the picture its first and last columns are repeated.
    four = select(four, (four & 0xffu) * 0x01010101u, at < 0);
    four = select(four, (four >> 24u) * 0x01010101u, at > last);
    let bytes = bytes_of(four);
    for (var j = 0u; j < 4u; j++) {
      let across = f32(by * 4 + i32(j)) - vec4(0.0, 1.0, 2.0, 3.0);
      // In a column that is on the other side here, the way there has no rows.
      let down = select(vec4(0.0), vec4(f32(bytes[j] & 0x7fu)), vec4(bytes[j] & 0x80u) == own);
      nearest = min(nearest, across * across + down * down);
    }
  }
  // The edge lies half a pixel before the nearest centre beyond it.
  let distance = sqrt(nearest) - 0.5;
  if all(distance >= vec4(params.radius)) { return; }
  var mean = vec4(0.0);
  for (var by = -reach; by <= reach; by++) {
    let at = i32(id.x) + by;
    let four = means[row + u32(clamp(at, 0, last))];
    var values = vec4(unpack2x16unorm(four.x), unpack2x16unorm(four.y));
    values = select(values, values.xxxx, at < 0);
    values = select(values, values.wwww, at > last);
    for (var j = 0u; j < 4u; j++) {
      let across = f32(by * 4 + i32(j)) - vec4(0.0, 1.0, 2.0, 3.0);
      mean += max(params.radius - abs(across), vec4(0.0)) * params.share * values[j];
    }
  }
  let before = unpack4x8unorm(alpha[row + id.x]);
  let taken = max(1.0 - distance / params.radius, vec4(0.0));
  alpha[row + id.x] = pack4x8unorm(before + taken * taken * (mean - before));
}
