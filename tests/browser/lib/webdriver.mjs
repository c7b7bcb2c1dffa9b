/**
 * WebKitGTK, driven by the W3C WebDriver protocol through WebKitWebDriver, on a virtual screen.
 *
 * Only what a smoke run needs: one page, opened and asked.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, later, startFor } from './clean.mjs';
import { isProgram, program } from './paths.mjs';

export const WEBKIT_DRIVER = program('WebKitWebDriver');
export const VIRTUAL_SCREEN = program('Xvfb');
export const MINI_BROWSER = miniBrowser();

const START_MS = 30_000;
const SCRIPT_MS = 90_000;

/** Starts WebKit and opens `url`. Returns what can ask that page. */
export async function openWebKit(t, url) {
  // The screen chooses a free number and prints it.
  const screen = startFor(t, VIRTUAL_SCREEN, ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']);
  const [, number] = await screen.said(/^(\d+)$/m);
  const port = await freePort();
  startFor(t, WEBKIT_DRIVER, [`--port=${port}`, '--host=127.0.0.1'], {
    // WebKit's sandbox needs user namespaces, which containers and root seldom have; only this project's own page is opened.
    env: { ...process.env, DISPLAY: `:${number}`, GDK_BACKEND: 'x11', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
  });
  const command = connect(`http://127.0.0.1:${port}`);
  await ready(command);
  const alwaysMatch = {
    'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] },
    timeouts: { script: SCRIPT_MS, pageLoad: START_MS },
  };
  const { sessionId } = await command('POST', '/session', { capabilities: { alwaysMatch } });
  const session = `/session/${sessionId}`;
  later(t, () => command('DELETE', session).catch(() => {}));
  await command('POST', `${session}/url`, { url });

  /** Calls `body` in the page with plain data, and gives its answer as plain data. */
  return async function ask(body, argument) {
    const { value, error } = await command('POST', `${session}/execute/async`, {
      script: `const [argument, done] = arguments;
        (${body})(argument).then((value) => done({ value }), (error) => done({ error: String(error) }));`,
      args: [argument ?? null],
    });
    if (error !== undefined) throw new Error(`in the page: ${error}`);
    return value;
  };
}

function connect(base) {
  return async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      body: body && JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(SCRIPT_MS + START_MS),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
}

/** The driver says nothing when it is up, so it is asked until it answers. */
async function ready(command) {
  for (const end = Date.now() + START_MS; ; ) {
    try {
      return await command('GET', '/status');
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** It lies in a folder that has the machine's and the library's name in it. */
function miniBrowser() {
  for (const folder of ['/usr/lib', '/usr/libexec', '/usr/lib64']) {
    const found = list(folder).flatMap((one) => [join(folder, one), ...list(join(folder, one)).map((two) => join(folder, one, two))]);
    const webkit = found.filter((path) => /\/webkit2?gtk-[\d.]+$/.test(path)).map((path) => join(path, 'MiniBrowser'));
    const browser = webkit.sort().find(isProgram);
    if (browser) return browser;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
