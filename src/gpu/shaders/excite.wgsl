// A squeeze-excite chain: means of whole pictures, and products of the vectors they become, in one
// workgroup. Its vectors never leave the workgroup's memory; only the last one is written.

// What a layer sums: all pixels of a picture, or a vector times a matrix.
const FIRST = 0u;
const SECOND = 1u;
const PRODUCT = 2u;

const NOTHING = 0xffffffffu;

struct Layer {
  kind: u32,
  // How many values go into one sum: pixels, or channels of the vector.
  count: u32,
  // Vectors of the result.
  blocks: u32,
  // Where the vector that is multiplied lies, and where the matrix begins and the scales and biases.
  source: u32,
  weights: u32,
  scales: u32,
  // What is added, before the activation or after; or NOTHING.
  residual: u32,
  after: u32,
  // Where the result goes.
  result: u32,
  activation: u32,
  a: f32,
  b: f32,
}

struct Params {
  layers: u32,
  @align(16) layer: array<Layer, 8>,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> first: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> second: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> numbers: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

const SIZE = 128u;
const ROOM = 512u;
var<workgroup> sums: array<vec4<f32>, SIZE>;
var<workgroup> vectors: array<vec4<f32>, ROOM>;

// One of the values that go into a sum; 0 beyond the last one.
fn value(n: u32, i: u32, block: u32) -> vec4<f32> {
  let count = p.layer[n].count;
  let place = min(i, count - 1u);
  let at = place * p.layer[n].blocks + block;
  var v = vec4(0.0);
  switch p.layer[n].kind {
    case FIRST: { v = first[at]; }
    case SECOND: { v = second[at]; }
    default: { v = vectors[p.layer[n].source + place / 4u][place % 4u] * numbers[p.layer[n].weights + at]; }
  }
  return select(vec4(0.0), v, i < count);
}

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) id: u32) {
  for (var n = 0u; n < p.layers; n++) {
    let blocks = p.layer[n].blocks;
    let parts = SIZE / blocks;
    let part = id / blocks;
    let block = id % blocks;
    var s = vec4(0.0);
    if (part < parts) {
      // Eight at a time, so that as many loads are on their way at once.
      for (var i = part; i < p.layer[n].count; i += 8u * parts) {
        let a = value(n, i, block) + value(n, i + parts, block);
        let b = value(n, i + 2u * parts, block) + value(n, i + 3u * parts, block);
        let c = value(n, i + 4u * parts, block) + value(n, i + 5u * parts, block);
        let d = value(n, i + 6u * parts, block) + value(n, i + 7u * parts, block);
        s += (a + b) + (c + d);
      }
    }
    sums[id] = s;
    workgroupBarrier();
    // Eight become one at a time: few barriers, which cost more than sums where the GPU is a program.
    for (var left = parts; left > 1u; left = (left + 7u) / 8u) {
      let upper = (left + 7u) / 8u;
      if (part < upper) {
        var sum = sums[id];
        for (var i = part + upper; i < left; i += upper) {
          sum += sums[i * blocks + block];
        }
        sums[id] = sum;
      }
      workgroupBarrier();
    }
    if (id < blocks) {
      let scales = p.layer[n].scales + id;
      var v = sums[id] * numbers[scales] + numbers[scales + blocks];
      var r = vec4(0.0);
      if (p.layer[n].residual != NOTHING) {
        r = vectors[p.layer[n].residual + id];
      }
      if (p.layer[n].after == 0u) {
        v += r;
      }
      v = activated(v, p.layer[n].activation, p.layer[n].a, p.layer[n].b);
      if (p.layer[n].after != 0u) {
        v += r;
      }
      vectors[p.layer[n].result + id] = v;
      if (n + 1u == p.layers) {
        y[id] = v;
      }
    }
    workgroupBarrier();
  }
}
