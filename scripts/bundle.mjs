/**
 * How the TypeScript becomes JavaScript, for the build and for the tests that bundle a module of it.
 *
 * Files that share nothing at run time but messages: `index.js` is what pages import; `worker.js` is
 * self-contained; `runner.js` is loaded only where the page's own thread must do. The last two have
 * a twin each, `*.onnx.js`, for the build that reads ONNX files, and the worker one for the build with threads;
 * `rollout.js` is another that pages import, for who gets which model; it needs none of the others.
 * `worker.gpu.js` is the GPU's, and `accelerator.js` the page's side of it, both loaded only where there is one.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Whether the build with threads is made: `scripts/setup` has found out whether it can be. */
export const THREADS = existsSync(`${ROOT}target/wasm-std`) && readFileSync(`${ROOT}target/wasm-std`, 'utf8') === 'yes';

/** The bundles that the package holds. */
export const BUNDLES = ['index', 'rollout', 'accelerator', 'runner', 'worker', 'runner.onnx', 'worker.onnx', 'worker.gpu', ...(THREADS ? ['worker.threads'] : [])];

/** The generated JavaScript side of a WebAssembly build; `simd` and `relaxed` have the same. */
export function glue(build) {
  return `${ROOT}target/bindgen/${build}/featheredge.js`;
}

/** The package's description, whose version is the one truth. */
export const PACKAGE = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

/** Bundles `src/ts/<name>.ts` and returns the code, or writes it to `outfile`. */
export async function bundle(name, { outfile, minify = true } = {}) {
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
    define: { VERSION: JSON.stringify(PACKAGE.version), THREADS: String(THREADS) },
    alias: { '#wasm': glue(name.split('.')[1] ?? 'simd'), '#gpu': glue('gpu') },
    loader: { '.jpg': 'binary' },
    // For index.js these stay files of their own; in the others they are a part.
    external: name === 'index' ? ['./accelerator.js', './runner.js', './runner.onnx.js'] : [],
    logLevel: 'warning',
  });
  return outputFiles?.[0].text;
}
