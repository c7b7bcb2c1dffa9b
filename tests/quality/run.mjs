/**
 * `npm run quality`: the command line's mattes, of each quality, against sets with true mattes.
 *
 * The sets may not be published, so they lie beside the project and only where it is developed;
 * elsewhere this says that it is skipped. No figure may be below the raw networks' in
 * `baseline.json`, but for the misses that it lists with their reasons, which may not grow.
 * Writes `record.json`, from which the README's table is made.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { METRICS, compare, digitsLike, table } from './metrics.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCORED = '../shared/eval';
const MATTES = 'target/quality';
const PYTHON = 'target/venv/bin/python';
const CLI = 'target/release/featheredge';
const HERE = 'tests/quality';
/** With a model that looks no finer than balanced, fine is the same. */
const QUALITIES = ['fast', 'balanced', 'fine'];

process.chdir(ROOT);
if (existsSync(SCORED)) {
  try {
    main();
  } catch (error) {
    console.error(`quality: ${error.message}`);
    process.exitCode = 1;
  }
} else {
  console.log('quality: skipped (no scored sets beside the project)');
}

function main() {
  const baseline = readJson(`${HERE}/baseline.json`);
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: scripts/setup quality makes it`);
  run('cargo', ['build', '--release', '--quiet', '--bin', 'featheredge']);

  const wanted = baseline.rows.flatMap((row) => QUALITIES.filter((quality) => quality !== 'fine' || row.model === 'multiclass').map((quality) => ({ ...row, quality })));
  for (const row of wanted) cut(row);
  const sets = [...new Set(baseline.rows.map(({ set }) => set))];
  const rows = sets.flatMap((set) => score(set, wanted.filter((row) => row.set === set)));
  const misses = rows.flatMap((row) => missesOf(row, baseline.knownMisses));

  console.log(`\n${table(rows)}\n`);
  console.log(`${rows.length * METRICS.length} figures, ▲ better than, = equal to, ▼ worse than the raw network, whose figure follows.`);
  for (const miss of misses) console.log(describe(miss));
  for (const known of baseline.knownMisses.filter((known) => !misses.some((miss) => isSame(miss, known)))) {
    console.log(`quality: ${known.set}, ${known.model}, ${known.quality}: ${known.metric} meets the baseline now; take it out of knownMisses`);
  }
  const bad = misses.filter((miss) => !miss.known);
  if (bad.length > 0) throw new Error(`${bad.length} figures are below the baseline; nothing is recorded`);

  const record = { ...provenance(), rows, misses: misses.map(({ known, ...miss }) => miss) };
  writeFileSync(`${HERE}/record.json`, `${JSON.stringify(record, null, 2)}\n`);
  console.log(`quality: no figure is below the baseline${misses.length > 0 ? `, but for ${misses.length} known misses` : ''}; recorded in ${HERE}/record.json`);
}

/** Writes the mattes of one set by one model. */
function cut({ set, of, model, quality }) {
  console.log(`quality: ${set}, ${model}, ${quality}`);
  const out = folder(set, model, quality);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  run(CLI, ['cut', `${SCORED}/sets/${set}/image`, '-o', out, '--model', model, '--of', of, '--quality', quality], ['inherit', 'ignore', 'inherit']);
}

/** Scores the mattes of one set by every model that made some. */
function score(set, rows) {
  const json = `${MATTES}/${set}.json`;
  run(PYTHON, [
    ...[`${SCORED}/evaluate.py`, '--set', `${SCORED}/sets/${set}`, '--json', json],
    ...['--pred', ...rows.map(({ model, quality }) => folder(set, model, quality))],
  ], ['inherit', 'ignore', 'inherit']);
  const scores = [readJson(json)].flat();
  const expected = readJson(`${SCORED}/sets/${set}/manifest.json`).items.length;
  return rows.map(({ of, model, quality, figures: baseline }) => {
    const { n: pictures, mean } = scores.find(({ pred }) => pred === folder(set, model, quality)) ?? {};
    if (pictures !== expected) throw new Error(`${set}, ${model}, ${quality}: ${pictures} mattes were scored, want ${expected}`);
    const figures = Object.fromEntries(METRICS.map(({ key }) => [key, Number(mean[key].toFixed(6))]));
    if (Object.values(figures).some((figure) => !Number.isFinite(figure))) throw new Error(`${set}, ${model}, ${quality}: a figure is missing`);
    return { set, of, model, quality, pictures, figures, baseline };
  });
}

/** The figures of a row that are below the baseline; `known` where that is so by the list, and not worse. */
function missesOf({ set, model, quality, figures, baseline }, knownMisses) {
  return METRICS.flatMap((metric) => {
    const { key } = metric;
    if (compare(metric, figures[key], baseline[key]) !== 'worse') return [];
    const miss = { set, model, quality, metric: key, figure: digitsLike(figures[key], baseline[key]), baseline: baseline[key] };
    const listed = knownMisses.find((known) => isSame(known, miss));
    const known = listed !== undefined && compare(metric, figures[key], listed.reached) !== 'worse';
    return { ...miss, reason: listed?.reason, known };
  });
}

function isSame(one, other) {
  return ['set', 'model', 'quality', 'metric'].every((key) => one[key] === other[key]);
}

function describe({ set, model, quality, metric, figure, baseline, reason, known }) {
  const what = `${set}, ${model}, ${quality}: ${metric} is ${figure}, the baseline ${baseline}`;
  if (known) return `quality: missed, as known: ${what}. ${reason}`;
  return `quality: MISSED: ${what}${reason ? ', worse than the known miss' : ''}`;
}

function folder(set, model, quality) {
  return `${MATTES}/${set}-${model}-${quality}`;
}

/** Which code was scored, and when. */
function provenance() {
  const git = (...args) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git('rev-parse', 'HEAD') || null,
    changedSince: git('status', '--porcelain', '--', 'src', 'models', 'Cargo.toml', 'Cargo.lock') !== '',
  };
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function run(program, args, stdio = 'inherit') {
  const { status, error } = spawnSync(program, args, { stdio });
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 2).join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}
