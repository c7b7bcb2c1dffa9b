// The means of `gather`'s sums in cells several times as wide and high.

struct Params {
  // Of the smaller cells, and of the larger ones.
  columns: u32,
  rows: u32,
  fewer_columns: u32,
  fewer_rows: u32,
  // How many cells wide and high a larger one is.
  factor: u32,
  // Where both levels begin.
  from_first: u32,
  to_first: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
// Levels of `[2, rows, columns]`.
@group(0) @binding(1) var<storage, read_write> sums: array<vec4<f32>>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.fewer_columns || id.y >= p.fewer_rows) {
    return;
  }
  let first = id.xy * p.factor;
  let end = min(first + p.factor, vec2(p.columns, p.rows));
  for (var side = 0u; side < 2u; side++) {
    var sum = vec4(0.0);
    for (var y = first.y; y < end.y; y++) {
      for (var x = first.x; x < end.x; x++) {
        sum += sums[p.from_first + (side * p.rows + y) * p.columns + x];
      }
    }
    // The mean, so that a large cell's weight is to be compared with a small one's.
    sums[p.to_first + (side * p.fewer_rows + id.y) * p.fewer_columns + id.x] = sum / f32(p.factor * p.factor);
  }
}
