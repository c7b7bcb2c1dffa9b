// Makes the probability of a stream's next frame steady. The twin of `matte/smooth.rs`, after `change`.

struct Params {
  width: u32,
  height: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// As `change` has it, all three.
@group(0) @binding(1) var<storage, read> guide: array<u32>;
@group(0) @binding(2) var<storage, read> changes: array<f32>;
@group(0) @binding(3) var<storage, read_write> kept: array<vec4<f32>>;
// `[height, width]`.
@group(0) @binding(4) var<storage, read_write> probability: array<f32>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x >= params.width || id.y >= params.height { return; }
  let here = id.y * params.width + id.x;
  let p = probability[here];
  var cell = kept[here];
  let off = p - cell.z;
  var changed = 1.0;
  let same = changes[params.width * params.height] * (1.0 - 0.6 * abs(off));
  if same > 0.0 {
    var change = 0.0;
    for (var dy = 0u; dy < 3u; dy++) {
      for (var dx = 0u; dx < 3u; dx++) {
        let at = clamp(id.xy + vec2(dx, dy), vec2(1u), vec2(params.width, params.height)) - 1u;
        change += changes[at.y * params.width + at.x];
      }
    }
    changed = clamp(change / (9.0 * same) - 1.0, 0.0, 1.0);
  }
  cell.w += 0.35 * (off - cell.w);
  let share = mix(0.1 + 0.4 * clamp((abs(cell.w) - 0.35) / 0.3, 0.0, 1.0), 1.0, changed);
  cell = vec4(cell.xy + share * (look(guide[here]) - cell.xy), select(cell.z + share * off, p, changed == 1.0), cell.w * (1.0 - changed));
  kept[here] = cell;
  probability[here] = cell.z;
}
