/** The page of the others' harness in Chromium: warm pages side by side, and cold starts. */

import { pathToFileURL } from 'node:url';

import { PEERS } from './setup.mjs';

const WAIT_MS = 120_000;

/** The parts of the harness that are used; imported only now, because it may be absent. */
export async function harness() {
  const load = (name) => import(pathToFileURL(`${PEERS}/harness/${name}.mjs`).href);
  const [{ launch }, { PEERS: all }, { start, log }] = await Promise.all(['lib', 'peers', 'server'].map(load));
  const server = await start();
  return { launch, all, log, url: server.isolated, close: () => server.close() };
}

/** A warm page with one library and one network, each in a renderer of its own, and what the library says of itself. */
export async function openPeer(browser, url, options) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(`${url}/page.html`);
  await page.waitForFunction(() => 'READY' in window);
  const { info } = await within(page.evaluate((options) => window.B.create(options), options));
  return { page, info };
}

/** Milliseconds of each of up to `count` runs of the network on the fixed picture. */
export function inferences(page, count, limitMs) {
  return within(page.evaluate(([count, limitMs]) => window.B.loop(count, limitMs), [count, limitMs]));
}

/** What the network alone took in the runs since the last call; ours only. */
export function networkMs(page) {
  return page.evaluate(() => window.networkMs.splice(0));
}

/** Picture to mask at the picture's size: `{ t, frac }`, the milliseconds and the share above one half. */
export function wholeRuns(page, picture, count, limitMs) {
  return within(page.evaluate(([picture, count, limitMs]) => window.B.e2e(picture, count, limitMs, 1), [picture, count, limitMs]));
}

/** The network's mask of a person for the fixed picture. */
export async function personMask(page) {
  return Float32Array.from(await within(page.evaluate(() => window.B.lowres())));
}

/** Bytes of all WebAssembly memories of the page's own thread. */
export function wasmMemory(page) {
  return page.evaluate(() => window.B.mem());
}

/** Navigation to the first mask of the 512x512 picture, in a browser that has never been used. */
export async function coldStart({ launch, url }, options) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${url}/page.html?cold=${encodeURIComponent(JSON.stringify(options))}`);
    await page.waitForFunction(() => 'COLD' in window, null, { timeout: WAIT_MS });
    const answer = await page.evaluate(() => window.COLD);
    if (answer.error) throw new Error(answer.error);
    return answer.total;
  } finally {
    await browser.close();
  }
}

function within(promise) {
  return Promise.race([
    promise,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`no answer within ${WAIT_MS} ms`)), WAIT_MS).unref()),
  ]);
}
