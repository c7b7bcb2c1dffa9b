/** The demo page with a GPU, end to end: which executor runs, by hand and by the address, and losing the GPU under the visitor's hands. */

import assert from 'node:assert/strict';

import { CHROMIUM } from './lib/chromium.mjs';
import { choose, downloadMatte, pick, settled } from './lib/demo.mjs';
import { askedForGpu, gpuWorker, launchGpu, openGpu } from './lib/gpu.mjs';
import { assertAlike, nativeMatte } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { GPU_MATTE } from './lib/tolerance.mjs';

const ASTRONAUT = fixture('images/astronaut.png');

ring('the demo page on the GPU', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;
  const why = (page) => page.getByTestId('executor-why');
  /** Waits until the line says so. */
  const says = (page, words) => page.waitForFunction((words) => document.querySelector('#executor-why').textContent.includes(words), words);

  await t.test('by the address it runs on the GPU, and cuts out the same', async (t) => {
    const { page, complaints } = await openGpu(t, browser, { path: '?executor=gpu' });
    assert.equal(await settled(page), 'done');
    assert.equal(await page.getByTestId('executor-gpu').isChecked(), true);
    assert.equal(await why(page).innerText(), 'On the GPU, because it was asked for.');
    assert.match(await page.getByTestId('stats').innerText(), /Ran on\s+GPU, worker/);
    assert.equal(await choose(page, ASTRONAUT), 'done');
    assertAlike(t, 'page on the GPU', (await downloadMatte(page)).matte, nativeMatte(ASTRONAUT), GPU_MATTE);
    assert.deepEqual(complaints, []);
  });

  await t.test('the GPU is lost by the button, idle and at work: the picture comes, and the GPU comes back', async (t) => {
    const { page } = await openGpu(t, browser, { path: '?executor=gpu' });
    assert.equal(await settled(page), 'done');
    await gpuWorker(page);
    await page.getByTestId('lose').click();
    await says(page, 'is being built anew');
    assert.equal(await choose(page, ASTRONAUT), 'done');
    await says(page, 'On the GPU');
    // At work: the slider comes to rest 140 ms later.
    await page.getByTestId('intensity').fill('1');
    await page.waitForTimeout(160);
    await page.evaluate(() => document.querySelector('#lose').click());
    assert.equal(await settled(page), 'done');
    const { matte } = await downloadMatte(page);
    assertAlike(t, 'page, lost at work', matte, nativeMatte(ASTRONAUT, ['--intensity', '1']), GPU_MATTE);
    await says(page, 'On the GPU');
  });

  await t.test('by hand it goes from one to the other', async (t) => {
    const { page, seen, complaints } = await openGpu(t, browser, { path: '' });
    assert.equal(await settled(page), 'done');
    assert.match(await why(page).innerText(), /^Not on a GPU, because the only one is .*swiftshader, which is a program on the CPU\.$/);
    assert.equal(await page.getByTestId('lose').isVisible(), false);
    assert.deepEqual(askedForGpu(seen), []);
    await choose(page, ASTRONAUT);
    for (const [executor, words] of [['gpu', 'On the GPU'], ['cpu', 'the CPU was asked for']]) {
      assert.equal(await pick(page, `executor-${executor}`), 'done');
      await says(page, words);
      assert.match(await page.getByTestId('stats').innerText(), new RegExp(`Ran on\\s+${executor.toUpperCase()}`));
      assertAlike(t, `page by ${executor}`, (await downloadMatte(page)).matte, nativeMatte(ASTRONAUT), GPU_MATTE);
    }
    assert.deepEqual(complaints, []);
  });
});
