/**
 * Where the package's other files are.
 *
 * Bundlers find the files by the literal `new URL('...', import.meta.url)` expressions here and in
 * `threads.ts`, so each file has one. They are computed on the page's side: a bundled worker has
 * another address than this module.
 */

import { SegmentError } from './error.js';
import type { Build } from './features.js';
import type { ModelId } from './types.js';

const WASM: Record<Build, () => URL> = {
  simd: () => new URL('./wasm/featheredge.simd.wasm', import.meta.url),
  relaxed: () => new URL('./wasm/featheredge.relaxed.wasm', import.meta.url),
  onnx: () => new URL('./wasm/featheredge.onnx.wasm', import.meta.url),
  gpu: () => new URL('./wasm/featheredge.gpu.wasm', import.meta.url),
  // Not named in a package that lacks it: bundlers would look for the file.
  threads: THREADS ? () => new URL('./wasm/featheredge.threads.wasm', import.meta.url) : absent,
};

const MODELS: Record<ModelId, () => URL> = {
  selfie: () => new URL('./models/selfie.plan', import.meta.url),
  'selfie-landscape': () => new URL('./models/selfie-landscape.plan', import.meta.url),
  multiclass: () => new URL('./models/multiclass.plan', import.meta.url),
};

function absent(): never {
  throw new SegmentError('INTERNAL', 'the package was built without the threads build');
}

export function wasmUrl(build: Build, base: URL | undefined): string {
  return (base ? new URL(`wasm/featheredge.${build}.wasm`, base) : WASM[build]()).href;
}

export function modelUrl(id: ModelId, base: URL | undefined): string {
  return (base ? new URL(`models/${id}.plan`, base) : MODELS[id]()).href;
}

/** An absolute URL; what is relative is relative to the page, as in `fetch`. */
export function resolveUrl(name: string, url: string | URL): URL {
  try {
    return new URL(String(url), globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch (cause) {
    throw new SegmentError('INVALID_INPUT', `${name} is "${String(url)}", want a URL`, { cause });
  }
}

/** `assetBase` as a folder: its path ends in a slash, so that names resolve inside it. */
export function resolveBase(assetBase: string | URL | undefined): URL | undefined {
  if (assetBase === undefined) return undefined;
  const base = resolveUrl('assetBase', assetBase);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}
