/** What a record says of the machine and the code, and where it is kept. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

import { ROOT } from '../browser/lib/paths.mjs';

const RECORDS = `${ROOT}tests/bench/record`;

export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() || arch(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${distribution() ?? type()}, ${type()} ${release().match(/^\d+\.\d+/)?.[0] ?? ''}, ${arch()}`,
  };
}

/** Processes that want a core, averaged over the last minute; above `cores` they wait. */
export function load() {
  return Math.round(loadavg()[0] * 100) / 100;
}

/** The commit, and whether what is measured was changed since. */
export function code() {
  const git = (...args) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() ?? '';
  return {
    commit: git('rev-parse', 'HEAD') || null,
    changedSince: git('status', '--porcelain', '--', 'src', 'models', 'scripts', 'Cargo.toml', 'Cargo.lock', 'package-lock.json') !== '',
  };
}

/** Writes a record under a name of its own, and as the latest of its `kind`; gives its path. */
export function keep(record, kind = '') {
  const prefix = kind && `${kind}-`;
  const slug = record.machine.cpu.toLowerCase().replace(/\(r\)|\(tm\)/g, '').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
  const path = (count) => `${RECORDS}/${prefix}${record.date}-${slug}${count > 1 ? `-${count}` : ''}.json`;
  let count = 1;
  while (existsSync(path(count))) count++;
  const text = `${JSON.stringify(record, null, 2)}\n`;
  mkdirSync(RECORDS, { recursive: true });
  // Never over an older one.
  writeFileSync(path(count), text, { flag: 'wx' });
  writeFileSync(`${RECORDS}/${prefix}latest.json`, text);
  return path(count).slice(ROOT.length);
}

/** Over the one before, and apart from the records: a few runs are no measurement. */
export function keepQuick(record, kind = '') {
  const path = `target/bench/quick${kind && `-${kind}`}.json`;
  mkdirSync(`${ROOT}target/bench`, { recursive: true });
  writeFileSync(`${ROOT}${path}`, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

function distribution() {
  try {
    return readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="?(.*?)"?$/m)?.[1];
  } catch {
    return undefined;
  }
}
