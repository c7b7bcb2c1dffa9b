/** Mattes on this side of the border: read from PNG, made by the command line, compared. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';

import { PNG } from 'pngjs';

import { CLI, ROOT } from './paths.mjs';

/** @typedef {{ width: number, height: number, alpha: Uint8Array }} Matte */

/** A value that is off by more than this counts as another one. */
const FAR = 8;

/** @returns {Matte} of the bytes of a grey PNG */
export function readGrey(bytes) {
  const { width, height, data } = PNG.sync.read(bytes);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    if (data[4 * i] !== data[4 * i + 1] || data[4 * i] !== data[4 * i + 2] || data[4 * i + 3] !== 255) {
      throw new Error(`pixel ${i} is [${data.subarray(4 * i, 4 * i + 4)}], want an opaque grey`);
    }
    alpha[i] = data[4 * i];
  }
  return { width, height, alpha };
}

/** @returns {Matte} of what a page sent: `alpha` as base64 */
export function received({ width, height, alpha }) {
  return { width, height, alpha: Buffer.from(alpha, 'base64') };
}

/**
 * The native matte of a picture file.
 *
 * @param {string} file
 * @param {string[]} options of `featheredge cut`
 * @returns {Matte}
 */
export function nativeMatte(file, options = []) {
  assert.ok(existsSync(CLI), `${CLI} is missing: cargo build --release builds it`);
  const folder = mkdtempSync(join(tmpdir(), 'featheredge-native-'));
  try {
    const { status, stderr, error } = spawnSync(CLI, ['cut', file, '-o', folder, ...options], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 0, `featheredge cut ${file}: ${error?.message ?? stderr}`);
    return readGrey(readFileSync(join(folder, `${basename(file, extname(file))}.png`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Mean and largest difference in 1/255, the share of pixels that are far off, and IoU at one half. */
export function difference(got, want) {
  assert.deepEqual([got.width, got.height], [want.width, want.height], 'size of the matte');
  assert.equal(got.alpha.length, got.width * got.height, 'length of alpha');
  let sum = 0;
  let max = 0;
  let far = 0;
  let both = 0;
  let either = 0;
  for (let i = 0; i < want.alpha.length; i++) {
    const off = Math.abs(got.alpha[i] - want.alpha[i]);
    sum += off;
    if (off > max) max = off;
    if (off > FAR) far++;
    const [a, b] = [got.alpha[i] >= 128, want.alpha[i] >= 128];
    if (a && b) both++;
    if (a || b) either++;
  }
  const count = want.alpha.length;
  return { mean: sum / count, max, far: far / count, iou: either === 0 ? 1 : both / either };
}

/**
 * Asserts that two mattes are alike within `tolerance` (see `tolerance.mjs`), and reports the figures.
 * On failure both are left in `target/browser/` to be looked at.
 */
export function assertAlike(t, name, got, want, tolerance) {
  const off = difference(got, want);
  const figures = `${name}: mean ${off.mean.toFixed(4)}, max ${off.max}, far ${(100 * off.far).toFixed(3)} %, IoU ${off.iou.toFixed(5)}`;
  t.diagnostic(figures);
  if (off.mean <= tolerance.mean && off.far <= tolerance.far && off.iou >= tolerance.iou) return;
  const kept = keep(name, { got, want });
  assert.fail(`${figures}; want mean <= ${tolerance.mean}, far <= ${100 * tolerance.far} %, IoU >= ${tolerance.iou}; see ${kept.join(' and ')}`);
}

/** Asserts that a matte shows something: neither all subject nor all ground. */
export function assertShows(name, { alpha }) {
  const share = alpha.filter((value) => value >= 128).length / alpha.length;
  assert.ok(share > 0.01 && share < 0.99, `${name}: ${(100 * share).toFixed(1)} % is subject, want 1 to 99 %`);
}

function keep(name, mattes) {
  const folder = join(ROOT, 'target/browser');
  mkdirSync(folder, { recursive: true });
  return Object.entries(mattes).map(([which, { width, height, alpha }]) => {
    const png = new PNG({ width, height, colorType: 0 });
    alpha.forEach((value, i) => png.data.set([value, value, value, 255], 4 * i));
    const file = join(folder, `${name.replace(/[^\w-]+/g, '-')}.${which}.png`);
    writeFileSync(file, PNG.sync.write(png, { colorType: 0 }));
    return file;
  });
}
