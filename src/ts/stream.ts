/** Frames in, frames out: always the newest one, and what makes them one sequence. */

import { abortedBy } from './error.js';
import { invalid } from './options.js';
import type { DrawOptions, Drawing, Picture, StreamOptions } from './types.js';

/** Draws a frame, the next one of `stream`. */
export type DrawFrame = (frame: Picture, signal: AbortSignal, stream: number) => Promise<Drawn>;

/** `painted`: what made the bitmap. */
export type Drawn = Drawing & { bitmap: ImageBitmap; painted: 'cpu' | 'gpu' };

/** A frame that comes so much later than the one before, in microseconds, does not go on with it. */
const MOST_GAP = 1_000_000;

/** Of this page, so that no two sequences have one number. */
let streams = 0;

/** Draws frames that go on with each other, as far as they do: what makes mattes steady knows no clock. */
export class Sequence {
  readonly #draw: DrawFrame;
  #stream = ++streams;
  #timestamp = Infinity;
  #size = '';
  #painted: string | undefined;

  constructor(draw: DrawFrame) {
    this.#draw = draw;
  }

  /** The next frame does not go on with the last one. */
  cut(): void {
    this.#stream = ++streams;
  }

  /** The effect of a frame, which stays the caller's. One at a time. */
  async draw(frame: Picture, timestamp: number, width: number, height: number, signal: AbortSignal): Promise<Drawn> {
    const gap = timestamp - this.#timestamp;
    const size = `${width}x${height}`;
    if (gap < 0 || gap > MOST_GAP || size !== this.#size) this.cut();
    this.#timestamp = timestamp;
    this.#size = size;
    const drawn = await this.#draw(frame, signal, this.#stream);
    const { painted } = drawn;
    // If the CPU takes over again, what it remembers is older than this.
    if (painted === 'gpu' && painted !== (this.#painted ??= painted)) this.cut();
    this.#painted = painted;
    return drawn;
  }
}

export function checkStream(options: StreamOptions): void {
  const { smoothing, matte, quality } = (options ?? {}) as DrawOptions & StreamOptions;
  for (const [name, value] of Object.entries({ matte, quality })) {
    if (value !== undefined) throw invalid(name, value, 'it left out of a stream');
  }
  if (smoothing !== undefined && typeof smoothing !== 'boolean') throw invalid('smoothing', smoothing, 'true or false');
}

async function straight(bitmap: ImageBitmap): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(bitmap, { premultiplyAlpha: 'none' });
  } finally {
    bitmap.close();
  }
}

/** Two ends of which neither waits for the other: a `TransformStream` would queue frames while one is worked on. */
export function streamFrames(draw: DrawFrame, signal: AbortSignal | undefined): ReadableWritablePair<VideoFrame, VideoFrame> {
  const sequence = new Sequence(draw);
  const ended = new AbortController();
  let output!: ReadableStreamDefaultController<VideoFrame>;
  let input!: WritableStreamDefaultController;
  let newest: VideoFrame | undefined;
  let [busy, closing] = [false, false];
  let wake = () => {};

  const keep = (frame?: VideoFrame) => {
    newest?.close();
    newest = frame;
    wake();
  };
  /** Both ends are done with, whatever is under way. */
  const end = () => {
    ended.abort();
    signal?.removeEventListener('abort', abort);
    keep();
  };
  const fail = (error: unknown) => {
    end();
    output.error(error);
    input.error(error);
  };
  const abort = () => fail(abortedBy(signal!));
  /** Ends the readable end once nothing more can come. */
  const finish = () => {
    if (!closing || newest || busy || ended.signal.aborted) return;
    end();
    output.close();
  };

  const readable = new ReadableStream<VideoFrame>(
    {
      start: (controller) => void (output = controller),
      async pull() {
        while (!newest && !ended.signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
        const frame = newest;
        if (!frame) return;
        newest = undefined;
        busy = true;
        try {
          const { timestamp, duration, displayWidth, displayHeight } = frame;
          let { bitmap, painted } = await sequence.draw(frame, timestamp, displayWidth, displayHeight, ended.signal);
          // Chromium takes the colours of a frame to be straight, also where the bitmap held them times alpha; those that a GPU holds it turns.
          if (painted === 'cpu') bitmap = await straight(bitmap);
          try {
            if (!ended.signal.aborted) output.enqueue(new VideoFrame(bitmap, { timestamp, ...(duration !== null && { duration }) }));
          } finally {
            bitmap.close();
          }
        } catch (error) {
          if (!ended.signal.aborted) fail(error);
        } finally {
          frame.close();
        }
        busy = false;
        finish();
      },
      cancel(reason) {
        end();
        input.error(reason);
      },
    },
    // Nothing is drawn ahead, which would then wait and be old.
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<VideoFrame>({
    start: (controller) => void (input = controller),
    write(frame) {
      if (Object.prototype.toString.call(frame) === '[object VideoFrame]') return keep(frame);
      const error = invalid('frame', frame, 'a VideoFrame');
      fail(error);
      throw error;
    },
    close() {
      closing = true;
      finish();
    },
    abort: fail,
  });
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort);
  return { readable, writable };
}
