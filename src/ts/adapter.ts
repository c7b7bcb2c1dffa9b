/**
 * What GPU there is, found out without downloading anything.
 *
 * The page asks, because it must know before it opens the worker that would use the GPU.
 */

import { messageOf } from './error.js';
import type { GpuAdapter } from './types.js';

/** The part of WebGPU's interface that is used here; browsers differ in how much of it they have. */
interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}

interface Adapter {
  readonly info?: AdapterInfo;
  /** Where older browsers say it. */
  readonly isFallbackAdapter?: boolean;
}

export interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

/** What drivers that are programs call themselves; browsers do not always say it otherwise. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** Asking takes milliseconds; a driver that hangs here would hang later as well. */
const PATIENCE_MS = 5_000;

export function hasWebGpu(): boolean {
  return gpu() !== undefined;
}

/** The browser's preferred GPU, or why there is none. */
export async function findAdapter(): Promise<GpuAdapter | string> {
  const here = gpu();
  if (!here) return globalThis.isSecureContext === false ? 'the page is no secure context, and browsers give a GPU only to those' : 'the browser has no WebGPU';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`the browser has not said within ${PATIENCE_MS / 1000} s whether there is a GPU`), PATIENCE_MS);
  });
  try {
    const asking = here.requestAdapter({ powerPreference: 'high-performance' });
    const adapter = await Promise.race([asking, late]);
    if (typeof adapter === 'string') return adapter;
    return adapter ? describe(adapter.info ?? {}, adapter.isFallbackAdapter) : 'the browser finds no GPU';
  } catch (error) {
    return `the browser finds no GPU: ${messageOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** An adapter's facts, for `info`. */
export function describe(info: AdapterInfo, fallback = info.isFallbackAdapter): GpuAdapter {
  const { vendor = '', architecture = '', device = '', description = '' } = info;
  const words = [vendor, architecture, device, description].filter((word) => word !== '');
  return {
    name: description || device || words.join(' ') || 'unnamed',
    vendor,
    architecture,
    backend: 'webgpu',
    software: fallback === true || info.isFallbackAdapter === true || SOFTWARE.test(words.join(' ')),
  };
}

function gpu(): Gpu | undefined {
  return (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
}
