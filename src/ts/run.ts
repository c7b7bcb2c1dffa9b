/** One call's way through WebAssembly: it says which pixels it needs, and they are read into its memory. */

import type { WebSegmenter } from '#wasm';

import type { DrawEffect, MatteAnswer, PredictionAnswer } from './protocol.js';
import { soon } from './soon.js';
import type { Source } from './source.js';

/** Calls into WebAssembly, and throws what may go back to the page. */
export type Guard = <T>(call: () => T) => T;

/** The network's probabilities for a picture of its input's size; nothing if it is to be run here. */
export type Help = (picture: Uint8Array<ArrayBuffer>) => Promise<Float32Array | undefined>;

type Options = Parameters<WebSegmenter['segment']>[0];

/** Rows `top` to `top + rows`, of which `columns` are `[left, width]` pairs. */
interface Blocks {
  top: number;
  rows: number;
  columns: [number, number][];
}

/** Columns and rows of a picture. */
interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** About how many pixels are painted at a time. */
const PAINTED_PIXELS = 1 << 18;

export class Run {
  readonly #segmenter: WebSegmenter;
  readonly #input: [number, number];
  readonly #source: Source;
  readonly #guard: Guard;
  #readMs = 0;

  /** `input`: columns and rows of what the network takes. */
  constructor(segmenter: WebSegmenter, input: [number, number], source: Source, guard: Guard) {
    this.#segmenter = segmenter;
    this.#input = input;
    this.#source = source;
    this.#guard = guard;
  }

  /** The matte; `help` runs the network elsewhere where it can. */
  async segment(options: Options, decodeMs: number, help?: Help): Promise<Omit<MatteAnswer, 'executor'>> {
    const { width, height } = this.#source;
    const [segmenter, guard] = [this.#segmenter, this.#guard];
    const from = await this.#intake();
    let wanted = guard(() => segmenter.segment(options, help !== undefined));
    while (wanted) {
      if (wanted === true) {
        // The page has its turn, or an abort is heard of.
        await new Promise<void>(soon);
        wanted = guard(() => segmenter.look());
      } else if (wanted instanceof Uint8Array) {
        const start = performance.now();
        const answer = await help!(wanted);
        wanted = guard(() => segmenter.answer(answer, performance.now() - start));
      } else {
        const [left, top, width, height, step] = wanted as unknown as [number, number, number, number, number];
        await this.#feed(from, { left, top, width, height }, step);
        wanted = guard(() => segmenter.segment(options, help !== undefined));
      }
    }
    const alpha = new Uint8ClampedArray(width * height);
    for (;;) {
      const blocks = guard(() => segmenter.advance(alpha));
      if (!blocks) break;
      const [top, rows, ...spans] = blocks as unknown as [number, number, ...number[]];
      const columns = spans.flatMap((left, i): [number, number][] => (i % 2 === 0 ? [[left, spans[i + 1]!]] : []));
      await this.#read(this.#source, { top, rows, columns });
    }
    const { preMs, inferMs, postMs } = guard(() => segmenter.timings());
    return { width, height, alpha, timings: { decodeMs: decodeMs + this.#readMs, preMs, inferMs, postMs } };
  }

  /** Makes `pixels`, all of the picture, an effect of it by `alpha`: straight RGBA. */
  paint(effect: DrawEffect, pixels: Uint8ClampedArray, alpha: Uint8ClampedArray, ground: OffscreenCanvasRenderingContext2D | undefined): void {
    const { width, height, swapped, premultiplied } = this.#source;
    const [segmenter, guard] = [this.#segmenter, this.#guard];
    guard(() => segmenter.effect(width, height, swapped, premultiplied, effect));
    const step = Math.max(1, Math.floor(PAINTED_PIXELS / width));
    for (const turn of ['gather', 'paint'] as const) {
      for (let top = 0; top < height; top += step) {
        const some = alpha.subarray(top * width, (top + step) * width);
        const bytes = pixels.subarray(4 * top * width, 4 * (top * width + some.length));
        const under = turn === 'paint' && ground ? ground.getImageData(0, top, width, some.length / width).data : [];
        const memory = guard(() => segmenter.buffer(bytes.length + under.length));
        memory.set(bytes);
        memory.set(under, bytes.length);
        if (turn === 'gather') guard(() => segmenter.gather(some));
        else {
          guard(() => segmenter.paint(some, under.length / 4));
          bytes.set(guard(() => segmenter.buffer(bytes.length)));
        }
      }
    }
  }

  async predict(decodeMs: number): Promise<Omit<PredictionAnswer, 'executor'>> {
    await this.#intake();
    const { width, height, classes, data, preMs, inferMs, postMs } = this.#guard(() => this.#segmenter.predict());
    return { width, height, classes, data, timings: { decodeMs: decodeMs + this.#readMs, preMs, inferMs, postMs } };
  }

  /** Gives the network the picture, or a smaller copy of it, and tells which. */
  async #intake(): Promise<Source> {
    const [segmenter, guard] = [this.#segmenter, this.#guard];
    const start = performance.now();
    const from = this.#source.reduced(...this.#input);
    this.#readMs += performance.now() - start;
    const { width, height, swapped, premultiplied } = this.#source;
    const step = guard(() => segmenter.begin(width, height, from.width, from.height, swapped, premultiplied));
    await this.#feed(from, { left: 0, top: 0, width: from.width, height: from.height }, step);
    return from;
  }

  /** Gives the network a part of a picture, `step` rows at a time. */
  async #feed(from: Source, { left, top, width, height }: Rect, step: number): Promise<void> {
    for (let y = 0; y < height; y += step) {
      const rows = Math.min(step, height - y);
      await this.#read(from, { top: top + y, rows, columns: [[left, width]] });
      this.#guard(() => this.#segmenter.rows(rows));
    }
  }

  /** Reads blocks to WebAssembly's memory, one after the other. */
  async #read(source: Source, { top, rows, columns }: Blocks): Promise<void> {
    const start = performance.now();
    const bytes = rows * columns.reduce((sum, [, width]) => sum + width, 0) * 4;
    for (;;) {
      const memory = this.#guard(() => this.#segmenter.buffer(bytes));
      let at = 0;
      const reads = columns.map(([left, width]) => {
        const to = memory.subarray(at, (at += rows * width * 4));
        return source.read(left, top, width, rows, to);
      });
      try {
        await Promise.all(reads);
        if (memory.length === bytes) break;
      } catch (error) {
        // Another segmenter of this thread, running meanwhile, made the memory grow: it has moved.
        if (memory.length === bytes) throw error;
      }
    }
    this.#readMs += performance.now() - start;
  }
}
