/**
 * Smoke run in WebKitGTK: a fixture, cut on the CPU, is the native matte.
 *
 * It has no relaxed SIMD, so this is the true test of the plain build.
 */

import assert from 'node:assert/strict';

import { ring } from './lib/ring.mjs';
import { smoke } from './lib/smoke.mjs';
import { MINI_BROWSER, VIRTUAL_SCREEN, WEBKIT_DRIVER, openWebKit } from './lib/webdriver.mjs';

ring('WebKitGTK', { WebKitWebDriver: WEBKIT_DRIVER, MiniBrowser: MINI_BROWSER, Xvfb: VIRTUAL_SCREEN }, async (t) => {
  const { build } = await smoke(t, openWebKit);
  assert.equal(build, 'simd', 'WebKitGTK has learnt relaxed SIMD: this ring tests that build now');
});
