// Where a picture is another than the one that a stream keeps. The twin of `Smooth::compare`, by one workgroup.

struct Params {
  cells: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// `[cells]`: red, green and blue from the lowest byte on.
@group(0) @binding(1) var<storage, read> guide: array<u32>;
// `[cells]`: luma, tint, probability and trend.
@group(0) @binding(2) var<storage, read> kept: array<vec4<f32>>;
// `[cells]`; then the most by which what is the same differs, -1 if hardly any is; then whether anything is kept.
@group(0) @binding(3) var<storage, read_write> changes: array<f32>;

var<workgroup> counts: array<atomic<u32>, 256>;
var<workgroup> others: atomic<u32>;
var<workgroup> shift: f32;
var<workgroup> same: f32;

fn off(i: u32) -> vec2<f32> {
  return look(guide[i]) - kept[i].xy;
}

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(local_invocation_index) own: u32) {
  for (var i = own; i < params.cells; i += 256u) {
    atomicAdd(&counts[u32(clamp(floor(off(i).x + 0.5), -128.0, 127.0) + 128.0)], 1u);
  }
  workgroupBarrier();
  if own == 0u {
    let half = params.cells / 2u;
    var middle = 0;
    var sum = atomicLoad(&counts[0]);
    while sum <= half {
      middle++;
      sum += atomicLoad(&counts[middle]);
    }
    var noise = 0;
    sum = atomicLoad(&counts[middle]);
    while sum <= half {
      noise++;
      if middle >= noise { sum += atomicLoad(&counts[middle - noise]); }
      if middle + noise < 256 { sum += atomicLoad(&counts[middle + noise]); }
    }
    shift = f32(middle - 128);
    same = 4.0 + 3.0 * min(f32(noise), 4.0);
  }
  workgroupBarrier();
  for (var i = own; i < params.cells; i += 256u) {
    let d = off(i);
    let change = abs(d.x - shift) + abs(d.y);
    changes[i] = change;
    if change > 2.0 * same { atomicAdd(&others, 1u); }
  }
  workgroupBarrier();
  if own == 0u {
    let cut = changes[params.cells + 1u] == 0.0 || atomicLoad(&others) > params.cells / 2u;
    changes[params.cells] = select(same, -1.0, cut);
    changes[params.cells + 1u] = 1.0;
  }
}
