/**
 * Serves the demo page, with its rollout, by the companion: `npm start`.
 *
 * The port is PORT, or 8787 or the next that is free. One visitor is all there is, so that what is decided
 * on is not shared out among sources.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { run } from './wasm.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

run('cargo', ['build', '--release', '--quiet', '-p', 'featheredge-companion']);
const port = process.env.PORT || '8787';
const words = ['serve', '--rollout', 'www/rollout.json', '--listen', `127.0.0.1:${port}`, '--ports', process.env.PORT ? '0' : '20', '--source-share', '100%'];
const site = ['/=www', '/featheredge=target/demo', '/fixtures=fixtures'].flatMap((folder) => ['--site', folder]);
// The log is for operators; what a person at a terminal wants is the address.
const child = spawn('target/release/companion', [...words, ...site], { cwd: ROOT, stdio: ['ignore', 'inherit', 'pipe'] });
let log = '';
child.stderr.on('data', (data) => (log = (log + data).slice(-2000)));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (status) => {
  if (status !== 0) console.error(log);
  process.exitCode = status ?? 1;
});
