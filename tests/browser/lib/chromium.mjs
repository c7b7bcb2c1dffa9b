/** Debian's, or anyone's, Chromium through Playwright, and what a page must not do in it. */

import { chromium } from 'playwright-core';

import { later } from './clean.mjs';
import { program } from './paths.mjs';

export const CHROMIUM = program('chromium', 'chromium-browser', 'google-chrome');

const WAIT_MS = 60_000;

/** What Chromium itself remarks, where it has no GPU, to anyone who asks for one. */
const REMARK = 'No available adapters.';

/** @param {string[]} args more command line flags */
export async function launch(t, args = []) {
  const flags = ['--disable-quic', '--no-first-run', '--disable-sync', ...args];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: flags, timeout: WAIT_MS });
  later(t, () => browser.close());
  return browser;
}

/**
 * Opens `url` in a context of its own. `complaints` gathers console errors, uncaught exceptions and
 * violations of the policy, of the page and its workers.
 */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints = [];
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.effectiveDirective} ${event.blockedURI}`));
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && message.text() !== REMARK) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('crash', () => complaints.push('the page crashed'));
  const response = await page.goto(url);
  return { context, page, complaints, response };
}

/** Waits until `check` holds, on this side of the border. */
export async function until(check, timeoutMs = 10_000) {
  for (const end = Date.now() + timeoutMs; !check(); ) {
    if (Date.now() > end) throw new Error(`not so after ${timeoutMs} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
