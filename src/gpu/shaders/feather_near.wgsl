// Which tiles the feather may change (bit 0), and which of their columns it must measure (bit 1).
//
// A tile may change if both sides are within its reach; it is measured if one in its row that reads it may.

struct Params {
  // Tiles across and down.
  tiles: vec2<u32>,
  // How many tiles away, across and down, a pixel can matter.
  reach: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[tiles.y, tiles.x]`.
@group(0) @binding(1) var<storage, read> sides: array<u32>;
// `[tiles.y, tiles.x]`.
@group(0) @binding(2) var<storage, read_write> near: array<u32>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.tiles.x || id.y >= params.tiles.y { return; }
  let top = max(id.y, params.reach.y) - params.reach.y;
  let bottom = min(id.y + params.reach.y + 1u, params.tiles.y);
  let first = i32(id.x) - i32(params.reach.x);
  var seen = 0u;
  for (var x = first; x <= i32(id.x + params.reach.x); x++) {
    // The sides around the tile in column `x`, of which the own one is in the middle.
    var around = 0u;
    for (var ix = max(x - i32(params.reach.x), 0); ix <= min(x + i32(params.reach.x), i32(params.tiles.x) - 1); ix++) {
      for (var iy = top; iy < bottom; iy++) {
        around |= sides[iy * params.tiles.x + u32(ix)];
      }
    }
    if around == 3u && x >= 0 && x < i32(params.tiles.x) {
      seen |= select(2u, 3u, x == i32(id.x));
    }
  }
  near[id.y * params.tiles.x + id.x] = seen;
}
