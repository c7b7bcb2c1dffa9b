/**
 * A matte made ready for display: averaged down once, so that sliders and views
 * never touch the full-size one.
 */

/** @typedef {import('../../src/ts/index.js').Matte} Matte */
/** @typedef {{ width: number, height: number, alpha: Uint8ClampedArray<ArrayBuffer> }} Small */

/**
 * @typedef {object} Cut
 * @property {Matte} matte At the picture's own size.
 * @property {Small} small The same at display size.
 * @property {number} coverage Share of the picture that is subject, 0 to 1.
 */

/** Below this share there is no subject worth showing. */
export const LEAST_COVERAGE = 0.005;

/** Memory that the mattes of one picture may hold. */
const KEPT_BYTES = 64e6;

/** Work done at a stretch. */
const SLICE_MS = 12;

/**
 * @param {Matte} matte
 * @param {number} width Of what is shown; at most the matte's own.
 * @param {number} height
 * @returns {Promise<Cut>}
 */
export async function makeCut(matte, width, height) {
  const small = { width, height, alpha: new Uint8ClampedArray(width * height) };
  const sum = await shrink(matte, small);
  return { matte, small, coverage: sum / (255 * width * height) };
}

/**
 * Keeps a cut for its key, and lets the oldest go where they grow too large.
 *
 * @param {Map<string, Cut>} cuts
 * @param {string} key
 * @param {Cut} cut
 */
export function keep(cuts, key, cut) {
  cuts.set(key, cut);
  const most = Math.max(1, Math.floor(KEPT_BYTES / cut.matte.alpha.length));
  for (const old of cuts.keys()) {
    if (cuts.size <= most) break;
    cuts.delete(old);
  }
}

/**
 * Writes each box's mean into the small matte and returns the sum of all means.
 * It reads every value of the matte, so it pauses in time for the next frame.
 */
async function shrink(/** @type {Matte} */ { width, height, alpha }, /** @type {Small} */ small) {
  const edges = Array.from({ length: small.width + 1 }, (_, x) => Math.floor((x * width) / small.width));
  const sums = new Uint32Array(small.width);
  let total = 0;
  let since = performance.now();
  for (let y = 0; y < small.height; y++) {
    const top = Math.floor((y * height) / small.height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * height) / small.height));
    sums.fill(0);
    for (let sourceY = top; sourceY < bottom; sourceY++) {
      const row = sourceY * width;
      for (let x = 0; x < small.width; x++) {
        let sum = 0;
        for (let at = row + edges[x], end = row + edges[x + 1]; at < end; at++) sum += alpha[at];
        sums[x] += sum;
      }
    }
    for (let x = 0; x < small.width; x++) {
      const mean = sums[x] / ((edges[x + 1] - edges[x]) * (bottom - top));
      small.alpha[y * small.width + x] = mean;
      total += mean;
    }
    if (performance.now() - since > SLICE_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
  }
  return total;
}
