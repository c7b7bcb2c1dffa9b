// Of each tile of the matte, whether any pixel is outside (bit 0), and whether any is inside (bit 1).

struct Params {
  // Words of a row of the matte, and rows.
  words: u32,
  height: u32,
  // Tiles across and down.
  tiles: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[height, words]`, four pixels a word.
@group(0) @binding(1) var<storage, read> alpha: array<u32>;
// `[tiles.y, tiles.x]`.
@group(0) @binding(2) var<storage, read_write> sides: array<u32>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.tiles.x || id.y >= params.tiles.y { return; }
  var any = 0u;
  var all = 0xffffffffu;
  for (var y = id.y * 8u; y < min(id.y * 8u + 8u, params.height); y++) {
    for (var word = id.x * 8u; word < min(id.x * 8u + 8u, params.words); word++) {
      let four = alpha[y * params.words + word];
      any |= four;
      all &= four;
    }
  }
  // A pixel is inside if the highest bit of its byte is set.
  let inside = 0x80808080u;
  sides[id.y * params.tiles.x + id.x] =
    select(0u, 1u, (all & inside) != inside) | select(0u, 2u, (any & inside) != 0u);
}
