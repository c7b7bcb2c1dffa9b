/** The bench in headless Chromium: a server for its page, browsers, and the calls into the page. */

import { createServer } from 'node:http';

import { chromium } from 'playwright-core';
import sirv from 'sirv';

import { ROOT, program } from '../browser/lib/paths.mjs';
import { HEADERS } from '../../scripts/serve.mjs';

/** Of a multiclass row with its warm-ups on a slow machine. */
const WAIT_MS = 600_000;

const FLAGS = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** What is served where; the package, the fixtures and the pictures that the bench made, beside its page. */
const FOLDERS = { '/featheredge/': 'dist', '/fixtures/': 'fixtures', '/made/': 'target/bench', '/counted/': 'target/bench/counted', '/': 'tests/bench/page' };

/** Serves the bench's page under the demo's headers, from memory as far as the system keeps files there. */
export async function serve() {
  const folders = Object.entries(FOLDERS).map(([path, folder]) => [path, sirv(`${ROOT}${folder}`, { dev: true })]);
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const [path, answer] = folders.find(([path]) => request.url.startsWith(path));
    request.url = request.url.slice(path.length - 1);
    answer(request, response, () => response.writeHead(404).end());
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A fresh browser with an empty profile, for as long as `use` takes. */
export async function withBrowser(use) {
  const executablePath = program('chromium', 'chromium-browser', 'google-chrome');
  if (!executablePath) throw new Error('there is no chromium on PATH: scripts/setup test installs it');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** The bench's page in a browser that takes `build`. */
export async function openPage(browser, url, build) {
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => console.error(`bench: in the page: ${error.message}`));
  if (build === 'simd') await page.addInitScript(hideRelaxedSimd);
  await page.goto(url);
  await page.waitForFunction(() => 'bench' in window);
  return page;
}

/** Calls a function of the page's `bench`. */
export function call(page, name, argument) {
  return page.evaluate(([name, argument]) => window.bench[name](argument), [name, argument]);
}

/** The answer of a page that was opened with `?cold=`. */
export function coldAnswer(page) {
  return page.evaluate(() => window.bench.cold);
}

/**
 * Makes the library take the plain build. Chromium has no flag that turns relaxed SIMD off, so its
 * answer to the library's probe, a module with `f32x4.relaxed_madd`, is changed in the page;
 * the module that then runs is truly the plain one.
 */
function hideRelaxedSimd() {
  const validate = WebAssembly.validate.bind(WebAssembly);
  const RELAXED_MADD = [0xfd, 0x85, 0x02];
  WebAssembly.validate = (module) => {
    const bytes = new Uint8Array(module);
    const uses = bytes.some((_, at) => RELAXED_MADD.every((byte, i) => bytes[at + i] === byte));
    return !uses && validate(module);
  };
}
