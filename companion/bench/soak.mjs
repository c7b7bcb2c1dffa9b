/**
 * `npm run test:soak`: a million malformed bodies; the result is in soak.json.
 *
 * Ten million records, and what memory they take, are part of `npm run bench -- companion`.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { status } = spawnSync(
  'cargo',
  ['test', '--release', '-p', 'featheredge-companion', '--test', 'malformed', '--', '--ignored', '--nocapture'],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, SOAK_RECORD: `${ROOT}companion/bench/soak.json` } },
);
process.exitCode = status ?? 1;
