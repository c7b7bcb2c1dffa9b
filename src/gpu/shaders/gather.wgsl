// Sums of a picture's colours in each cell of a coarse grid: of what is surely subject, and of what is surely ground.
// CPU twin: effects/colours.rs.

struct Params {
  width: u32,
  height: u32,
  // Words of a row of the matte.
  words: u32,
  // Pixels of a cell's side.
  cell: u32,
  columns: u32,
  rows: u32,
  // Whether what is not all ground hardly counts as such: for a blur.
  strict: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
// `[height, words]`, four pixels a word.
@group(0) @binding(2) var<storage, read> alpha: array<u32>;
// `[2, rows, columns]`, subject and ground: red, green, blue, and the weights alone.
@group(0) @binding(3) var<storage, read_write> sums: array<vec4<f32>>;

// What the picture itself leaves out, by half or more, has no colour.
const SEEN = 128u;

fn square(x: u32) -> u32 { return (x * x + 127u) / 255u; }

fn surely(a: u32) -> u32 { return square(square(square(square(a)))); }

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.columns || id.y >= p.rows) {
    return;
  }
  let first = id.xy * p.cell;
  let end = min(first + p.cell, vec2(p.width, p.height));
  var subject = vec4(0u);
  var ground = vec4(0u);
  for (var y = first.y; y < end.y; y++) {
    for (var x = first.x; x < end.x; x++) {
      let a = (alpha[y * p.words + x / 4u] >> (x % 4u * 8u)) & 0xffu;
      let here = surely(a);
      var there = surely(255u - a);
      if (p.strict != 0u) {
        there = square(square(there));
      }
      if (here + there == 0u) {
        continue;
      }
      let pixel = vec4<u32>(round(textureLoad(picture, vec2(x, y), 0) * 255.0));
      if (pixel.a < SEEN) {
        continue;
      }
      let one = vec4(pixel.rgb, 1u);
      subject += one * here;
      ground += one * there;
    }
  }
  let at = id.y * p.columns + id.x;
  sums[at] = vec4<f32>(subject);
  sums[p.rows * p.columns + at] = vec4<f32>(ground);
}
