/**
 * The package as people install it: packed, put into an empty Vite project without any configuration,
 * and used there, built as well as from the development server.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { folderFor, freePort, startFor } from './lib/clean.mjs';
import { FLAGS } from './lib/gpu.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { DIST, ROOT, fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { GPU_MATTE, SAME_PIXELS } from './lib/tolerance.mjs';

const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
const PICTURE = 'images/astronaut.png';
const INSTALL_MS = 60_000;

/** The whole site. */
const FILES = {
  'package.json': '{ "name": "site", "private": true, "type": "module" }\n',
  'index.html': '<!doctype html><html lang="en"><title>site</title><link rel="icon" href="data:,"><script type="module" src="/main.js"></script></html>\n',
  'rollout.json': '{ "version": 1, "flag": "f", "salt": "s", "stage": "FULL", "variants": [{ "name": "new", "weight": 1, "model": "selfie" }] }\n',
  'main.js': `import { Segmenter } from 'featheredge';
import { Rollout } from 'featheredge/rollout';
import configuration from './rollout.json?url';
import picture from './picture.png';

document.body.assign = async () => {
  const rollout = await Rollout.load(configuration);
  rollout.close();
  return rollout.problem ?? rollout.assign('someone');
};
document.body.cut = async (options) => {
  const segmenter = await Segmenter.create(options);
  const { width, height, alpha } = await segmenter.segment(await (await fetch(picture)).blob());
  segmenter.close();
  let text = '';
  for (let i = 0; i < alpha.length; i += 1 << 15) text += String.fromCharCode(...alpha.subarray(i, i + (1 << 15)));
  return { info: segmenter.info, matte: { width, height, alpha: btoa(text) } };
};
`,
};

ring('an empty Vite project', { Chromium: CHROMIUM }, async (t) => {
  const site = folderFor(t);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(site, name), text);
  copyFileSync(fixture(PICTURE), join(site, 'picture.png'));
  const npm = (args, cwd) => execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8', timeout: INSTALL_MS });
  npm(['pack', '--pack-destination', site], DIST);
  const [tarball] = readdirSync(site).filter((name) => name.endsWith('.tgz'));
  // A file without dependencies: nothing is asked of a registry.
  npm(['install', '--offline', '--ignore-scripts', `./${tarball}`], site);
  const browser = await launch(t, FLAGS);

  const check = async (t, url) => {
    const { page, complaints } = await open(browser, url);
    await page.waitForFunction(() => document.body.cut);
    const { variant, model, reason } = await page.evaluate(() => document.body.assign());
    assert.deepEqual({ variant, model, reason }, { variant: 'new', model: 'selfie', reason: 'gate' });
    for (const worker of [true, false]) {
      const { info, matte } = await page.evaluate((options) => document.body.cut(options), { worker });
      t.diagnostic(info.reason);
      assert.equal(info.worker, worker, info.reason);
      assertAlike(t, `worker ${worker}`, received(matte), nativeMatte(fixture(PICTURE)), SAME_PIXELS);
    }
    const { info, matte } = await page.evaluate((options) => document.body.cut(options), { executor: 'gpu' });
    t.diagnostic(info.reason);
    // Where Chromium brings no SwiftShader, the CPU does it.
    assert.equal(info.executor, info.adapter ? 'gpu' : 'cpu', info.reason);
    assertAlike(t, 'GPU', received(matte), nativeMatte(fixture(PICTURE)), GPU_MATTE);
    assert.deepEqual(complaints, []);
  };

  await t.test('the package holds what it needs and nothing else', () => {
    const files = readdirSync(join(site, 'node_modules/featheredge'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(site, 'node_modules/featheredge/').length));
    const wanted = /^(index|rollout|accelerator|(runner|worker)(\.onnx)?|worker\.(threads|gpu))\.js$|^(index|segmenter|error|types|rollout|rollout-types)\.d\.ts$|^wasm\/featheredge\.(simd|relaxed|threads|gpu|onnx|gate)\.wasm$|^models\/(selfie|selfie-landscape|multiclass)\.plan$|^package\.json$|^(README\.md|LICENSE\S*|NOTICE)$/;
    assert.deepEqual(files.filter((file) => !wanted.test(file)), []);
    for (const paper of ['README.md', 'NOTICE']) assert.ok(files.includes(paper), `${paper} is not in the package`);
    assert.ok(files.some((file) => file.startsWith('LICENSE')));
  });

  await t.test('vite build and vite preview', async (t) => {
    execFileSync(process.execPath, [VITE, 'build'], { cwd: site, encoding: 'utf8', timeout: INSTALL_MS });
    assert.ok(existsSync(join(site, 'dist/index.html')));
    await check(t, await startVite(t, site, 'preview'));
  });

  await t.test('the development server', async (t) => check(t, await startVite(t, site, 'dev')));

  await t.test('the development server with the line that Vite 7 and older need', async (t) => {
    writeFileSync(join(site, 'vite.config.js'), "export default { optimizeDeps: { exclude: ['featheredge'] } };\n");
    await check(t, await startVite(t, site, 'dev'));
  });
});

/** Starts one of Vite's servers and returns its address. */
async function startVite(t, cwd, command) {
  const port = await freePort();
  const { said } = startFor(t, process.execPath, [VITE, command, '--host', '127.0.0.1', '--port', String(port), '--strictPort'], {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const [, url] = await said(/(http:\/\/127\.0\.0\.1:\d+\/)/);
  return url;
}
