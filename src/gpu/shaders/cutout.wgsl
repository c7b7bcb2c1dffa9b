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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
// `[height, words]`, four pixels a word.
@group(0) @binding(2) var<storage, read> alpha: array<u32>;

@vertex
fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
  return vec4(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

// The cut-out's pixel, colours not times alpha.
fn pixel(x: u32, y: u32) -> vec4<f32> {
  let matte = f32((alpha[y * params.words + x / 4u] >> (x % 4u * 8u)) & 0xffu) / 255.0;
  if params.effect == 1u { return vec4(vec3(matte), 1.0); }
  let own = textureLoad(picture, vec2(x, y), 0);
  return vec4(own.rgb, own.a * matte);
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
