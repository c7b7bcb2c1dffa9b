/** The figures that mattes are scored by, how they compare with the baseline, and the table of them. */

/** In the table's order; `key` is the scorer's name. */
export const METRICS = [
  { key: 'iou', title: 'IoU', higher: true },
  { key: 'bf', title: 'bf', higher: true },
  { key: 'bft', title: 'bft', higher: true },
  { key: 'mae', title: 'MAE', higher: false },
  { key: 'sad', title: 'SAD (k)', higher: false },
  { key: 'band_mae', title: 'band MAE', higher: false },
  { key: 'iou_p10', title: 'IoU p10', higher: true },
];

/** What the titles mean, one sentence per line. */
export const LEGEND = [
  'IoU is intersection over union at 0.5, p10 its tenth percentile over the pictures.',
  '`bf` and `bft` are boundary F-scores at a tolerance of 0.75 % and 0.25 % of the diagonal.',
  'MAE and SAD are the mean and the summed difference from the true alpha, band MAE the mean within a band around the true edge.',
  'For MAE, SAD and band MAE lower is better.',
];

const MARKS = { better: '▲', equal: '=', worse: '▼' };

/**
 * How `value` compares with `bar`, a figure as text: at as many decimal places as `bar` has.
 *
 * @returns {'better' | 'equal' | 'worse'}
 */
export function compare(metric, value, bar) {
  const ours = Number(digitsLike(value, bar));
  if (ours === Number(bar)) return 'equal';
  return ours > Number(bar) === metric.higher ? 'better' : 'worse';
}

/** `value` as text with as many decimal places as `bar` has. */
export function digitsLike(value, bar) {
  return value.toFixed(bar.split('.')[1]?.length ?? 0);
}

/**
 * The Markdown table: each figure, a mark, and the baseline's figure.
 *
 * @param {{ set: string, of: string, model: string, pictures: number, figures: object, baseline: object }[]} rows
 */
export function table(rows) {
  const short = (text) => text.replace(/^0\./, '.');
  const cell = (metric, { figures, baseline }) => {
    const bar = baseline[metric.key];
    const value = figures[metric.key];
    return `${short(digitsLike(value, bar))} ${MARKS[compare(metric, value, bar)]} ${short(bar)}`;
  };
  return [
    `| set | model | quality | pictures | ${METRICS.map(({ title }) => title).join(' | ')} |`,
    `|---|---|---|---|${METRICS.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.set} (${row.of}) | ${row.model} | ${row.quality} | ${row.pictures} | ${METRICS.map((metric) => cell(metric, row)).join(' | ')} |`),
  ].join('\n');
}
