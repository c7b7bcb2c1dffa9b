/** The demo's server: what it serves, under which headers, and that it serves nothing else. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import test from 'node:test';

import { ROOT } from '../../scripts/bundle.mjs';
import { serve } from '../../scripts/serve.mjs';

/** A GET of exactly `path`: `fetch` would tidy it first. */
function get(url, path) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    })
      .on('error', reject)
      .end();
  });
}

test('serves the page under a strict policy, and no file outside its folders', async () => {
  const { url, close } = await serve({ quiet: true });
  try {
    const page = await get(url, '/');
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    const policy = page.headers['content-security-policy'].split('; ');
    assert.ok(policy.includes("default-src 'none'"));
    assert.ok(policy.includes("script-src 'self' 'wasm-unsafe-eval'"));
    assert.ok(!/unsafe-inline|'unsafe-eval'|\*/.test(policy.join()));
    for (const name of ['cross-origin-opener-policy', 'cross-origin-embedder-policy']) assert.equal(page.headers[name], undefined);
    for (const path of ['/package.json', '/../package.json', '/..%2fpackage.json', '/featheredge/..%2fpackage.json', '/%E0%A4%A', '//etc/passwd']) {
      const { status, headers } = await get(url, path);
      assert.equal(status, 404, path);
      assert.ok(headers['content-security-policy'], path);
    }
  } finally {
    await close();
  }
});

test('takes the next port if one is taken', async () => {
  const first = await serve({ quiet: true });
  const port = Number(new URL(first.url).port);
  const second = await serve({ port, quiet: true });
  try {
    assert.ok(Number(new URL(second.url).port) > port);
  } finally {
    await first.close();
    await second.close();
  }
});

test('prints its address and stops at SIGTERM', async () => {
  const server = spawn(process.execPath, [`${ROOT}scripts/serve.mjs`], { env: { ...process.env, PORT: '0' } });
  const line = await new Promise((resolve) => server.stdout.once('data', (data) => resolve(String(data))));
  const [url] = line.match(/http:\/\/127\.0\.0\.1:\d+\//);
  assert.equal((await get(url, '/')).status, 200);
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  assert.equal(await ended, 0);
});
