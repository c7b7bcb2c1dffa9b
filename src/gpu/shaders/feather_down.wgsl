// The feather's way down the columns: how many rows it is to the other side, and the tent's mean.
//
// A workgroup is a tile, an invocation a word of the matte: four pixels of a row.

struct Params {
  // Words of a row of the matte, and rows.
  words: u32,
  height: u32,
  // Tiles across.
  tiles: u32,
  // Rows that can matter.
  margin: u32,
  radius: f32,
  // One over the sum of the tent's weights.
  share: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Bit 1: the tile is measured.
@group(0) @binding(1) var<storage, read> near: array<u32>;
// `[height, words]`, four pixels a word.
@group(0) @binding(2) var<storage, read> alpha: array<u32>;
// `[height, words]`: the rows to the nearest pixel of the column on the other side, at most `margin + 1`,
// and in the highest bit of a byte the pixel's own side.
@group(0) @binding(3) var<storage, read_write> rows: array<u32>;
// `[height, words]`: the means, 16 bits each.
@group(0) @binding(4) var<storage, read_write> means: array<vec2<u32>>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) tile: vec3<u32>) {
  if (near[tile.y * params.tiles + tile.x] & 2u) == 0u { return; }
  if id.x >= params.words || id.y >= params.height { return; }
  let own = alpha[id.y * params.words + id.x];
  var nearest = vec4(params.margin + 1u);
  var mean = params.radius * params.share * unpack4x8unorm(own);
  // The nearest row is seen last.
  for (var k = params.margin; k > 0u; k--) {
    let above = alpha[(max(id.y, k) - k) * params.words + id.x];
    let below = alpha[min(id.y + k, params.height - 1u) * params.words + id.x];
    let other = ((above ^ own) | (below ^ own)) & 0x80808080u;
    nearest = select(nearest, vec4(k), (vec4(other) & vec4(0x80u, 0x8000u, 0x800000u, 0x80000000u)) != vec4(0u));
    let weight = max(params.radius - f32(k), 0.0) * params.share;
    mean += weight * (unpack4x8unorm(above) + unpack4x8unorm(below));
  }
  let at = id.y * params.words + id.x;
  rows[at] = (own & 0x80808080u) | nearest.x | (nearest.y << 8u) | (nearest.z << 16u) | (nearest.w << 24u);
  means[at] = vec2(pack2x16unorm(mean.xy), pack2x16unorm(mean.zw));
}
