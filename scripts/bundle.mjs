/**
 * How the TypeScript becomes JavaScript, for the build and for the tests that bundle a module of it.
 *
 * Three files that share nothing at run time but messages: `index.js` is what pages import;
 * `worker.js` is self-contained; `runner.js` is loaded only where the page's own thread must do.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The generated JavaScript side of both WebAssembly builds. */
export const GLUE = `${ROOT}target/bindgen/simd/featheredge.js`;

/** The package's description, whose version is the one truth. */
export const PACKAGE = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

/** Bundles `src/ts/<name>.ts` and returns the code, or writes it to `outfile`. */
export async function bundle(name, { outfile, minify = true, glue = GLUE } = {}) {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}src/ts/${name}.ts`],
    outfile,
    write: outfile !== undefined,
    bundle: true,
    minify,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    define: { VERSION: JSON.stringify(PACKAGE.version) },
    alias: { '#wasm': glue },
    // For index.js the runner stays a file of its own; in the others it is a part.
    external: name === 'index' ? ['./runner.js'] : [],
    logLevel: 'warning',
  });
  return outputFiles?.[0].text;
}
