/** The pictures of the bench, and the answers that its rows are checked against. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';

import { difference } from '../browser/lib/matte.mjs';
import { ROOT } from '../browser/lib/paths.mjs';
import { call, openPage, withBrowser } from './browser.mjs';

export const MODELS = ['selfie', 'selfie-landscape', 'multiclass'];

/**
 * `file` is its path in the project, `path` its path on the bench's server. `coverage` is how much
 * of the picture each model finds to be person; the bench wants that, give or take `COVERAGE_SPREAD`.
 */
export const PICTURES = [
  {
    name: '512x512',
    file: 'fixtures/images/astronaut.png',
    path: '/fixtures/images/astronaut.png',
    coverage: { selfie: 0.544, 'selfie-landscape': 0.563, multiclass: 0.413 },
  },
  {
    name: '12 MP',
    file: 'target/bench/astronaut-12mp.jpg',
    path: '/made/astronaut-12mp.jpg',
    // Made of the first by the browser.
    enlarged: { width: 4000, height: 3000 },
    coverage: { selfie: 0.544, 'selfie-landscape': 0.563, multiclass: 0.413 },
  },
  {
    name: '14 MP',
    file: 'fixtures/fetched/white-wall-14mp.jpg',
    path: '/fixtures/fetched/white-wall-14mp.jpg',
    coverage: { selfie: 0.483, 'selfie-landscape': 0.49, multiclass: 0.499 },
  },
];

const COVERAGE_SPREAD = 0.03;
const LEAST_IOU = 0.98;

/** Makes the enlarged picture; gives the pictures that there are. */
export async function preparePictures(url) {
  const enlarged = PICTURES.find((picture) => picture.enlarged);
  const jpeg = await withBrowser(async (browser) =>
    call(await openPage(browser, url), 'enlarge', { picture: PICTURES[0].path, ...enlarged.enlarged }),
  );
  mkdirSync(`${ROOT}target/bench`, { recursive: true });
  writeFileSync(`${ROOT}${enlarged.file}`, Buffer.from(jpeg, 'base64'));
  return PICTURES.filter(({ name, file }) => {
    const there = existsSync(`${ROOT}${file}`);
    if (!there) console.log(`bench: no ${name} row: ${file} is missing (fixtures/fetch.mjs gets it)`);
    return there;
  });
}

/**
 * Throws unless the answers of a row are right: fast and wrong is no result.
 *
 * @param {number[]} coverages of all measured runs
 * @param [got] the last run's matte, of a page
 * @param [want] the native matte of the same file
 */
export function checkAnswer(row, picture, model, coverages, got, want) {
  const middle = picture.coverage[model];
  for (const coverage of coverages) {
    if (!(Math.abs(coverage - middle) <= COVERAGE_SPREAD)) {
      throw new Error(`${row}: the matte covers ${coverage.toFixed(4)}, want ${middle} give or take ${COVERAGE_SPREAD}`);
    }
  }
  const coverage = round(coverages.at(-1));
  if (!want) return { coverage };
  const { iou } = difference(got, want);
  if (!(iou >= LEAST_IOU)) throw new Error(`${row}: IoU with the native matte is ${iou.toFixed(4)}, want at least ${LEAST_IOU}`);
  return { coverage, iou: round(iou) };
}

function round(value) {
  return Math.round(value * 1e5) / 1e5;
}
