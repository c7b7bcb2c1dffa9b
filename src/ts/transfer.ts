/** What happens to a captured picture's memory: moved to the other thread, or given back. */

import type { Captured, Reply, Task } from './protocol.js';

/** What of a picture moves to the other thread instead of being copied. */
export function transferables(picture: Captured): Transferable[] {
  if (picture.kind === 'bitmap') return [picture.bitmap];
  if (picture.kind === 'frame') return [picture.frame];
  return picture.kind === 'pixels' ? [picture.pixels.data.buffer] : [];
}

/** Gives back the memory of a picture that will not be sent. */
export function release(picture: Captured): void {
  if (picture.kind === 'bitmap') picture.bitmap.close();
  if (picture.kind === 'frame') picture.frame.close();
}

/** The same for the other picture of a call, on the thread that ran it, however that ended. */
export function releaseGround(call: Task): void {
  if (call.type === 'draw' && call.ground) release(call.ground.picture);
}

/** What of an answer moves to the page. */
export function ownBuffers(value: Extract<Reply, { type: 'done' }>['value']): Transferable[] {
  if ('alpha' in value) return [value.alpha.buffer];
  if ('bitmap' in value) return [value.bitmap];
  return 'data' in value ? [value.data.buffer] : [];
}
