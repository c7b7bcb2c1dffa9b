/** Bundles one module of `src/ts/` as the build does, and imports it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { bundle } from '../../scripts/bundle.mjs';

export async function load(name) {
  const folder = await mkdtemp(join(tmpdir(), 'featheredge-'));
  try {
    const file = join(folder, `${name}.mjs`);
    await writeFile(file, await bundle(name));
    return await import(pathToFileURL(file));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What `assert.throws` and `assert.rejects` take to compare one of our errors. */
export function segmentError(code, message) {
  return { name: 'SegmentError', code, message };
}
