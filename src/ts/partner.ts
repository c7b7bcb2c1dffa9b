/** The second network, for the finest mattes: downloaded when the first of them is asked for, and kept. */

import { modelUrl } from './assets.js';
import { fetchModel } from './download.js';
import type { Captured, DrawTask, SegmentTask } from './protocol.js';
import { release } from './transfer.js';
import type { ModelId } from './types.js';

export class Partner {
  readonly #id: ModelId;
  readonly #url: string;
  readonly #abort = new AbortController();
  #plan: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(id: ModelId, base: URL | undefined) {
    this.#id = id;
    this.#url = modelUrl(id, base);
  }

  /** The call's picture, once this is in its task, if it is for this. */
  with(task: SegmentTask | DrawTask, picture: Promise<Captured>): Promise<Captured> {
    if (task.quality !== 'fine' || task.of !== 'person') return picture;
    const ready = this.#get().then((plan) => {
      task.partner = { id: this.#id, plan };
      return picture;
    });
    ready.catch(() => picture.then(release)).catch(() => {});
    return ready;
  }

  close(): void {
    this.#abort.abort();
  }

  async #get(): Promise<Uint8Array<ArrayBuffer>> {
    this.#plan ??= fetchModel(this.#url, () => {}, this.#abort.signal);
    try {
      return await this.#plan;
    } catch (error) {
      // The next call tries again.
      this.#plan = undefined;
      throw error;
    }
  }
}
