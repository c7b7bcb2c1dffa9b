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

// The sums of every `step`-th vector of a picture from `start` on, before `end`. Eight at a time, so that
// as many loads are on their way at once.
fn first_sum(start: u32, step: u32, end: u32) -> vec4<f32> {
  var s = vec4(0.0);
  var at = start;
  for (; at + 7u * step < end; at += 8u * step) {
    let a = first[at] + first[at + step];
    let b = first[at + 2u * step] + first[at + 3u * step];
    let c = first[at + 4u * step] + first[at + 5u * step];
    let d = first[at + 6u * step] + first[at + 7u * step];
    s += (a + b) + (c + d);
  }
  for (; at < end; at += step) {
    s += first[at];
  }
  return s;
}

fn second_sum(start: u32, step: u32, end: u32) -> vec4<f32> {
  var s = vec4(0.0);
  var at = start;
  for (; at + 7u * step < end; at += 8u * step) {
    let a = second[at] + second[at + step];
    let b = second[at + 2u * step] + second[at + 3u * step];
    let c = second[at + 4u * step] + second[at + 5u * step];
    let d = second[at + 6u * step] + second[at + 7u * step];
    s += (a + b) + (c + d);
  }
  for (; at < end; at += step) {
    s += second[at];
  }
  return s;
}

// The part of a product that is rows `part`, `part + parts` and so on of the matrix.
fn product_sum(layer: Layer, part: u32, parts: u32, block: u32) -> vec4<f32> {
  var s = vec4(0.0);
  for (var i = part; i < layer.count; i += parts) {
    s += vectors[layer.source + i / 4u][i % 4u] * numbers[layer.weights + i * layer.blocks + block];
  }
  return s;
}

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) id: u32) {
  for (var n = 0u; n < p.layers; n++) {
    // Once: what is looked up by an index costs as much as any load.
    let layer = p.layer[n];
    let blocks = layer.blocks;
    let parts = SIZE / blocks;
    let part = id / blocks;
    let block = id % blocks;
    var s = vec4(0.0);
    if (part < parts) {
      if (layer.kind == FIRST) {
        s = first_sum(part * blocks + block, parts * blocks, layer.count * blocks);
      } else if (layer.kind == SECOND) {
        s = second_sum(part * blocks + block, parts * blocks, layer.count * blocks);
      } else {
        s = product_sum(layer, part, parts, block);
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
      let scales = layer.scales + id;
      var v = sums[id] * numbers[scales] + numbers[scales + blocks];
      var r = vec4(0.0);
      if (layer.residual != NOTHING) {
        r = vectors[layer.residual + id];
      }
      if (layer.after == 0u) {
        v += r;
      }
      v = activated(v, layer.activation, layer.a, layer.b);
      if (layer.after != 0u) {
        v += r;
      }
      vectors[layer.result + id] = v;
      if (n + 1u == p.layers) {
        y[id] = v;
      }
    }
    workgroupBarrier();
  }
}
