// The least squares fit of the probability to the colour, `p = a . rgb + b`, in each window of 3 by 3
// cells. The twin of `matte/guided.rs`, for colours in 0..1.

struct Params {
  width: u32,
  height: u32,
  // What is added to the variances.
  ridge: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[height, width]`: red, green and blue from the lowest byte on.
@group(0) @binding(1) var<storage, read> guide: array<u32>;
// `[height, width]`.
@group(0) @binding(2) var<storage, read> probability: array<f32>;
// `[height, width]`: `a`, and `b`.
@group(0) @binding(3) var<storage, read_write> fitted: array<vec4<f32>>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.width || id.y >= params.height { return; }
  let here = id.y * params.width + id.x;
  // Sums are of differences from the cell itself: small numbers, so that little is lost.
  let own = unpack4x8unorm(guide[here]).rgb;
  var count = 0.0;
  var p = 0.0;
  var colour = vec3(0.0);
  var with_p = vec3(0.0);
  var squares = vec3(0.0);
  // Red by green, red by blue, green by blue.
  var mixed = vec3(0.0);
  for (var iy = max(id.y, 1u) - 1u; iy < min(id.y + 2u, params.height); iy++) {
    for (var ix = max(id.x, 1u) - 1u; ix < min(id.x + 2u, params.width); ix++) {
      let near = iy * params.width + ix;
      let c = unpack4x8unorm(guide[near]).rgb - own;
      let q = probability[near];
      count += 1.0;
      p += q;
      colour += c;
      with_p += c * q;
      squares += c * c;
      mixed += c.rrg * c.gbb;
    }
  }
  let share = 1.0 / count;
  p *= share;
  colour *= share;
  let v = squares * share - colour * colour + params.ridge;
  let w = mixed * share - colour.rrg * colour.gbb;
  let covariance = with_p * share - colour * p;
  // The inverse of a symmetric matrix by its cofactors.
  let rr = v.g * v.b - w.z * w.z;
  let rg = w.y * w.z - w.x * v.b;
  let rb = w.x * w.z - w.y * v.g;
  let gg = v.r * v.b - w.y * w.y;
  let gb = w.x * w.y - v.r * w.z;
  let bb = v.r * v.g - w.x * w.x;
  let determinant = v.r * rr + w.x * rg + w.y * rb;
  let a = vec3(dot(vec3(rr, rg, rb), covariance), dot(vec3(rg, gg, gb), covariance), dot(vec3(rb, gb, bb), covariance)) / determinant;
  fitted[here] = vec4(a, p - dot(a, colour + own));
}
