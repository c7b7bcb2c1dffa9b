/**
 * Writes the README's tables of sizes, speed, other libraries and quality, which are never typed by hand.
 *
 *   node tests/bench/readme.mjs [--check] [FILE]
 *
 * Each table stands between `<!-- NAME:start -->` and `<!-- NAME:end -->`; all else is left alone.
 * It is made of `latest.json`, `peers-latest.json`, `gpu-latest.json`, `gpu-frames-latest.json` and
 * `gpu-native-latest.json` in `tests/bench/record/`, and of `tests/quality/record.json`.
 * `--check` changes nothing, and exits with 1 if FILE (README.md) is not what the records give.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { gpuTable } from './gpu/table.mjs';
import { peersTable } from './peers/table.mjs';
import { LEGEND, METRICS, table as qualityTable } from '../quality/metrics.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SECTIONS = { sizes, speed, peers: peersTable, gpu: gpuTable, quality };

try {
  main();
} catch (error) {
  console.error(`readme: ${error.message}`);
  process.exitCode = 1;
}

function main() {
  const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
  const file = positionals[0] ?? `${ROOT}README.md`;
  const bench = readJson('tests/bench/record/latest.json');
  const scores = readJson('tests/quality/record.json');
  const peers = readJson('tests/bench/record/peers-latest.json');
  const [compared, frames, native] = ['gpu', 'gpu-frames', 'gpu-native'].map((kind) => readIfThere(`tests/bench/record/${kind}-latest.json`));
  const gpu = { compared, frames, native };
  const before = readFileSync(file, 'utf8');
  const stale = [];
  let text = before;
  for (const [name, make] of Object.entries(SECTIONS)) {
    const next = replaced(text, name, make(bench, scores, peers, gpu), file);
    if (next !== text) stale.push(name);
    text = next;
  }
  if (stale.length === 0) console.log(`readme: ${file} is what the records give`);
  else if (values.check) throw new Error(`${file} is not what the records give: ${stale.join(', ')} (node tests/bench/readme.mjs writes it)`);
  else {
    writeFileSync(file, text);
    console.log(`readme: ${file}: wrote ${stale.join(', ')}`);
  }
}

/** `text` with `content` between the two marks of `name`, of which there must be one each. */
function replaced(text, name, content, file) {
  const [start, end] = ['start', 'end'].map((which) => {
    const mark = `<!-- ${name}:${which} -->`;
    if (text.split(mark).length !== 2) throw new Error(`${file} has ${text.split(mark).length - 1} times ${mark}, want it once`);
    return { mark, at: text.indexOf(mark) };
  });
  if (end.at < start.at) throw new Error(`${file}: ${end.mark} stands before ${start.mark}`);
  return `${text.slice(0, start.at + start.mark.length)}\n${content}\n${text.slice(end.at)}`;
}

/** What a page downloads, and the files one by one. */
function sizes({ sizes, rows }) {
  const weigh = (...files) => {
    const found = files.map((file) => sizes.find((size) => size.file === file));
    if (found.includes(undefined)) throw new Error(`the record has no size of ${files[found.indexOf(undefined)]}`);
    return ['raw', 'gzip', 'brotli'].map((how) => kib(found.reduce((sum, size) => sum + size[how], 0)));
  };
  const models = [...new Set(rows.map(({ model }) => model))];
  const needed = (model) => ['index.js', 'worker.js', 'wasm/featheredge.relaxed.wasm', `models/${model}.plan`];
  return [
    'In KiB; `gzip` and `brotli` are at their highest levels, as a server sends files that it compressed beforehand.',
    '',
    table(
      ['', 'raw', 'gzip', 'brotli'],
      [
        ...models.map((model) => [`all that a page downloads for \`${model}\``, ...weigh(...needed(model))]),
        ...sizes.map(({ file }) => [`\`${file}\``, ...weigh(file)]),
      ],
    ),
    '',
    'A page downloads `index.js`, `worker.js`, one of `simd` and `relaxed` (the first rows count the latter) and one model; `runner.js` comes in the place of `worker.js` where no worker can run. Where there is a GPU, `accelerator.js`, `worker.gpu.js` and the `gpu` build come behind them.',
    'The `.onnx` files among them are for models that do not ship with the package, and are downloaded only for those.',
  ].join('\n');
}

/** Medians per model and build. */
function speed({ rows, machine, date, load, warmUps }) {
  const segment = rows.filter(({ kind }) => kind === 'segment');
  const pictures = [...new Set(segment.map(({ picture }) => picture))];
  const idles = [...new Set(rows.filter(({ kind }) => kind === 'cold-start').map(({ idleMs }) => idleMs))];
  const body = segment
    .filter(({ picture }) => picture === pictures[0])
    .map(({ model, build, ms }) => {
      const same = (row) => row.model === model && row.build === build;
      const totals = pictures.map((picture) => segment.find((row) => same(row) && row.picture === picture)?.ms.totalMs?.median);
      const colds = rows.filter((row) => row.kind === 'cold-start' && same(row));
      const calls = idles.map((idleMs) => colds.find((row) => row.idleMs === idleMs)?.ms.callMs.median);
      return [model, build, ...[ms.inferMs.median, ...totals, colds[0]?.ms.firstMatteMs.median, ...calls].map(milliseconds)];
    });
  const runs = [...new Set(segment.map((row) => row.runs))].sort((a, b) => a - b).join(' or ');
  const colds = rows.find(({ kind }) => kind === 'cold-start').runs;
  return [
    table(['model', 'build', 'network', ...pictures.map((picture) => `${picture}, end to end`), 'first matte', ...idles.map((ms) => `first call, ${ms ? `${ms} ms after the load` : 'at once'}`)], body),
    '',
    `Milliseconds, the median of ${runs} runs after ${warmUps} that do not count; measured on ${date} with ${machine.browser}, headless, on ${machine.cpu} with ${machine.cores} cores (${machine.os}).`,
    `The load was ${load.before} before and ${load.after} after.`,
    '`network` is the inference alone on the 512x512 picture; end to end is from the call of `segment` with a file to its matte by one look (`fast`), decoding included.',
    `\`first matte\` is from the start of the navigation, in ${colds} browsers with an empty profile, with the files uncompressed from the same machine; \`first call\` is its last part, from the call of \`segment\`, at once or once the worker has been idle.`,
    '`relaxed` is what Chromium takes by itself; for `simd` its answer to the probe for relaxed SIMD is overridden; `native` is the command line, on one core.',
  ].join('\n');
}

function quality(_, { rows, misses, date }) {
  const title = (key) => METRICS.find((metric) => metric.key === key).title;
  const short = (text) => text.replace(/^0\./, '.');
  const reasons = [...new Set(misses.map(({ reason }) => reason))];
  return [
    qualityTable(rows),
    '',
    ...summary(rows),
    '',
    `Measured on ${date} by the command line, on research sets that are not part of this project; docs/MATTES.md has other methods, and halves of the sets.`,
    'The filter, the levels, the feather, the temperature, and what a second look sees and counts were chosen on these same pictures, so the margins are partly luck.',
    'After each figure stands the one of the raw network, enlarged bilinearly: ▲ better than it, = equal to it, ▼ worse than it.',
    ...LEGEND,
    ...reasons.map((reason) => {
      const which = misses.filter((miss) => miss.reason === reason);
      const list = which.map(({ set, model, quality, metric, figure, baseline }) => `${set}, ${model}, ${quality}, ${title(metric)} (${short(figure)}, wanted ${short(baseline)})`);
      return `Missed: ${list.join('; ')}. ${reason}`.replaceAll('. ', '.\n');
    }),
  ].join('\n');
}

/** Means over the sets, against what the same or the default network gives as it is. */
function summary(rows) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const body = [
    ['person', 'selfie', 'selfie'],
    ['person', 'multiclass', 'selfie'],
    ['hair', 'multiclass', 'multiclass'],
  ].flatMap(([of, model, raw]) =>
    ['fast', 'balanced', 'fine'].flatMap((quality) => {
      const ours = rows.filter((row) => row.of === of && row.model === model && row.quality === quality);
      if (ours.length === 0) return [];
      const bars = ours.map(({ set }) => rows.find((row) => row.set === set && row.model === raw).baseline);
      const share = mean(ours.map(({ figures }) => figures.band_mae)) / mean(bars.map((bar) => Number(bar.band_mae)));
      const gains = ['bft', 'iou', 'iou_p10'].map((key) => mean(ours.map(({ figures }, i) => figures[key] - Number(bars[i][key]))));
      return [[of, model, quality, raw, share.toFixed(3), ...gains.map((gain) => `${gain < 0 ? '-' : '+'}${Math.abs(gain).toFixed(3)}`)]];
    }),
  );
  return ['Means over the sets, against a raw network:', '', ...table(['of', 'model', 'quality', 'against raw', 'band MAE, times', 'bft', 'IoU', 'IoU p10'], body).split('\n')];
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)].join('\n');
}

function kib(bytes) {
  return (bytes / 1024).toFixed(1).replace(/\B(?=(\d{3})+\.)/g, ',');
}

/** To three digits; a dash where nothing was measured. */
function milliseconds(value) {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A machine may have measured the one and not the other. */
function readIfThere(path) {
  return existsSync(`${ROOT}${path}`) ? readJson(path) : undefined;
}

function readJson(path) {
  return JSON.parse(readFileSync(`${ROOT}${path}`, 'utf8'));
}
