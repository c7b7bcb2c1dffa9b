/** Chromium with a GPU, or with the software that stands in for one. */

import { chromium } from 'playwright-core';

import { program } from '../../browser/lib/paths.mjs';

const FLAGS = [
  ...['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // Pages that wait for their turn are in the background.
  ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
  // Whether memory grows is seen only once what nothing uses is gone.
  '--js-flags=--expose-gc',
  '--enable-unsafe-webgpu',
  // Or the GPU's times would be rounded to a tenth of a millisecond.
  '--disable-dawn-features=timestamp_quantization',
  '--enable-features=Vulkan',
];

/**
 * How each kind of adapter is had. WebGL must be on the same one, for the library that uses it; and canvases as well:
 * without the last flag SwiftShader's device is lost as soon as one is drawn to.
 */
const WAYS = {
  hardware: ['--ignore-gpu-blocklist', ...(process.platform === 'linux' ? ['--use-angle=vulkan'] : [])],
  swiftshader: [
    ...['--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
    ...['--use-gl=angle', '--use-angle=swiftshader', '--use-vulkan=swiftshader'],
  ],
};

/** Starts a browser on one of `WAYS`. */
export function launchOn(way) {
  const executablePath = program('chromium', 'chromium-browser', 'google-chrome');
  if (!executablePath) throw new Error('there is no chromium on PATH: scripts/setup test installs it');
  // Playwright's own flags may turn the GPU off.
  return chromium.launch({ executablePath, args: [...FLAGS, ...WAYS[way]], ignoreDefaultArgs: ['--disable-gpu'] });
}

/**
 * The way that was asked for or, if none was, hardware where there is any; and the adapters it gives.
 *
 * @param {string} url of a page on an origin that may use WebGPU
 */
export async function chooseWay(asked, url) {
  if (asked !== undefined && !(asked in WAYS)) throw new Error(`--adapter is "${asked}", want ${Object.keys(WAYS).join(' or ')}`);
  if (asked) return { way: asked, adapter: await adapterOf(asked, url) };
  try {
    const adapter = await adapterOf('hardware', url);
    if (!adapter.software) return { way: 'hardware', adapter };
  } catch (error) {
    console.log(`bench: no GPU: ${error.message.split('\n')[0]}`);
  }
  return { way: 'swiftshader', adapter: await adapterOf('swiftshader', url) };
}

/** What WebGPU and WebGL say of themselves; throws where the way leads to no adapter. */
async function adapterOf(way, url) {
  const browser = await launchOn(way);
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return await page.evaluate(async (way) => {
      const adapter = await navigator.gpu?.requestAdapter();
      if (!adapter) throw new Error('the browser gives no WebGPU adapter');
      const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
      if (isFallbackAdapter !== (way === 'swiftshader')) throw new Error(`the adapter ${vendor} ${architecture} is no ${way}`);
      const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
      const names = gl?.getExtension('WEBGL_debug_renderer_info');
      const webgl = gl?.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
      return { webgpu: [vendor, architecture, device, description].filter(Boolean).join(' '), webgl, software: isFallbackAdapter };
    }, way);
  } finally {
    await browser.close();
  }
}
