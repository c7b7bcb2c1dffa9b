/** How large the files of a folder are, as they are and as servers send them. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

import { ROOT } from './bundle.mjs';

/** Compressing megabytes as hard as possible takes a minute, so results are kept by the file's checksum. */
const CACHE = `${ROOT}target/sizes.json`;

/** `[{ file, raw, gzip, brotli }]` in bytes, for each file of `folder` that a page may download, or for `files` of it. */
export async function sizes(folder, files = downloads(folder), cache = CACHE) {
  const known = existsSync(cache) ? JSON.parse(readFileSync(cache, 'utf8')) : {};
  const rows = await Promise.all(
    [...new Set(files)].sort().map(async (file) => {
      const bytes = readFileSync(`${folder}/${file}`);
      const key = createHash('sha256').update(bytes).digest('hex');
      known[key] ??= {
        raw: bytes.length,
        gzip: (await promisify(gzip)(bytes, { level: 9 })).length,
        brotli: (await promisify(brotliCompress)(bytes)).length,
      };
      return { file, key, ...known[key] };
    }),
  );
  mkdirSync(`${ROOT}target`, { recursive: true });
  // Only what is in use is kept.
  writeFileSync(cache, JSON.stringify(Object.fromEntries(rows.map(({ key, raw, gzip, brotli }) => [key, { raw, gzip, brotli }]))));
  return rows.map(({ key, ...row }) => row);
}

function downloads(folder) {
  return readdirSync(folder, { recursive: true }).filter((file) => /\.(js|wasm|plan|onnx)$/.test(file));
}

/** The same as a table for people, in KiB. */
export async function sizeTable(folder) {
  const kib = (bytes) => (bytes / 1024).toFixed(1).padStart(10);
  const lines = (await sizes(folder)).map(({ file, raw, gzip, brotli }) => `${file.padEnd(32)}${kib(raw)}${kib(gzip)}${kib(brotli)}`);
  return [`${'KiB'.padEnd(32)}${'raw'.padStart(10)}${'gzip'.padStart(10)}${'brotli'.padStart(10)}`, ...lines].join('\n');
}
