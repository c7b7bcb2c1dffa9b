/**
 * The companion's gate: a WebAssembly file of a few kilobytes that reads a rollout and answers for ids.
 *
 * An instance holds one rollout; another rollout takes another instance. `companion/src/wasm` is its other side.
 */

import { isModelId } from './models.js';
import type { Assignment } from './rollout-types.js';

/** In the order of `Reason::ALL`. */
const REASONS = ['gate', 'out', 'disabled', 'no-id', 'version', 'denied', 'allowed'] as const;
const NO_BUCKET = 0x3fff;

/** What a rollout says that has been found right. */
export interface Configuration {
  flag: string;
  variants: { name: string; model: string; control?: boolean }[];
}

interface Exports {
  memory: WebAssembly.Memory;
  room(length: number): number;
  load(text: number, length: number, major: number, minor: number, patch: number): number;
  refusal(gate: number): number;
  assign(gate: number, id: number, length: number): number;
}

let compiled: { url: string; module: Promise<WebAssembly.Module> } | undefined;

/** Downloaded once, by the signal of whoever asks first; a failure is not remembered. */
function compile(url: string, signal: AbortSignal | undefined): Promise<WebAssembly.Module> {
  if (compiled?.url !== url) {
    const module = fetch(url, signal && { signal }).then(async (response) => {
      if (!response.ok) throw new Error(`${url} answered with status ${response.status}, want 200`);
      return WebAssembly.compile(await response.arrayBuffer());
    });
    compiled = { url, module };
    module.catch(() => (compiled = undefined));
  }
  return compiled.module;
}

export class Gate {
  readonly configuration: Configuration;
  readonly #exports: Exports;
  readonly #gate: number;
  /** Where ids are written, and how many bytes there are. */
  #room = 0;
  #length = 0;

  private constructor(exports: Exports, text: string) {
    this.#exports = exports;
    const [major, minor, patch] = VERSION.split('.').map(Number) as [number, number, number];
    const length = this.#write(text);
    this.#gate = exports.load(this.#room, length, major, minor, patch);
    const refusal = exports.refusal(this.#gate);
    if (refusal !== 0) {
      const bytes = new Uint8Array(exports.memory.buffer);
      const [code, message] = new TextDecoder().decode(bytes.subarray(refusal, bytes.indexOf(0, refusal))).split('\n');
      throw new Error(`${message} (${code})`);
    }
    // The gate has read it and found no field twice, so that this reader gives the same.
    this.configuration = JSON.parse(text) as Configuration;
  }

  /** Reads a rollout by the file at `url`; rejects if it is refused, or `signal` is aborted. */
  static async open(url: string, text: string, signal: AbortSignal | undefined): Promise<Gate> {
    const { exports } = await WebAssembly.instantiate(await compile(url, signal), {});
    return new Gate(exports as unknown as Exports, text);
  }

  assign(id: string): Assignment {
    const length = this.#write(id);
    const answer = this.#exports.assign(this.#gate, this.#room, length);
    const variant = this.configuration.variants[((answer >> 3) & 31) - 1];
    const bucket = answer >> 8;
    // Mistyped, or of a later version: those ids are out, and all else of the configuration holds.
    const on = variant !== undefined && isModelId(variant.model);
    return {
      on,
      ...(on && { variant: variant.name, model: variant.model }),
      ...(bucket !== NO_BUCKET && { bucket }),
      reason: variant && !on ? 'no-model' : REASONS[answer & 7]!,
    };
  }

  /** Gives how many bytes it wrote to `#room`, which is made larger where it must be. */
  #write(text: string): number {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > this.#length || this.#length === 0) {
      this.#length = bytes.length * 2 + 64;
      this.#room = this.#exports.room(this.#length);
    }
    new Uint8Array(this.#exports.memory.buffer).set(bytes, this.#room);
    return bytes.length;
  }
}
