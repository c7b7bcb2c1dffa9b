/**
 * What `import ... from 'featheredge/rollout'` gives: who gets which model, from a static file that a page asks for again and again.
 *
 * Whatever fails, nothing throws: without a configuration all are out, and a later one that cannot be had or
 * is refused leaves the last good one as it is.
 */

import { Beacons } from './beacons.js';
import { SegmentError, messageOf } from './error.js';
import { Gate } from './gate.js';
import type { Assignment, BeaconOptions, Exposure, RolloutOptions } from './rollout-types.js';
import type { CreateOptions, Participation, SecondSegmenter, SegmenterRollout } from './types.js';
import { Watch } from './watch.js';

export type { Assignment, BeaconOptions, Exposure, RolloutOptions } from './rollout-types.js';

const POLL_MS = 60_000;
const REQUEST_MS = 10_000;

export class Rollout implements SegmenterRollout {
  readonly #url: URL;
  readonly #options: RolloutOptions;
  readonly #wasm: string;
  readonly #pollMs: number;
  readonly #beacons: Beacons | undefined;
  readonly #exposed = new Set<string>();
  #gate: Gate | undefined;
  #text: string | undefined;
  #etag: string | null = null;
  #problem: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<void> | undefined;
  #closed = false;
  readonly #show = () => {
    clearTimeout(this.#timer);
    if (document.visibilityState === 'visible') void this.refresh();
  };

  /** Use `Rollout.load`. */
  private constructor(url: string | URL, options: RolloutOptions) {
    const { pollMs = POLL_MS, beacons, assetBase } = options;
    if (typeof pollMs !== 'number' || !(pollMs >= 1000)) throw invalid('pollMs', pollMs, '1000 or more');
    this.#url = absolute('url', url);
    this.#options = options;
    this.#pollMs = Math.min(pollMs, 0x7fff_ffff);
    const base = assetBase === undefined ? undefined : absolute('assetBase', `${String(assetBase).replace(/\/+$/, '')}/`);
    this.#wasm = (base ? new URL('wasm/featheredge.gate.wasm', base) : new URL('./wasm/featheredge.gate.wasm', import.meta.url)).href;
    this.#beacons = beacons && new Beacons(checkBeacons(beacons), beacons.rate ?? 1, () => this.#gate?.configuration.flag);
  }

  /**
   * Asks for the configuration at `url`. Resolves when it is known or could not be had, after ten seconds at the latest.
   *
   * @throws {SegmentError} `INVALID_INPUT`, for what is wrong about the call, and for nothing else
   */
  static async load(url: string | URL, options: RolloutOptions = {}): Promise<Rollout> {
    const rollout = new Rollout(url, options);
    globalThis.document?.addEventListener('visibilitychange', rollout.#show);
    await rollout.refresh();
    return rollout;
  }

  /** Why there is no configuration, or why the one that was asked for last is not used. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What is rolled out, once a configuration is known. */
  get flag(): string | undefined {
    return this.#gate?.configuration.flag;
  }

  /** What `id` gets; the same for the same configuration, for ever. Default: the `id` of the options. */
  assign(id = this.#options.id ?? ''): Assignment {
    const assignment = this.#answer(id);
    if (assignment.variant !== undefined) this.#expose({ id, flag: this.flag!, variant: assignment.variant });
    return assignment;
  }

  /** Asks for the configuration, as also happens by itself. Never rejects. */
  refresh(): Promise<void> {
    return (this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      clearTimeout(this.#timer);
      if (!this.#closed && globalThis.document?.visibilityState !== 'hidden') this.#timer = setTimeout(() => void this.refresh(), this.#pollMs);
    }));
  }

  /** Ends polling, and sends what is left to tell. Assignments stay as they are. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    globalThis.document?.removeEventListener('visibilitychange', this.#show);
    this.#beacons?.close();
  }

  /** For `Segmenter`. */
  join(model: CreateOptions['model'], again: (options: Pick<CreateOptions, 'model' | 'executor'>) => Promise<SecondSegmenter>): Participation {
    this.assign();
    return new Watch({
      assign: () => this.#answer(this.#options.id ?? ''),
      fallback: model,
      control: this.#gate?.configuration.variants.find(({ control }) => control)?.model,
      agreement: this.#beacons ? (this.#options.beacons!.agreement ?? 0.01) : 0,
      again,
      wants: () => this.#beacons?.wants() ?? false,
      tell: (record) => this.#beacons?.add(record),
    });
  }

  #answer(id: string): Assignment {
    return this.#gate?.assign(String(id)) ?? { on: false, reason: 'no-config' };
  }

  #expose(exposure: Exposure): void {
    const key = JSON.stringify(exposure);
    if (!this.#options.onExposure || this.#exposed.has(key)) return;
    this.#exposed.add(key);
    quietly(() => this.#options.onExposure!(exposure));
  }

  async #refresh(): Promise<void> {
    try {
      // For both files; browsers before 2022 have none.
      const signal = AbortSignal.timeout?.(REQUEST_MS);
      const text = await this.#fetch(signal);
      if (text === undefined || text === this.#text) {
        this.#problem = undefined;
        return;
      }
      this.#gate = await Gate.open(this.#wasm, text, signal);
      this.#text = text;
      this.#problem = undefined;
    } catch (error) {
      // What was refused is asked for in full again.
      this.#etag = null;
      this.#problem = messageOf(error);
      return;
    }
    quietly(() => this.#options.onChange?.());
  }

  /** The configuration's text; `undefined` if it has not changed. */
  async #fetch(signal: AbortSignal | undefined): Promise<string | undefined> {
    // To another origin the header would need that server's leave; there the browser's own cache sends it.
    const own = !globalThis.location || this.#url.origin === location.origin;
    const headers: HeadersInit = own && this.#etag ? { 'If-None-Match': this.#etag } : {};
    const response = await fetch(this.#url, { cache: 'no-cache', credentials: 'omit', headers, signal });
    if (response.status === 304) return undefined;
    if (!response.ok) throw new Error(`${this.#url} answered with status ${response.status}, want 200`);
    const text = await response.text();
    this.#etag = response.headers.get('ETag');
    return text;
  }
}

function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // The page's own affair.
  }
}

function checkBeacons({ url, rate = 1, agreement = 0.01 }: BeaconOptions): string {
  if (typeof rate !== 'number' || !(rate >= 1e-4 && rate <= 1)) throw invalid('beacons.rate', rate, '0.0001 to 1');
  if (typeof agreement !== 'number' || !(agreement >= 0 && agreement <= 1)) throw invalid('beacons.agreement', agreement, '0 to 1');
  return absolute('beacons.url', url).href;
}

function absolute(name: string, url: string | URL): URL {
  try {
    return new URL(url, globalThis.document?.baseURI);
  } catch {
    throw invalid(name, url, 'a URL');
  }
}

function invalid(name: string, got: unknown, want: string): SegmentError {
  return new SegmentError('INVALID_INPUT', `${name} is ${JSON.stringify(got)}, want ${want}`);
}
