/** What `import ... from 'featheredge/rollout'` gives, as types; its part in `Segmenter` is in `types.ts`. */

/** What a rollout gives an id. */
export interface Assignment {
  /** Whether it is in. */
  on: boolean;
  /** What it gets, if it is in. */
  variant?: string;
  /** The model that this variant runs. */
  model?: string;
  /** Its place among all ids, from 0 to 9,999: in where that is below the share. Absent without an id or a configuration. */
  bucket?: number;
  /**
   * `gate`: in, by its bucket. `out`: out, by its bucket. `disabled`: all are out. `no-id`: the id is empty.
   * `version`: this version of the package is too old. `allowed`, `denied`: by name. `no-config`: nothing could be read yet.
   * `no-model`: out, because the variant's model does not ship with this version.
   */
  reason: 'gate' | 'out' | 'disabled' | 'no-id' | 'version' | 'allowed' | 'denied' | 'no-config' | 'no-model';
}

/** That an id was shown a variant. */
export interface Exposure {
  id: string;
  flag: string;
  variant: string;
}

/** Where a page tells of its runs; what it tells is in `beacons.ts`. */
export interface BeaconOptions {
  /** Where batches are posted to. */
  url: string | URL;
  /** The share of runs that are told of, above 0 to 1 (default), in steps of 1/10,000. */
  rate?: number;
  /**
   * The share of those of `segment` that are done again afterwards, by the control's model or, on a GPU, by the CPU, to
   * tell how far they agree: from 0 to 1, default 0.01.
   */
  agreement?: number;
}

export interface RolloutOptions {
  /** Whose assignment segmenters get. It is never sent. Without it all of them are out. */
  id?: string;
  /** How often the configuration is asked for again while the page is visible, in milliseconds: 1,000 or more. Default 60,000. */
  pollMs?: number;
  /** Hears once of each id that gets a variant. What it throws is ignored. */
  onExposure?: (exposure: Exposure) => void;
  /** Hears that the configuration is another one. What it throws is ignored. */
  onChange?: () => void;
  /** Without it nothing is sent. Nor is it where the browser asks for privacy (Global Privacy Control, Do Not Track). */
  beacons?: BeaconOptions;
  /** The folder that the package's `wasm/` is served from, if it is not the one this module was loaded from. */
  assetBase?: string | URL;
}
