/** A video element's frames, shown as they come, one at a time. */

import { NoFrameError } from './error.js';
import { invalid } from './options.js';
import { type DrawFrame, Sequence } from './stream.js';
import type { Playback } from './types.js';

/** How long, in milliseconds, a video may say that it has a frame and refuse it, as one does while it starts over. */
const MOST_REFUSAL = 2000;

/** After so many milliseconds it is asked again, if nothing new shows before. */
const ASK_AGAIN = 50;

/** `show` takes over each bitmap. */
export function playVideo(video: HTMLVideoElement, show: (bitmap: ImageBitmap) => void, draw: DrawFrame, signal: AbortSignal | undefined): Playback {
  if (Object.prototype.toString.call(video) !== '[object HTMLVideoElement]') throw invalid('video', video, 'an HTMLVideoElement');
  const ended = new AbortController();
  const stopped = ended.signal;
  const sequence = new Sequence(draw);
  let fresh = true;
  let shown: number | undefined;
  /** Since when it has refused every frame. */
  let refused: number | undefined;
  let wake = () => {};
  const stop = () => {
    ended.abort();
    wake();
  };
  const renew = () => {
    fresh = true;
    wake();
  };
  // In browsers that do not tell of frames, the clock tells that there may be another one.
  const tells: boolean = 'requestVideoFrameCallback' in video;
  const watch = () => {
    if (stopped.aborted) return;
    if (tells || video.currentTime !== shown) renew();
    next();
  };
  const next = () => (tells ? video.requestVideoFrameCallback(watch) : requestAnimationFrame(watch));

  const run = async () => {
    const listen = (name: string, act: () => void) => video.addEventListener(name, act, { signal: stopped });
    listen('seeking', () => sequence.cut());
    listen('seeked', () => {
      sequence.cut();
      // A frame may have been told of before it could be read, and of the same frame again nobody tells.
      renew();
    });
    listen('loadeddata', renew);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    next();
    try {
      while (!stopped.aborted) {
        const has = video.readyState >= video.HAVE_CURRENT_DATA;
        if (!has) refused = undefined;
        if (!fresh || !has) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        fresh = false;
        shown = video.currentTime;
        try {
          const { bitmap } = await sequence.draw(video, shown * 1e6, video.videoWidth, video.videoHeight, stopped);
          refused = undefined;
          if (stopped.aborted) bitmap.close();
          else show(bitmap);
        } catch (error) {
          if (!(error instanceof NoFrameError)) throw error;
          refused ??= performance.now();
          if (performance.now() - refused > MOST_REFUSAL) throw error;
          setTimeout(renew, ASK_AGAIN);
        }
      }
    } catch (error) {
      if (!stopped.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      ended.abort();
    }
  };
  return { done: run(), stop };
}
