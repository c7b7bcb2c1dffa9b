// A dense convolution over a window.
// `y[oy, ox, o] = bias[o] + sum over (ky, kx, i) of x[iy, ix, i] * weights[ky, kx, i, o]`.
// CPU twin: cpu/kernels/conv.rs.

struct Params {
  finish: Finish,
  window: Window,
  // Rows and columns of `x`, and vectors of its pixels.
  height: u32,
  width: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;        // [height, width, blocks]
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;  // [oy, ox, stride / 4]

fn put(v: vec4<f32>, pixel: u32, block: u32) {
  y[pixel * p.finish.stride / 4u + block] = finished(p.finish, v, pixel, block);
}

fn loaded(at: vec4<u32>, inside: vec4<f32>) -> mat4x4<f32> {
  return mat4x4(x[at.x] * inside.x, x[at.y] * inside.y, x[at.z] * inside.z, x[at.w] * inside.w);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let lanes = p.finish.lanes;
  let size = select(4u, 8u, EIGHT);
  let tiles = (p.finish.width + size - 1u) / size;
  let tile = id.x / lanes;
  let oy = tile / tiles;
  if (oy >= p.finish.height) {
    return;
  }
  let columns = lanes * BLOCKS;
  let column = id.x % lanes * BLOCKS;
  let ox = four(tile % tiles * size, p.finish.width);
  let others = four(tile % tiles * size + 4u, p.finish.width);
  var s = Sums();
  // One loop for rows, columns and blocks: what a loop carries costs more than a turn of it where the GPU
  // is a program.
  var k = vec2(0u);
  var i = 0u;
  let all = p.window.kernel.x * p.window.kernel.y * p.blocks * columns;
  for (var at = column; at < all; at += columns) {
    let iy = tap(p.window, 0u, vec4(oy), k.x).x;
    // Nothing of a row outside is inside.
    let width = select(0u, p.width, iy < p.height);
    let row = min(iy, p.height - 1u) * p.width;
    let ix = tap(p.window, 1u, ox, k.y);
    let inside = select(vec4(0.0), vec4(1.0), ix < vec4(width));
    var z = mat4x4<f32>();
    if (EIGHT) {
      let jx = tap(p.window, 1u, others, k.y);
      let within = select(vec4(0.0), vec4(1.0), jx < vec4(width));
      z = loaded((row + min(jx, vec4(p.width - 1u))) * p.blocks + i, within);
    }
    s = summed(s, loaded((row + min(ix, vec4(p.width - 1u))) * p.blocks + i, inside), z, at);
    i++;
    if (i == p.blocks) {
      i = 0u;
      k.y++;
    }
    if (k.y == p.window.kernel.y) {
      k = vec2(k.x + 1u, 0u);
    }
  }
  let row = oy * p.finish.width;
  put_tile(s, row + ox, row + others, column, columns);
}
