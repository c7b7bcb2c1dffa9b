/**
 * Both builds' probabilities in a browser against tract's, on every fixture: of the models as they ship and, where that
 * rounds their weights, in single precision of the weights as they are.
 *
 * `tests/agreement.rs` writes the pictures, at the networks' sizes, tract's answers, and the plans without rounding.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { ROOT } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host, send } from './lib/server.mjs';
import { PROBABILITIES } from './lib/tolerance.mjs';

const FOLDER = join(ROOT, 'target/agreement');
/** The models as they ship and, where `sha256` says so, with other weights in the place of the file of that checksum. */
const CASES = JSON.parse(readFileSync(join(ROOT, 'models/registry.json'), 'utf8')).models.flatMap(({ id, plan: { levels, sha256 } }) =>
  levels ? [{ id, want: PROBABILITIES.rounded }, { id, want: PROBABILITIES.exact, sha256 }] : [{ id, want: PROBABILITIES.exact }],
);

ring('agreement with tract', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launch(t);
  const answers = { '/agreement/': (request, response) => send(response, 'application/octet-stream', readFileSync(join(FOLDER, request.url.split('/').pop()))) };
  const { url } = await host(t, { answers });

  for (const build of ['relaxed', 'simd']) {
    for (const { id, want, sha256 } of CASES) {
      await t.test(`${id}${sha256 ? ', no weight rounded' : ''}, ${build} build`, async (t) => {
        assert.ok(existsSync(join(FOLDER, `${id}.bin`)), 'tract has answered: run the ring `native` first');
        const { page, context } = await open(browser, 'about:blank');
        if (build === 'simd') await page.addInitScript(withoutRelaxed);
        if (sha256) {
          await page.route('**/*.plan', (route) => route.fulfill({ path: join(FOLDER, `${id}.plan`) }));
          await page.addInitScript(passAs, sha256);
        }
        await page.goto(`${url}bare.html`);
        const rows = await page.evaluate(compare, id);
        await context.close();
        assert.ok(rows.length >= 8, `${rows.length} pictures`);
        const [most, mean, overlap] = [
          Math.max(...rows.map((row) => row.most)),
          Math.max(...rows.map((row) => row.mean)),
          Math.min(...rows.map((row) => row.overlap)),
        ];
        const { info } = rows[0];
        assert.equal(info.build, build);
        if (want === PROBABILITIES.exact) assert.equal(info.arithmetic, 'f32');
        t.diagnostic(`${rows.length} pictures, ${info.arithmetic}: max ${most.toExponential(1)}, mean at most ${mean.toExponential(1)}, IoU at least ${overlap.toFixed(4)}`);
        assert.ok(most <= want.most && mean <= want.mean && overlap >= want.overlap, `wanted ${JSON.stringify(want)}`);
      });
    }
  }
});

/** Makes the browser look like one that does not know relaxed SIMD: 0xfd 0x85 0x02 is its f32x4.relaxed_madd. */
function withoutRelaxed() {
  const { validate } = WebAssembly;
  WebAssembly.validate = (bytes) => !String(new Uint8Array(bytes)).includes('253,133,2') && validate(bytes);
}

/** In the page: lets any file pass for the one with this checksum. */
function passAs(sha256) {
  const sum = Uint8Array.from(sha256.match(/../g), (byte) => parseInt(byte, 16));
  crypto.subtle.digest = () => Promise.resolve(sum.buffer);
}

/** In the page: how far each picture's probabilities are from tract's, and how much the persons' masks overlap. */
async function compare(model) {
  const { Segmenter } = await import('/tools.js');
  const segmenter = await Segmenter.create({ model });
  const { info } = segmenter;
  const [width, height, classes] = [info.inputWidth, info.inputHeight, info.classes.length];
  const buffer = await (await fetch(`/agreement/${model}.bin`)).arrayBuffer();
  const [picture, answer] = [width * height * 4, width * height * classes];
  const person = (values, at) => (classes === 1 ? values[at] : 1 - values[at * classes]);
  const rows = [];
  for (let start = 0; start < buffer.byteLength; start += picture + answer * 4) {
    const pixels = new ImageData(new Uint8ClampedArray(buffer.slice(start, start + picture)), width, height);
    const want = new Float32Array(buffer.slice(start + picture, start + picture + answer * 4));
    const { data } = await segmenter.predict(pixels);
    let [most, sum, both, either] = [0, 0, 0, 0];
    for (let i = 0; i < answer; i++) {
      const off = Math.abs(data[i] - want[i]);
      most = Math.max(most, off);
      sum += off;
    }
    for (let i = 0; i < width * height; i++) {
      const [a, b] = [person(data, i) > 0.5, person(want, i) > 0.5];
      both += a && b ? 1 : 0;
      either += a || b ? 1 : 0;
    }
    // Where there is hardly anyone, a few pixels are much.
    const overlap = either < 0.1 * width * height ? 1 : both / either;
    rows.push({ info, most, mean: sum / answer, overlap });
  }
  segmenter.close();
  return rows;
}
