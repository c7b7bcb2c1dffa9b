// Where the taps of a sliding window are: `plan::Window`.

struct Window {
  // Rows and columns of taps.
  kernel: vec2<u32>,
  // Between two windows, between two taps.
  stride: vec2<u32>,
  dilation: vec2<u32>,
  // Rows above and columns left of the picture.
  pad: vec2<u32>,
}

// Where tap `k` of the windows at `o` lies along an axis (0 down, 1 across). What lies before the
// picture wraps to large numbers, so it is beyond the end as well.
fn tap(window: Window, axis: u32, o: vec4<u32>, k: u32) -> vec4<u32> {
  return o * window.stride[axis] + k * window.dilation[axis] - window.pad[axis];
}
