/** The README's table of other libraries on the GPU, made of the records of `compare.mjs`, `frames.mjs` and `native.mjs`. */

import { comparison, figures } from '../peers/table.mjs';

const ROWS = [
  ['selfie, network', 'selfie', 'inferMs'],
  ['selfie-landscape, network', 'selfie-landscape', 'inferMs'],
  ['multiclass, network', 'multiclass', 'inferMs'],
  ['selfie, 512x512', 'selfie', 'smallMs'],
  ['selfie-landscape, 512x512', 'selfie-landscape', 'smallMs'],
  ['multiclass, 512x512', 'multiclass', 'smallMs'],
  ['selfie, 12 MP', 'selfie', 'bigMs'],
  ['selfie-landscape, 12 MP', 'selfie-landscape', 'bigMs'],
  ['multiclass, 12 MP', 'multiclass', 'bigMs'],
  ['selfie, first run', 'selfie', 'firstMs'],
  ['multiclass, first run', 'multiclass', 'firstMs'],
];

/** The section of the README. */
export function gpuTable(_bench, _quality, _peers, { compared, frames, native }) {
  const parts = [compared && comparisonLines(compared), frames && frameLines(frames), native && nativeLines(native)].filter(Boolean);
  return parts.length > 0 ? parts.map((lines) => lines.join('\n')).join('\n\n') : 'Not measured yet: `npm run bench -- gpu`.';
}

function comparisonLines(compared) {
  const { models, machine, adapter, load, date, bounds } = compared;
  const found = ROWS.map(([title, model, key]) => ({ title, ...figures(models[model], 'featheredge', (row) => row[key]?.median ?? row[key]) }));
  const worst = Math.max(...Object.values(models).map(({ featheredge }) => featheredge.agreement.withCpu.maxAbs));
  return [
    ...comparison(found, Object.values(models)),
    '',
    `Milliseconds; medians of runs that took turns in one browser, measured on ${date} with ${machine.browser}, headless, on ${machine.cpu} with ${machine.cores} cores (${machine.os}); the load was ${load.before} before and ${load.after} after.`,
    `WebGPU ran on ${adapter.webgpu}, WebGL on ${adapter.webgl}.${adapter.software ? ' That is software: the figures compare what the libraries ask of a GPU, and say nothing of the speed of a real one.' : ''}`,
    'LiteRT.js and onnxruntime-web run on WebGPU, MediaPipe on WebGL.',
    "`network` ends when the page can read the answer: from tensor to tensor, MediaPipe and featheredge from a picture of the network's size, featheredge in its worker. The pictures are an `ImageBitmap` to a mask of its size. `first run` is loading, compiling the shaders and one run, in a browser that is warm.",
    'A library that takes more than five times the fastest one\'s time is measured twice, and on no pictures; where the network alone takes seconds, there are no rows of pictures.',
    `All masks are those of native LiteRT: the mean absolute difference is at most ${bounds.meanAbs} and the IoU at least ${bounds.iou}; featheredge's probabilities are those of its CPU within ${worst} at every pixel, or there would be no table.`,
  ];
}

/** What the frames asked for, in words: those that were watched for growth come first. */
function frameLines({ rows, date, adapter }) {
  const [{ frames, model, warmUps }] = rows;
  const long = rows.filter((row) => row.frames === frames && row.warmUps === warmUps);
  const grown = long.map(
    ({ how, growth: { bufferBytes, textureBytes, wasmBytes } }) =>
      `buffers have grown by ${bufferBytes} bytes, textures by ${textureBytes} and WebAssembly memory by ${wasmBytes} (\`${how}\`)`,
  );
  return [
    `What a frame asks of the GPU, counted on ${date} on ${adapter.webgpu}:`,
    '',
    '| frame | submissions | dispatches | draws | bytes read back |',
    '|---|---:|---:|---:|---:|',
    ...rows
      .filter((row) => !long.includes(row))
      .map(({ model, how, width, height, perFrame: { submissions, dispatches, draws, readBytes } }) =>
        `| ${[`${model}, ${width}x${height}, \`${how}\``, submissions, dispatches, draws, readBytes].join(' | ')} |`,
      ),
    '',
    `After ${frames} more frames of \`${model}\` than the first ${warmUps}, ${grown.join('; ')}.`,
  ];
}

function nativeLines({ models, peak, adapter, machine, load, date, runs }) {
  const percent = (share) => `${(share * 100).toFixed(0)} %`;
  const [{ frame }] = Object.values(models);
  return [
    `Without a browser, by ${adapter.backend} on ${adapter.name}${adapter.software ? ', which is software' : ''}:`,
    '',
    `| model | network | by the GPU's clock | frame of ${frame.width}x${frame.height} | GFLOP/s | of the most | GB/s | of the most |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...Object.entries(models).map(([id, { network, frame, shareOfPeak }]) => {
      const times = [network.medianMs, network.gpuMedianMs, frame.medianMs].map((ms) => ms?.toFixed(2) ?? '');
      const rates = [network.gflopPerS.toFixed(1), percent(shareOfPeak.flop), network.gbytePerS.toFixed(1), percent(shareOfPeak.bytes)];
      return `| ${[id, ...times, ...rates].join(' | ')} |`;
    }),
    '',
    `Milliseconds; medians of ${runs} runs, measured on ${date} on ${machine.cpu} with ${machine.cores} cores (${machine.os}); the load was ${load.before} before and ${load.after} after. A frame goes from pixels in memory to a cut-out drawn in a texture, in one submission.`,
    `The most is measured as well: ${peak.gflopPerS.toFixed(0)} GFLOP/s of multiply-adds in registers, ${peak.gbytePerS.toFixed(0)} GB/s of copying.`,
  ];
}
