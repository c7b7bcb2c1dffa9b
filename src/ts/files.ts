/**
 * The two files of a load, downloaded by the page while the thread that needs them starts.
 *
 * The thread would begin a whole start-up later; a compiled module can be posted to it.
 */

import { type Report, fetchModel, fetchModule } from './download.js';
import { SegmentError } from './error.js';
import type { ModelSource } from './protocol.js';

export interface Files {
  wasm: { module: WebAssembly.Module; bytes: number };
  /** Whoever takes it may transfer it. */
  model: Uint8Array<ArrayBuffer>;
  /** Of the model, in lower-case hexadecimal; absent where it is not needed, or the browser does not compute it here. */
  sha256: string | undefined;
}

export class Downloads {
  readonly #wasm: string;
  readonly #model: ModelSource;
  readonly #keep: boolean;
  #kept: Pick<Files, 'model' | 'sha256'> | undefined;
  #other: Promise<Files['wasm']> | undefined;
  readonly #abort = new Set<AbortController>();
  /** Who hears of the download that is under way. */
  #report: Report = () => {};
  #pending: Promise<Files> | undefined;

  /** `keep`: a second thread, with another WebAssembly file, may want the model as well. */
  constructor(wasm: string, model: ModelSource, keep = false) {
    this.#wasm = wasm;
    this.#model = model;
    this.#keep = keep;
  }

  /** The files: those under way, or new ones after `take` or a failure. `report` hears of them, and nobody else from now on. */
  get(report: Report): Promise<Files> {
    this.#report = report;
    this.#pending ??= this.#until((signal) => this.#fetch(signal));
    return this.#pending;
  }

  /** The files, for one thread to keep. */
  async take(report: Report): Promise<Files> {
    try {
      const files = await this.get(report);
      if (this.#keep) this.#kept ??= { model: files.model.slice(), sha256: files.sha256 };
      return files;
    } finally {
      this.#pending = undefined;
    }
  }

  /** The model that was taken, with another WebAssembly file; each later call gives the very same. */
  async beside(wasm: string): Promise<Files> {
    const kept = this.#kept;
    if (!kept) throw new SegmentError('INTERNAL', 'no model was kept');
    this.#other ??= this.#until((signal) => fetchModule(wasm, () => {}, signal));
    try {
      return { wasm: await this.#other, ...kept };
    } catch (error) {
      this.#other = undefined;
      throw error;
    }
  }

  /** Gives back the memory of what was kept. */
  forget(): void {
    this.#kept = this.#other = undefined;
  }

  /** Ends what is under way. */
  abort(): void {
    for (const abort of this.#abort) abort.abort();
  }

  /** Downloads until `abort`, or until one part fails, after which the others are of no use any more. */
  async #until<T>(download: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    this.#abort.add(abort);
    try {
      return await download(abort.signal);
    } finally {
      this.#abort.delete(abort);
      abort.abort();
    }
  }

  async #fetch(signal: AbortSignal): Promise<Files> {
    const source = this.#model;
    const file = source.id === 'custom' ? source.onnx : source.plan;
    const report: Report = (progress) => this.#report(progress);
    const fetching = typeof file === 'string' ? fetchModel(file, report, signal) : Promise.resolve(new Uint8Array(file.slice(0)));
    const [wasm, model, sha256] = await Promise.all([
      fetchModule(this.#wasm, report, signal),
      fetching,
      source.id === 'custom' ? undefined : fetching.then(sha256Of),
    ]);
    return { wasm, model, sha256 };
  }
}

/** Only pages that are safe from eavesdroppers may ask for it; elsewhere the WebAssembly side computes it. */
async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const sum = await globalThis.crypto?.subtle?.digest('SHA-256', bytes);
  return sum && Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
