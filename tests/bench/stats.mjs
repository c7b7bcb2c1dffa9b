/** What many runs come to. */

/** Median, least and 95th percentile (the nearest rank), to a hundredth. */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  const round = (value) => Math.round(value * 100) / 100;
  return { median: round(middle), min: round(sorted[0]), p95: round(rank(0.95)) };
}

/** The summary of each of `names` over objects that have them all. */
export function summaries(objects, names) {
  return Object.fromEntries(names.map((name) => [name, summary(objects.map((object) => object[name]))]));
}
