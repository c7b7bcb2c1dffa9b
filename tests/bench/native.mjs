/** The native command line: its speed, and its mattes, which the browser's are compared with. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, extname } from 'node:path';

import { readGrey } from '../browser/lib/matte.mjs';
import { CLI, ROOT } from '../browser/lib/paths.mjs';

const FOLDER = `${ROOT}target/bench/native`;

/**
 * Cuts one picture `warmUps + runs` times in one process.
 *
 * @returns what each measured run said, and the matte
 */
export function cutAgain(model, picture, warmUps, runs) {
  const copies = `${FOLDER}/copies`;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(copies, { recursive: true });
  // The command line takes each file once.
  const files = Array.from({ length: warmUps + runs }, (_, i) => `${copies}/${i}${extname(picture)}`);
  for (const file of files) copyFileSync(`${ROOT}${picture}`, file);
  const said = cut(files, model);
  return { said: said.slice(warmUps), matte: matteOf(files[0]) };
}

function cut(files, model) {
  const { status, stdout, stderr, error } = spawnSync(CLI, ['cut', ...files, '-o', FOLDER, '--model', model, '--quality', 'fast', '--json'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${CLI} cut --model ${model}: ${error?.message ?? stderr}`);
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

function matteOf(file) {
  return readGrey(readFileSync(`${FOLDER}/${basename(file, extname(file))}.png`));
}
