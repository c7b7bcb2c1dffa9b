// Weighted means of cells along rows, or down columns; the outermost go on beyond the ends. CPU twin: effects/ground.rs.

struct Params {
  columns: u32,
  rows: u32,
  // Where what is read begins.
  first: u32,
  down: u32,
  // Cells on either side.
  reach: u32,
  // Minus a half over the variance in cells.
  falloff: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
// `[rows, columns]`, both: red, green, blue, and 1; or 0 all over.
@group(0) @binding(1) var<storage, read> cells: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> blurred: array<vec4<f32>>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.columns || id.y >= p.rows) {
    return;
  }
  let at = id.y * p.columns + id.x;
  let place = select(id.x, id.y, p.down != 0u);
  let last = select(p.columns, p.rows, p.down != 0u) - 1u;
  let step = select(1u, p.columns, p.down != 0u);
  let start = p.first + at - place * step;
  var sum = cells[p.first + at];
  for (var k = 1u; k <= p.reach; k++) {
    let before = cells[start + (place - min(k, place)) * step];
    let after = cells[start + min(place + k, last) * step];
    sum += exp(p.falloff * f32(k * k)) * (before + after);
  }
  // The ones have become the weights' sum.
  blurred[at] = sum / max(sum.w, 1e-6);
}
