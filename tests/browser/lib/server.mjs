/**
 * A server for tests: the demo's folders and policy, and beside them a bare page with `tools.js`.
 *
 * Paths can be answered otherwise and headers changed, so that faults are real ones that also a
 * worker's requests meet. It remembers what was asked of it.
 */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import sirv from 'sirv';

import { HEADERS } from '../../../scripts/serve.mjs';
import { later } from './clean.mjs';
import { DIST, FIXTURES, ROOT } from './paths.mjs';

const BARE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,">';
const POLICY = 'Content-Security-Policy';

const FOLDERS = [
  ['/featheredge/', DIST],
  ['/fixtures/', FIXTURES],
  // The ONNX files, which are no part of the package.
  ['/models/', join(ROOT, 'models')],
  ['/', join(ROOT, 'www')],
];

/**
 * @param {import('node:test').TestContext} t the server closes when it ends
 * @param {object} options
 * @param {Record<string, (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => unknown>} [options.answers]
 *   by path; a path that ends in a slash answers for all below it
 * @param {Record<string, string>} [options.policy] directives to replace
 * @param {Record<string, string>} [options.headers] sent with every answer
 */
export async function host(t, { answers = {}, policy = {}, headers = {} } = {}) {
  const folders = FOLDERS.map(([path, folder]) => [path, sirv(folder, { dev: true })]);
  const own = {
    '/bare.html': (_, response) => send(response, 'text/html', BARE),
    '/tools.js': script('tools.js'),
    '/kinds.js': script('kinds.js'),
    ...answers,
  };
  const seen = [];
  const server = createServer((request, response) => {
    seen.push(request.url);
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers, [POLICY]: replaced(policy) })) response.setHeader(name, value);
    const path = Object.keys(own).find((path) => (path.endsWith('/') ? request.url.startsWith(path) : request.url === path));
    if (path) return own[path](request, response);
    const [prefix, answer] = folders.find(([prefix]) => request.url.startsWith(prefix));
    request.url = request.url.slice(prefix.length - 1);
    answer(request, response, () => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n'));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  later(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, seen };
}

export function send(response, type, body) {
  response.writeHead(200, { 'Content-Type': type }).end(body);
}

/** Answers with a file of `dist/`, as it is or changed. */
export function sendDist(response, path, change = (bytes) => bytes) {
  const type = path.endsWith('.wasm') ? 'application/wasm' : path.endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
  send(response, type, change(readFileSync(join(DIST, path))));
}

function replaced(policy) {
  const directives = HEADERS[POLICY].split('; ').filter((directive) => !(directive.split(' ')[0] in policy));
  return [...directives, ...Object.entries(policy).map((parts) => parts.join(' '))].join('; ');
}

/** Answers with a script that lies beside this file and runs in the page. */
function script(name) {
  return (_, response) => send(response, 'text/javascript', readFileSync(new URL(name, import.meta.url)));
}
