// As many multiply-adds as there can be: nothing is loaded, and no sum waits for the one before it.

struct Params {
  turns: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;

const FACTOR = vec4(0.999);

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let x = vec4(f32(id.x));
  var a = x;
  var b = x + 1.0;
  var c = x + 2.0;
  var d = x + 3.0;
  for (var i = 0u; i < p.turns; i++) {
    // Eight times, so that what a loop itself takes counts for little: 8 * 4 * 4 multiply-adds.
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
    a = fma(a, FACTOR, x); b = fma(b, FACTOR, x); c = fma(c, FACTOR, x); d = fma(d, FACTOR, x);
  }
  y[id.x] = a + b + c + d;
}
