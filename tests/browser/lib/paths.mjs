/** Where things are in this project, and which of the machine's programs there are. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const DIST = join(ROOT, 'dist');
export const FIXTURES = join(ROOT, 'fixtures');
export const CLI = join(ROOT, 'target/release/featheredge');

/** The file of a fixture, by its path in the manifest. */
export function fixture(path) {
  return join(FIXTURES, path);
}

/** The first of these programs that PATH has; `undefined` if it has none. */
export function program(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

/** Whether a file can be run. */
export function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
