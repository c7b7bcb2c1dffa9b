/** Downloads from a real server that serves well, badly and not at all. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test, { after } from 'node:test';
import { gzipSync } from 'node:zlib';

import { load } from './load.mjs';

const { fetchModel, fetchModule } = await load('download');

/** The smallest module, with a custom section that makes it 300 KB long. */
const WASM = Buffer.concat([Buffer.from('\0asm\x01\0\0\0', 'latin1'), Buffer.from([0, 0xe0, 0xa7, 0x12, 1, 0x78]), Buffer.alloc(300_000 - 2)]);
const MODEL = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251));

const answers = {
  '/module.wasm': (_, response) => response.setHeader('content-type', 'application/wasm').end(WASM),
  '/module.bin': (_, response) => response.setHeader('content-type', 'application/octet-stream').setHeader('content-length', WASM.length).end(WASM),
  '/text.wasm': (_, response) => response.setHeader('content-type', 'application/wasm').end('no module at all'),
  '/model.onnx': (_, response) => response.setHeader('content-length', MODEL.length).end(MODEL),
  '/gzip.onnx': (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(MODEL)),
  '/chunked.onnx': (_, response) => {
    response.write(MODEL.subarray(0, 50_000));
    setTimeout(() => response.end(MODEL.subarray(50_000)), 20);
  },
  '/page.onnx': (_, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html>'),
  '/empty.onnx': (_, response) => response.end(),
  '/nothing.onnx': (_, response) => response.writeHead(204).end(),
  '/cut.onnx': (_, response) => {
    response.setHeader('content-length', MODEL.length).write(MODEL.subarray(0, 1000));
    setTimeout(() => response.destroy(), 20);
  },
  '/cut.wasm': (_, response) => {
    response.setHeader('content-type', 'application/wasm').setHeader('content-length', WASM.length).write(WASM.subarray(0, 1000));
    setTimeout(() => response.destroy(), 20);
  },
  '/slow.onnx': (_, response) => response.setHeader('content-length', MODEL.length).write(MODEL.subarray(0, 1000)),
};

let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  if (request.url === '/flaky.onnx') return requests % 2 ? response.writeHead(503).end() : response.end(MODEL);
  const answer = answers[request.url];
  return answer ? answer(request, response) : response.writeHead(404).end('none');
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
after(() => {
  server.closeAllConnections();
  server.close();
});

const url = (path) => `http://127.0.0.1:${server.address().port}${path}`;

/** Runs a download and collects what it reports. */
async function follow(fetchFile, path, signal = new AbortController().signal) {
  const heard = [];
  const value = await fetchFile(url(path), (progress) => heard.push(progress), signal);
  return { value, heard };
}

function checkProgress(heard, file, bytes, totalBytes) {
  assert.ok(heard.length > 0);
  for (const [i, progress] of heard.entries()) {
    assert.deepEqual({ ...progress, loadedBytes: 0 }, { phase: 'download', file, loadedBytes: 0, totalBytes });
    assert.ok(progress.loadedBytes > (heard[i - 1]?.loadedBytes ?? 0));
  }
  assert.equal(heard.at(-1).loadedBytes, bytes);
}

for (const path of ['/module.wasm', '/module.bin']) {
  test(`compiles ${path} and counts its bytes`, async () => {
    const { value, heard } = await follow(fetchModule, path);
    assert.ok(value.module instanceof WebAssembly.Module);
    assert.equal(value.bytes, WASM.length);
    checkProgress(heard, 'wasm', WASM.length, WASM.length);
  });
}

for (const [path, totalBytes] of [['/model.onnx', MODEL.length], ['/gzip.onnx', undefined], ['/chunked.onnx', undefined]]) {
  test(`brings ${path} whole`, async () => {
    const { value, heard } = await follow(fetchModel, path);
    assert.deepEqual(Buffer.from(value), MODEL);
    checkProgress(heard, 'model', MODEL.length, totalBytes);
  });
}

for (const [fetchFile, path, wanted] of [
  [fetchModel, '/absent.onnx', /absent\.onnx answered with status 404, want 200/],
  [fetchModel, '/page.onnx', /page\.onnx answered with a page \(text\/html, status 200\)/],
  [fetchModel, '/empty.onnx', /empty\.onnx answered with status 200 and no bytes/],
  [fetchModel, '/nothing.onnx', /nothing\.onnx answered with status 204 and no bytes/],
  [fetchModel, '/cut.onnx', /cut\.onnx could not be downloaded/],
  [fetchModule, '/cut.wasm', /cut\.wasm could not be downloaded/],
  [fetchModule, '/absent.wasm', /absent\.wasm answered with status 404/],
  [fetchModule, '/text.wasm', /text\.wasm is no WebAssembly file that this browser compiles/],
]) {
  test(`${path} is FETCH and says why`, async () => {
    await assert.rejects(follow(fetchFile, path), (error) => {
      assert.equal(error.name, 'SegmentError');
      assert.equal(error.code, 'FETCH');
      assert.match(error.message, wanted);
      assert.ok(error.message.startsWith(url(path)), error.message);
      return true;
    });
  });
}

test('a server that is not there is FETCH', async () => {
  const signal = new AbortController().signal;
  await assert.rejects(fetchModel('http://127.0.0.1:1/model.onnx', () => {}, signal), { code: 'FETCH', message: /127\.0\.0\.1:1/ });
});

test('an abort in the middle is ABORTED', async () => {
  const controller = new AbortController();
  const heard = [];
  const download = fetchModel(url('/slow.onnx'), (progress) => heard.push(progress) && controller.abort(), controller.signal);
  await assert.rejects(download, { code: 'ABORTED' });
  assert.equal(heard.length, 1);
});

test('a failure is not remembered', async () => {
  requests = 0;
  await assert.rejects(follow(fetchModel, '/flaky.onnx'), { code: 'FETCH', message: /503/ });
  const { value } = await follow(fetchModel, '/flaky.onnx');
  assert.equal(value.length, MODEL.length);
});
