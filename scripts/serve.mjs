/**
 * Serves the demo page on the loopback address, under a strict Content-Security-Policy.
 *
 *   node scripts/serve.mjs [FOLDER]   FOLDER is dist/ or, as `npm start` has it, target/demo/
 *
 *   /               www/, the page
 *   /featheredge/   FOLDER, the library
 *   /fixtures/      fixtures/, the sample portraits
 *
 * There is no COOP and no COEP: the library needs neither.
 */

import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import sirv from 'sirv';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = { '/fixtures/': 'fixtures', '/': 'www' };
const DEFAULT_PORT = 8787;
const ATTEMPTS = 20;

/** Sent with every answer. */
export const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/**
 * Starts serving; without a `port` on one that is free.
 *
 * @param {{ library?: string, port?: number, quiet?: boolean }} options `library` is the library's folder, `quiet` prints no requests
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve({ library = 'dist', port = 0, quiet = false } = {}) {
  const folders = Object.entries({ '/featheredge/': library, ...FOLDERS }).map(([path, folder]) => [path, sirv(`${ROOT}${folder}`, { dev: true, etag: true })]);
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!quiet) response.on('finish', () => console.log(`${response.statusCode} ${request.method} ${request.url}`));
    const missing = () => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
    const [path, answer] = folders.find(([path]) => request.url.startsWith(path)) ?? [];
    if (!answer) return missing();
    request.url = request.url.slice(path.length - 1);
    answer(request, response, missing);
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Listens on `port` or, if that is taken, on one of the next. */
async function listen(server, port) {
  for (let attempt = 0; ; attempt++) {
    try {
      await new Promise((done, fail) => {
        server.once('error', fail);
        server.listen(port === 0 ? 0 : port + attempt, '127.0.0.1', () => {
          server.off('error', fail);
          done();
        });
      });
      return;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || attempt === ATTEMPTS) throw error;
    }
  }
}

async function main() {
  const port = Number(process.env.PORT || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT is ${process.env.PORT}, want 0 to 65535`);
  const { url, close } = await serve({ library: process.argv[2], port, quiet: true });
  console.log(`featheredge is at ${url} (stop with Ctrl+C)`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close().then(() => process.exit(0)));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(`serve: ${error.message}`);
    process.exitCode = 1;
  });
}
