/** The bundles: what bundlers must find in them, what they must not hold, and that a server can import them. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { BUNDLES, PACKAGE, ROOT, THREADS, bundle } from '../../scripts/bundle.mjs';
import { load } from './load.mjs';

const compiler = createRequire(import.meta.url).resolve('typescript/package.json').replace('package.json', 'bin/tsc');

test('minified code keeps the expressions that bundlers look for', async () => {
  const code = await bundle('index');
  const workers = ['worker.js', 'worker.gpu.js', 'worker.onnx.js', ...(THREADS ? ['worker.threads.js'] : [])];
  const builds = ['simd', 'relaxed', 'onnx', 'gpu', ...(THREADS ? ['threads'] : [])];
  const files = [...workers, ...builds.map((build) => `wasm/featheredge.${build}.wasm`)];
  const models = ['models/selfie.plan', 'models/selfie-landscape.plan', 'models/multiclass.plan'];
  for (const file of [...files, ...models]) {
    assert.equal(code.split(`new URL("./${file}",import.meta.url)`).length - 1, 1, file);
  }
  for (const name of workers) {
    assert.ok(code.includes(`new Worker(new URL("./${name}",import.meta.url),{type:"module",name:"featheredge"})`), name);
  }
  for (const name of ['accelerator.js', 'runner.js', 'runner.onnx.js']) assert.ok(code.includes(`import("./${name}")`), name);
  assert.equal(code.split('import.meta').length - 1, files.length + models.length);
});

test('the worker and the runner need no file but themselves', async () => {
  for (const name of BUNDLES.filter((name) => !['index', 'rollout'].includes(name))) {
    const code = await bundle(name);
    // Some bundlers make a classic script of a worker; neither would work there.
    assert.doesNotMatch(code, /import\.meta|\bimport\s*\(|\bimport\s*["'{*]|\beval\s*\(|new Function/, name);
  }
  for (const name of BUNDLES.filter((name) => name.startsWith('worker'))) assert.doesNotMatch(await bundle(name), /\bexport\s*\{/, name);
});

test('nothing evaluates code or makes workers of blobs', async () => {
  assert.doesNotMatch(await bundle('index'), /\beval\s*\(|new Function|createObjectURL/);
});

test('a server can import it, and is told what is missing when it creates', async () => {
  const { SegmentError, Segmenter } = await load('index');
  assert.deepEqual(Object.keys(await load('index')).sort(), ['SegmentError', 'Segmenter']);
  const aborted = Segmenter.create({ signal: AbortSignal.abort('reason') });
  await assert.rejects(aborted, (error) => error instanceof SegmentError && error.code === 'ABORTED' && error.cause === 'reason');
  await assert.rejects(Segmenter.create({ model: 'none' }), { code: 'INVALID_INPUT' });
});

test('errors carry code, name and cause', async () => {
  const { SegmentError } = await load('error');
  const cause = new Error('why');
  const error = new SegmentError('FETCH', 'what', { cause });
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.code, error.message, error.cause], ['SegmentError', 'FETCH', 'what', cause]);
  assert.equal(String(error), 'SegmentError: what');
});

test('the declarations serve a strict project', () => {
  const folder = mkdtempSync(join(tmpdir(), 'featheredge-types-'));
  try {
    const types = join(folder, 'node_modules/featheredge');
    const emit = spawnSync(process.execPath, [compiler, '-p', `${ROOT}src/ts/tsconfig.json`, '--outDir', types], { encoding: 'utf8' });
    assert.equal(emit.status, 0, emit.stdout);
    // Only these are published, so the others must not be needed.
    const published = ['index', 'segmenter', 'error', 'types', 'rollout', 'rollout-types'];
    for (const name of published) cpSync(join(types, `${name}.d.ts`), join(folder, `${name}.d.ts`));
    rmSync(types, { recursive: true });
    for (const name of published) cpSync(join(folder, `${name}.d.ts`), join(types, `${name}.d.ts`));
    writeFileSync(join(types, 'package.json'), JSON.stringify({ name: 'featheredge', version: PACKAGE.version, type: 'module', exports: { '.': { types: './index.d.ts' }, './rollout': { types: './rollout.d.ts' } } }));
    writeFileSync(
      join(folder, 'page.ts'),
      `import { SegmentError, Segmenter, type ErrorCode, type ExecutorEvent, type Progress } from 'featheredge';
      import { Rollout, type Assignment } from 'featheredge/rollout';
      export async function join(id: string): Promise<Segmenter> {
        const rollout = await Rollout.load('/rollout.json', { id, beacons: { url: '/v1/beacons', rate: 0.5 }, onExposure: ({ variant }) => console.log(variant) });
        const { on, variant }: Assignment = rollout.assign();
        console.log(on, variant, rollout.problem);
        return Segmenter.create({ rollout, model: 'selfie' });
      }
      export async function cut(file: File, image: HTMLImageElement, frame: VideoFrame): Promise<ImageData> {
        using segmenter = await Segmenter.create({ model: 'multiclass', onProgress: (p: Progress) => console.log(p.phase), memory: localStorage, onEvent: (e: ExecutorEvent) => console.log(e.kind, e.at) });
        console.log((await segmenter.settled).adapter?.software, await segmenter.draw(frame, new OffscreenCanvas(1, 1), { effect: 'matte', of: 'hair' }));
        await segmenter.predict(image);
        (await segmenter.cutout(file)).close();
        await segmenter.draw(frame, document.createElement('canvas'), { effect: { background: { image, fit: 'contain' } } });
        const [dyed, blurred]: ImageBitmap[] = [await segmenter.recolor(file, { color: '#8a2be2', intensity: 0.7 }), await segmenter.replaceBackground(file, { blur: 12 })];
        console.log(dyed.width, blurred.width);
        await segmenter.segment(frame, { feather: 5, morphology: { operation: 'open', radius: 2 } });
        try {
          const matte = await segmenter.segment(file, { of: 'hair', intensity: 0.5 });
          const { alpha, width, timings } = matte;
          (await segmenter.recolor(file, { color: '#123', matte })).close();
          await segmenter.draw(file, new OffscreenCanvas(1, 1), { effect: { background: { blur: 9 } }, matte: { width: 1, height: 1, alpha } });
          console.log(timings.totalMs.toFixed(), segmenter.info.reason);
          return new ImageData(alpha, width);
        } catch (error) {
          const code: ErrorCode | undefined = error instanceof SegmentError ? error.code : undefined;
          throw new Error(code);
        }
      }
      // @ts-expect-error the models are a closed list
      void Segmenter.create({ model: 'selfi' });
      // @ts-expect-error made by create only
      new Segmenter();`,
    );
    for (const resolution of ['bundler', 'nodenext']) {
      const module = resolution === 'bundler' ? 'esnext' : 'nodenext';
      const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', module, '--moduleResolution', resolution, '--lib', 'es2022,dom', '--types', ''];
      const check = spawnSync(process.execPath, [compiler, ...options, 'page.ts'], { cwd: folder, encoding: 'utf8' });
      assert.equal(check.status, 0, `${resolution}: ${check.stdout}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
