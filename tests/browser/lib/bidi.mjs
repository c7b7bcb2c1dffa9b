/**
 * Firefox, driven by WebDriver BiDi (a W3C standard), which it speaks by itself over a web socket.
 *
 * Only what a smoke run needs: one page, opened and asked.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { WebSocket } from 'ws';

import { folderFor, later, startFor } from './clean.mjs';
import { program } from './paths.mjs';

export const FIREFOX = program('firefox-esr', 'firefox');

const COMMAND_MS = 90_000;

/** Nothing but the test may ask the network for anything. */
const PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
};

/** Starts Firefox, headless, on an empty profile, and opens `url`. Returns what can ask that page. */
export async function openFirefox(t, url) {
  const profile = folderFor(t);
  const lines = Object.entries(PREFERENCES).map((parts) => `user_pref(${parts.map((part) => JSON.stringify(part)).join(', ')});\n`);
  writeFileSync(join(profile, 'user.js'), lines.join(''));
  const firefox = startFor(t, FIREFOX, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0']);
  const [, address] = await firefox.said(/WebDriver BiDi listening on (ws:\/\/\S+)/, COMMAND_MS);
  const command = await connect(t, `${address}/session`);
  await command('session.new', { capabilities: {} });
  const { contexts } = await command('browsingContext.getTree', {});
  const { context } = contexts[0];
  await command('browsingContext.navigate', { context, url, wait: 'complete' });

  /** Calls `body` in the page with plain data, and gives its answer as plain data. */
  return async function ask(body, argument) {
    const { type, result, exceptionDetails } = await command('script.callFunction', {
      functionDeclaration: `async (text) => JSON.stringify(await (${body})(JSON.parse(text)))`,
      arguments: [{ type: 'string', value: JSON.stringify(argument ?? null) }],
      awaitPromise: true,
      target: { context },
    });
    if (type !== 'success') throw new Error(`in the page: ${exceptionDetails.text}`);
    return JSON.parse(result.value);
  };
}

/** Returns `command(method, params)`, which gives the command's result. */
async function connect(t, address) {
  const socket = new WebSocket(address, { maxPayload: 1 << 28 });
  later(t, () => socket.terminate());
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map();
  socket.on('message', (data) => {
    const { type, id, result, error, message } = JSON.parse(data);
    const settle = waiting.get(id);
    waiting.delete(id);
    if (type === 'success') settle?.resolve(result);
    else if (type === 'error') settle?.reject(new Error(`${error}: ${message}`));
  });
  let last = 0;
  return (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      const timer = setTimeout(() => reject(new Error(`${method} took ${COMMAND_MS} ms`)), COMMAND_MS);
      const settled = (act) => (value) => {
        clearTimeout(timer);
        act(value);
      };
      waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      socket.send(JSON.stringify({ id, method, params }));
    });
}
