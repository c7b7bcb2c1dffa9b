// What steps with a matrix share: a tile of four pixels, or eight, by one block of channels, or two.
//
// The matrix lies in squares of four by four, [blocks of x, columns / 4], so that one address brings
// sixteen weights. A sum has a column for each pixel.

// Blocks of an invocation, 1 or 2, and whether it has eight pixels.
override BLOCKS: u32 = 1u;
override EIGHT: bool = false;

@group(0) @binding(2) var<storage, read> weights: array<mat4x4<Weight>>;
// [2, columns / 4]: what a sum is multiplied by, and what is added to it then.
@group(0) @binding(3) var<storage, read> scales: array<vec4<f32>>;

// The sums of a tile: of four pixels, a block and the next one; of four more.
struct Sums {
  a: mat4x4<f32>,
  b: mat4x4<f32>,
  c: mat4x4<f32>,
  d: mat4x4<f32>,
}

fn square(at: u32) -> mat4x4<f32> {
  let w = weights[at];
  return mat4x4(vec4<f32>(w[0]), vec4<f32>(w[1]), vec4<f32>(w[2]), vec4<f32>(w[3]));
}

// `sums` plus one block of four pixels, and of four more, times the squares from `at` on.
fn summed(sums: Sums, x: mat4x4<f32>, z: mat4x4<f32>, at: u32) -> Sums {
  var s = sums;
  let first = square(at);
  s.a += first * x;
  if (EIGHT) {
    s.c += first * z;
  }
  if (BLOCKS > 1u) {
    let second = square(at + 1u);
    s.b += second * x;
    if (EIGHT) {
      s.d += second * z;
    }
  }
  return s;
}

// Hands a column of four pixels to `put`, which is the shader's own.
fn put_four(sums: mat4x4<f32>, pixels: vec4<u32>, column: u32, columns: u32) {
  let scale = scales[column];
  let bias = scales[column + columns];
  put(sums[0] * scale + bias, pixels.x, column);
  put(sums[1] * scale + bias, pixels.y, column);
  put(sums[2] * scale + bias, pixels.z, column);
  put(sums[3] * scale + bias, pixels.w, column);
}

// The same for all of a tile's, whose first one is `column`.
fn put_tile(s: Sums, pixels: vec4<u32>, others: vec4<u32>, column: u32, columns: u32) {
  put_four(s.a, pixels, column, columns);
  if (BLOCKS > 1u) {
    put_four(s.b, pixels, column + 1u, columns);
  }
  if (EIGHT) {
    put_four(s.c, others, column, columns);
    if (BLOCKS > 1u) {
      put_four(s.d, others, column + 1u, columns);
    }
  }
}
