/**
 * Sends records of runs, in batches, and drops them rather than keep anyone waiting or memory growing.
 *
 * A plain `fetch` with `keepalive`: `sendBeacon` would send cookies. As `text/plain`, because anything else asks the
 * server for leave first. What is being sent and what waits are together at most `MOST_RECORDS`, whose bodies
 * stay below the 64 KiB that browsers allow all such requests of a page.
 */

import type { BeaconRecord } from './record.js';

const MOST_RECORDS = 200;
/** A record has at most 250 bytes, a body at most 8 KiB. */
const BATCH_RECORDS = 30;
/** How long a record waits for others: all alike, so that no outcome arrives before another, and briefly, so that a rollback need not wait. */
const WAIT_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** A server that asks for more patience than that gets nothing. */
const MOST_PATIENCE_MS = 600_000;
const MOST_TRIES = 6;
const REQUEST_MS = 30_000;

interface Batch {
  body: string;
  records: number;
  tries: number;
}

export class Beacons {
  readonly #url: string;
  readonly #flag: () => string | undefined;
  /** In 1/10,000. */
  readonly #rate: number;
  #records: BeaconRecord[] = [];
  /** Those that failed and will be sent again. */
  #failed: Batch[] = [];
  /** Records that are in a batch, sent or failed. */
  #batched = 0;
  /** Nothing is sent before, in milliseconds as `Date.now()`. */
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #hide = () => {
    if (document.visibilityState === 'hidden') this.flush();
  };

  /** `rate` is the share of records that are sent. */
  constructor(url: string, rate: number, flag: () => string | undefined) {
    this.#url = url;
    this.#rate = Math.round(rate * 10_000);
    this.#flag = flag;
    globalThis.document?.addEventListener('visibilitychange', this.#hide);
  }

  /** Whether the next run is one that is told of: by chance, and never where the user wants none of this. */
  wants(): boolean {
    return !this.#closed && !refused() && Math.random() * 10_000 < this.#rate;
  }

  add(record: BeaconRecord): void {
    if (this.#closed) return;
    if (this.#records.length + this.#batched >= MOST_RECORDS) return;
    this.#records.push(record);
    if (this.#records.length >= BATCH_RECORDS) this.flush();
    else this.#wake(WAIT_MS);
  }

  /** Sends what there is, now, unless the server has asked for patience. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const patience = this.#notBefore - Date.now();
    if (patience > 0) return this.#wake(patience);
    const flag = this.#flag();
    while (flag !== undefined && this.#records.length > 0) {
      const records = this.#records.splice(0, BATCH_RECORDS);
      this.#batched += records.length;
      const body = JSON.stringify({ schema: 1, batch: batchId(), flag, rate: this.#rate, records });
      this.#failed.push({ body, records: records.length, tries: 0 });
    }
    for (const batch of this.#failed.splice(0)) void this.#send(batch);
  }

  /** Sends what there is, and no more after it. */
  close(): void {
    this.flush();
    this.#closed = true;
    clearTimeout(this.#timer);
    globalThis.document?.removeEventListener('visibilitychange', this.#hide);
  }

  async #send(batch: Batch): Promise<void> {
    const { body } = batch;
    batch.tries++;
    let answer: Response | undefined;
    try {
      answer = await fetch(this.#url, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
        keepalive: true,
        credentials: 'omit',
        // Of the page's address nothing.
        referrerPolicy: 'no-referrer',
        // Browsers before 2022 have none.
        signal: AbortSignal.timeout?.(REQUEST_MS),
      });
    } catch {
      // Not reached: as a server that is busy.
    }
    const again = !answer || [408, 425, 429].includes(answer.status) || answer.status >= 500;
    const patience = again ? this.#patience(batch, answer?.headers.get('Retry-After')) : Infinity;
    if (this.#closed || batch.tries === MOST_TRIES || patience > MOST_PATIENCE_MS) {
      this.#batched -= batch.records;
      return;
    }
    this.#failed.push(batch);
    this.#notBefore = Math.max(this.#notBefore, Date.now() + patience);
    this.#wake(patience);
  }

  /** How long to wait before `batch` is sent again: longer each time, and not the same for all pages. */
  #patience({ tries }: Batch, retryAfter: string | null | undefined): number {
    const own = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
    if (!retryAfter) return own;
    const asked = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
    return Math.max(own, asked || 0);
  }

  #wake(ms: number): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.flush(), ms);
  }
}

/** Whether the browser says that its user wants none of this. */
function refused(): boolean {
  const { globalPrivacyControl, doNotTrack } = (globalThis.navigator ?? {}) as Navigator & { globalPrivacyControl?: boolean };
  return globalPrivacyControl === true || doNotTrack === '1';
}

/** 16 random bytes in base64url: new for each batch, so that a server knows one that comes twice. */
function batchId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}
