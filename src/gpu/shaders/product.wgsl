// What steps with a matrix share: a tile of four pixels by COLUMNS channels per invocation.
//
// The matrix lies row by row, as wide as a pixel of the result. An invocation's channels are `lanes`
// apart, so that for each of them invocations beside each other read, and write, values beside each other.

// Channels of an invocation: 1, 2 or 4.
override COLUMNS: u32 = 1u;

@group(0) @binding(2) var<storage, read> weights: array<Weight>;
// [2, columns]: what a sum is multiplied by, and what is added to it then.
@group(0) @binding(3) var<storage, read> scales: array<f32>;

// What sums of column `c` stand for.
fn scaled(sum: vec4<f32>, c: u32, lanes: u32) -> vec4<f32> {
  return sum * scales[c] + scales[c + lanes * COLUMNS];
}

// `s`, whose columns are channels of four pixels, plus one channel of four pixels times a row of the
// matrix, whose part for this tile starts at `at`.
fn row(s: mat4x4<f32>, x: vec4<f32>, at: u32, lanes: u32) -> mat4x4<f32> {
  var t = s;
  t[0] += x * f32(weights[at]);
  if (COLUMNS > 1u) {
    t[1] += x * f32(weights[at + lanes]);
  }
  if (COLUMNS > 2u) {
    t[2] += x * f32(weights[at + 2u * lanes]);
    t[3] += x * f32(weights[at + 3u * lanes]);
  }
  return t;
}

// `s` plus four channels of each of four pixels times four rows of the matrix.
fn rows(s: mat4x4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, at: u32, lanes: u32) -> mat4x4<f32> {
  let width = lanes * COLUMNS;
  var t = row(s, vec4(a.x, b.x, c.x, d.x), at, lanes);
  t = row(t, vec4(a.y, b.y, c.y, d.y), at + width, lanes);
  t = row(t, vec4(a.z, b.z, c.z, d.z), at + 2u * width, lanes);
  return row(t, vec4(a.w, b.w, c.w, d.w), at + 3u * width, lanes);
}

// Hands each column of a tile to `put`, which is the shader's own.
fn put_tile(s: mat4x4<f32>, pixels: vec4<u32>, c: u32, lanes: u32) {
  put(s[0], pixels, c);
  if (COLUMNS > 1u) {
    put(s[1], pixels, c + lanes);
  }
  if (COLUMNS > 2u) {
    put(s[2], pixels, c + 2u * lanes);
    put(s[3], pixels, c + 3u * lanes);
  }
}
