/**
 * What makes a first call slow, done while nothing else is to do: browsers compile a function hastily when it first runs,
 * and well once it has run for a while.
 */

import type { WebSegmenter } from '#wasm';

import { type Guard, Run } from './run.js';
import { soon } from './soon.js';
import { pixelSource } from './source.js';

/** About how long the network's steps may take at a time, in milliseconds: a call that comes meanwhile waits no longer. */
const TASK_MS = 4;

/** Rows of a picture of which all is thrown away. */
const ROWS = 16;

/**
 * Runs the network's steps, a few in a task, and then makes a small matte, as long as `isIdle`.
 *
 * A call may come between two tasks: it begins anew whatever was under way.
 */
export async function warmUp(segmenter: WebSegmenter, guard: Guard, isIdle: () => boolean): Promise<void> {
  for (let step = 0, more = true; more; ) {
    await new Promise<void>(soon);
    const start = performance.now();
    do {
      if (!isIdle()) return;
      more = guard(() => segmenter.warmUp(step++));
    } while (more && performance.now() - start < TASK_MS);
  }
  const { inputWidth, inputHeight, classes, subjects } = guard(() => segmenter.info());
  // Wider than the map, so that the map is enlarged, as for most pictures.
  const width = inputWidth + 8;
  const picture = pixelSource({ width, height: ROWS, data: new Uint8ClampedArray(width * ROWS * 4) });
  // Neither subject nor ground, so that every pixel is worked on.
  const answer = new Float32Array(inputWidth * inputHeight * classes.length).fill(0.5);
  const options = { of: subjects[0]!, intensity: 0.5, feather: undefined, morphology: undefined, minIsland: 0, quality: 'fast', stream: undefined } as const;
  // Nothing in it waits for another task: no call comes in between.
  await new Run(segmenter, [inputWidth, inputHeight], picture, guard).segment(options, 0, async () => answer);
}
