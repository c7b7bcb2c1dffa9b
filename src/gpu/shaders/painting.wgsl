// What one does with a matte, drawn: a triangle over all of a target, whose pixels lie anywhere in the picture's.

struct Params {
  // Of the picture.
  width: u32,
  height: u32,
  // Words of a row of the matte.
  words: u32,
  // One of those below.
  effect: u32,
  // Pixels of the picture to one of the target.
  scale: vec2<f32>,
  // Whether colours are to be times alpha.
  premultiplied: u32,
  // The grid of colours: pixels of a cell's side, columns and rows.
  cell: u32,
  columns: u32,
  rows: u32,
  // The same of the blurred ground.
  blur_cell: u32,
  blur_columns: u32,
  blur_rows: u32,
  // A ground of one colour.
  red: f32,
  green: f32,
  blue: f32,
}

// `effects::Effect`.
const MATTE = 1u;
const RECOLOR = 2u;
const COLOR = 3u;
const BLUR = 4u;
const PICTURE = 5u;

// Values of red, green and blue in the table of colours, each: `effects::recolor`.
const LEVELS = 33u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
// `[height, words]`, four pixels a word.
@group(0) @binding(2) var<storage, read> alpha: array<u32>;

// `[2, rows, columns]`, the subject's and the ground's.
@group(0) @binding(3) var<storage, read> colours: array<vec4<f32>>;
// The blurred ground, `[blur_rows, blur_columns]`; or what each colour becomes, `[blue, green, red]`.
@group(0) @binding(4) var<storage, read> more: array<vec4<f32>>;
// Another picture, of the same size.
@group(0) @binding(5) var ground: texture_2d<f32>;

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

// The subject's own colour: see effects/colours.rs. Where there is nothing of it, none is needed.
fn subject(x: u32, y: u32, seen: vec3<f32>, matte: f32) -> vec3<f32> {
  let known = colours[0].w * colours[params.rows * params.columns].w;
  if matte == 0.0 || matte == 1.0 || known == 0.0 { return seen; }
  let across = grid_tap(x, 1.0 / f32(params.cell), params.columns);
  let down = grid_tap(y, 1.0 / f32(params.cell), params.rows);
  let front = around(0u, across, down);
  let back = around(1u, across, down);
  return clamp(front + matte * (seen - matte * front - (1.0 - matte) * back), vec3(0.0), vec3(1.0));
}

// The blurred ground between four cells.
fn blurred(x: u32, y: u32) -> vec3<f32> {
  let across = grid_tap(x, 1.0 / f32(params.blur_cell), params.blur_columns);
  let down = grid_tap(y, 1.0 / f32(params.blur_cell), params.blur_rows);
  let row = u32(down.x) * params.blur_columns;
  let next = min(u32(down.x) + 1u, params.blur_rows - 1u) * params.blur_columns;
  let first = u32(across.x);
  let second = min(first + 1u, params.blur_columns - 1u);
  let above = mix(more[row + first].rgb, more[row + second].rgb, across.y);
  return mix(above, mix(more[next + first].rgb, more[next + second].rgb, across.y), down.y) / 255.0;
}

// What a colour becomes, between the eight nearest of the table.
fn recoloured(seen: vec3<f32>) -> vec3<f32> {
  let at = seen * f32(LEVELS - 1u);
  let first = min(vec3<u32>(at), vec3(LEVELS - 2u));
  let t = at - vec3<f32>(first);
  let corner = (first.z * LEVELS + first.y) * LEVELS + first.x;
  let near = mix(reds(corner, t.x), reds(corner + LEVELS, t.x), t.y);
  let far = corner + LEVELS * LEVELS;
  return mix(near, mix(reds(far, t.x), reds(far + LEVELS, t.x), t.y), t.z) / 255.0;
}

fn reds(at: u32, t: f32) -> vec3<f32> {
  return mix(more[at].rgb, more[at + 1u].rgb, t);
}

// The subject over a ground, both straight.
fn over(front: vec3<f32>, share: f32, back: vec4<f32>) -> vec4<f32> {
  let rest = (1.0 - share) * back.a;
  let sum = share + rest;
  return vec4((share * front + rest * back.rgb) / max(sum, 1e-6), sum);
}

// The effect's pixel, colours not times alpha.
fn pixel(x: u32, y: u32) -> vec4<f32> {
  let matte = f32((alpha[y * params.words + x / 4u] >> (x % 4u * 8u)) & 0xffu) / 255.0;
  if params.effect == MATTE { return vec4(vec3(matte), 1.0); }
  let own = textureLoad(picture, vec2(x, y), 0);
  let front = subject(x, y, own.rgb, matte);
  switch params.effect {
    case RECOLOR: {
      // Only what of the pixel is the subject's changes.
      if matte == 0.0 { return own; }
      return vec4(clamp(own.rgb + matte * (recoloured(front) - front), vec3(0.0), vec3(1.0)), own.a);
    }
    case COLOR: { return over(front, own.a * matte, vec4(params.red, params.green, params.blue, 1.0)); }
    case BLUR: {
      if more[0].w == 0.0 { return own; }
      return vec4(mix(blurred(x, y), front, matte), own.a);
    }
    case PICTURE: { return over(front, own.a * matte, textureLoad(ground, vec2(x, y), 0)); }
    default: {
      if matte == 0.0 { return vec4(0.0); }
      return vec4(front, own.a * matte);
    }
  }
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
