// What one does with a matte, drawn: a triangle over all of a target, whose pixels lie anywhere in the picture's.

struct Params {
  // Of the picture.
  width: u32,
  height: u32,
  // Words of a row of the matte.
  words: u32,
  // 0: the subject on a transparent ground; 1: the matte as grey.
  effect: u32,
  // Pixels of the picture to one of the target.
  scale: vec2<f32>,
  // Whether colours are to be times alpha.
  premultiplied: u32,
  // The grid of colours: pixels of a cell's side, columns and rows.
  cell: u32,
  columns: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
// `[height, words]`, four pixels a word.
@group(0) @binding(2) var<storage, read> alpha: array<u32>;

// `[2, rows, columns]`, the subject's and the ground's.
@group(0) @binding(3) var<storage, read> colours: array<vec4<f32>>;

@vertex
fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
  return vec4(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

fn cell(side: u32, x: u32, y: u32) -> vec3<f32> {
  let inside = min(vec2(x, y), vec2(params.columns, params.rows) - 1u);
  return colours[(side * params.rows + inside.y) * params.columns + inside.x].rgb / 255.0;
}

// A side's colour between four cells.
fn around(side: u32, x: vec2<f32>, y: vec2<f32>) -> vec3<f32> {
  let first = vec2<u32>(vec2(x.x, y.x));
  let above = mix(cell(side, first.x, first.y), cell(side, first.x + 1u, first.y), x.y);
  let below = mix(cell(side, first.x, first.y + 1u), cell(side, first.x + 1u, first.y + 1u), x.y);
  return mix(above, below, y.y);
}

// The subject's own colour: see effects/colours.rs.
fn subject(x: u32, y: u32, seen: vec3<f32>, matte: f32) -> vec3<f32> {
  if matte == 1.0 { return seen; }
  let across = grid_tap(x, 1.0 / f32(params.cell), params.columns);
  let down = grid_tap(y, 1.0 / f32(params.cell), params.rows);
  let front = around(0u, across, down);
  let back = around(1u, across, down);
  return clamp(front + matte * (seen - matte * front - (1.0 - matte) * back), vec3(0.0), vec3(1.0));
}

// The cut-out's pixel, colours not times alpha.
fn pixel(x: u32, y: u32) -> vec4<f32> {
  let matte = f32((alpha[y * params.words + x / 4u] >> (x % 4u * 8u)) & 0xffu) / 255.0;
  if params.effect == 1u { return vec4(vec3(matte), 1.0); }
  if matte == 0.0 { return vec4(0.0); }
  let own = textureLoad(picture, vec2(x, y), 0);
  return vec4(subject(x, y, own.rgb, matte), own.a * matte);
}

@fragment
fn colour(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let size = vec2(f32(params.width), f32(params.height));
  let at = clamp(position.xy * params.scale - 0.5, vec2(0.0), size - 1.0);
  let t = fract(at);
  let first = vec2<u32>(at);
  let next = min(first + 1u, vec2(params.width, params.height) - 1u);
  var drawn = pixel(first.x, first.y);
  if params.premultiplied != 0u { drawn = vec4(drawn.rgb * drawn.a, drawn.a); }
  if any(t > vec2(0.0)) {
    // Between pixels, colours count as much as they are seen.
    let seen = mix(
      mix(times_alpha(pixel(first.x, first.y)), times_alpha(pixel(next.x, first.y)), t.x),
      mix(times_alpha(pixel(first.x, next.y)), times_alpha(pixel(next.x, next.y)), t.x),
      t.y,
    );
    let straight = vec4(seen.rgb / max(seen.a, 1e-6), seen.a);
    drawn = select(straight, seen, params.premultiplied != 0u);
  }
  return drawn;
}

fn times_alpha(colour: vec4<f32>) -> vec4<f32> {
  return vec4(colour.rgb * colour.a, colour.a);
}
