/** The README's table of other libraries, made of a record of `run.mjs`. */

const OURS = 'featheredge';
const PAGE = 'featheredge-page';
const F32 = 'featheredge-f32';
const THREADED = 'featheredge-2t';
const BALANCED = 'featheredge-balanced';

/** What is compared: a title, and how to find each library's figure in the record, where it has any. */
const ROWS = [
  ['selfie, network', ({ models }) => network(models.selfie)],
  ['selfie-landscape, network', ({ models }) => network(models['selfie-landscape'])],
  ['multiclass, network', ({ models }) => network(models.multiclass)],
  ['multiclass, network, in f32 throughout', ({ models }) => network(models.multiclass, F32)],
  ['multiclass, network, 2 threads', ({ twoThreads }) => network(twoThreads?.multiclass, THREADED)],
  ['selfie, 512x512', ({ models }) => whole(models.selfie, 'smallMs')],
  ['selfie, 12 MP', ({ models }) => whole(models.selfie, 'bigMs')],
  ['selfie, 512x512, balanced', ({ models }) => whole(models.selfie, 'smallMs', BALANCED)],
  ['selfie, 12 MP, balanced', ({ models }) => whole(models.selfie, 'bigMs', BALANCED)],
  ['multiclass, 512x512', ({ models }) => whole(models.multiclass, 'smallMs')],
  ['multiclass, 12 MP', ({ models }) => whole(models.multiclass, 'bigMs')],
  ['multiclass, 12 MP, balanced', ({ models }) => whole(models.multiclass, 'bigMs', BALANCED)],
  ['selfie, cold start', ({ cold }) => figures(cold, OURS, (row) => row.firstMaskMs.median)],
  ['selfie, WebAssembly memory, MB', ({ models }) => memory(models.selfie)],
  ['multiclass, WebAssembly memory, MB', ({ models }) => memory(models.multiclass)],
  ['selfie, download, KiB in brotli', ({ downloads }) => figures(downloads, OURS, (row) => row.brotli / 1024)],
];

/**
 * The table itself, in lines.
 *
 * @param found `{ title, ours, others }` of each row; one of which ours has no figure is left out
 * @param all objects from id to a row of the record, for the names
 */
export function comparison(found, all) {
  const names = new Map(all.flatMap((rows) => Object.entries(rows).map(([id, { name }]) => [id, name])));
  const lines = found.filter(({ ours }) => ours > 0).map(({ title, ours, others }) => {
    const [[best, least], ...rest] = others.sort(([, a], [, b]) => a - b);
    return `| ${[title, round(ours), `${round(least)} (${names.get(best)})`, (ours / least).toFixed(2), rest.map(([, value]) => round(value)).join(', ')].join(' | ')} |`;
  });
  return ['| what | featheredge | best of the others | ratio | the rest |', '|---|---:|---:|---:|---|', ...lines];
}

/** The section of the README. */
export function peersTable(_bench, _quality, record) {
  const { models, twoThreads, cold, withoutLibraryMs, machine, load, date, bounds } = record;
  const all = [...Object.values(models), ...Object.values(twoThreads ?? {})];
  const found = ROWS.map(([title, find]) => ({ title, ...find(record) }));
  const worst = Math.max(...Object.values(models).flatMap((rows) => [rows[PAGE].agreement.meanAbs]));
  return [
    ...comparison(found, all),
    '',
    `Milliseconds where nothing else is said; medians of runs that took turns in one browser, measured on ${date} with ${machine.browser}, headless, on ${machine.cpu} with ${machine.cores} cores (${machine.os}); the load was ${load.before} before and ${load.after} after. All run on one thread${twoThreads ? ', but where the row says two' : ''}.`,
    '`network` is the inference alone, from tensor to tensor (MediaPipe: from a picture of the network\'s size); the pictures are an `ImageBitmap` to a mask of its size: featheredge\'s is filtered along the picture\'s edges and feathered, and comes from its worker, of one look, `fast`, as the others\' are, unless the row says `balanced`, the default; the others\' is enlarged bilinearly, on the page\'s own thread.',
    `\`cold start\` is from the start of the navigation to the first mask of 512x512, with an empty profile and files from the same machine, in ${cold[OURS].runs} browsers each; a page without any library, which only reads the picture's pixels, takes ${round(withoutLibraryMs.median)}. \`WebAssembly memory\` is what is taken after the 512x512 runs.`,
    `All masks are those of native LiteRT: the mean absolute difference is at most ${bounds.meanAbs} (featheredge's at most ${worst}) and the IoU at least ${bounds.iou}, or there would be no table.`,
  ].join('\n');
}

function network(rows = {}, id = PAGE) {
  return figures(rows, id, (row) => (row.networkMs ?? row.inferMs)?.median);
}

function whole(rows, name, id = OURS) {
  return figures(rows, id, (row) => row[name]?.median);
}

function memory(rows) {
  return figures(rows, PAGE, (row) => row.memoryBytes && row.memoryBytes / 1e6);
}

/** For `comparison`: ours under `id`, and `[id, figure]` of the others that have one. */
export function figures(rows, id, figureOf) {
  const others = Object.entries(rows).filter(([other]) => !other.startsWith(OURS));
  return { ours: rows[id] && figureOf(rows[id]), others: others.map(([other, row]) => [other, figureOf(row)]).filter(([, figure]) => figure > 0) };
}

function round(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
