// The colours of `gather`'s cells: means of their sums, and where these weigh little, the colours of larger cells.

struct Params {
  // Of these cells, and of the larger ones; 0 where there are none.
  columns: u32,
  rows: u32,
  fewer_columns: u32,
  fewer_rows: u32,
  // How many cells wide and high a larger one is.
  factor: u32,
  // Where both levels begin.
  first: u32,
  larger_first: u32,
  // The weight of a larger cell's colour.
  trust: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
// Levels of `[2, rows, columns]`, both.
@group(0) @binding(1) var<storage, read> sums: array<vec4<f32>>;
// Red, green, blue, and 1, or 0 all over if no pixel of this side has a say.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;

fn larger(side: u32, x: u32, y: u32) -> vec3<f32> {
  let inside = min(vec2(x, y), vec2(p.fewer_columns, p.fewer_rows) - 1u);
  return colours[p.larger_first + (side * p.fewer_rows + inside.y) * p.fewer_columns + inside.x].rgb;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.columns || id.y >= p.rows) {
    return;
  }
  for (var side = 0u; side < 2u; side++) {
    let at = p.first + (side * p.rows + id.y) * p.columns + id.x;
    let sum = sums[at];
    var colour = vec3(0.0);
    var known = 0.0;
    if (p.fewer_columns == 0u) {
      if (sum.w > 0.0) {
        colour = sum.rgb / sum.w;
        known = 1.0;
      }
    } else {
      known = colours[p.larger_first + side * p.fewer_rows * p.fewer_columns].w;
      let x = grid_tap(id.x, 1.0 / f32(p.factor), p.fewer_columns);
      let y = grid_tap(id.y, 1.0 / f32(p.factor), p.fewer_rows);
      let first = vec2<u32>(vec2(x.x, y.x));
      let above = mix(larger(side, first.x, first.y), larger(side, first.x + 1u, first.y), x.y);
      let below = mix(larger(side, first.x, first.y + 1u), larger(side, first.x + 1u, first.y + 1u), x.y);
      colour = (sum.rgb + p.trust * mix(above, below, y.y)) / (sum.w + p.trust);
    }
    colours[at] = vec4(colour, known);
  }
}
