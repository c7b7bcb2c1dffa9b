/**
 * `npm run bench -- companion`: the server on one core, its load on the other.
 *
 * Batches of ten records a second, beside a route of axum that only reads the same bodies, in turns; p50 to
 * p99.9 in milliseconds at 70 % of that; memory after ten million records; the start; the program's size. Needs wrk and taskset.
 */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { ROOT } from '../../tests/browser/lib/paths.mjs';
import { code, keep, keepQuick, load, machine } from '../../tests/bench/machine.mjs';

const CONNECTIONS = 128;
const SERVER = `${ROOT}target/release/companion`;
const BARE = `${ROOT}target/release/examples/bare`;
const LOAD = `${ROOT}target/release/examples/load`;
const ROLLOUT = {
  version: 1,
  flag: 'hair-cutout',
  salt: 'bench',
  stage: 'FULL',
  variants: [
    { name: 'control', weight: 50, model: 'selfie', control: true },
    { name: 'multiclass', weight: 50, model: 'multiclass' },
  ],
};

/** @param {{ quick?: boolean, 'no-build'?: boolean }} options */
export async function benchCompanion({ quick = false, 'no-build': noBuild = false } = {}) {
  if (!noBuild) call('cargo', ['build', '--release', '--quiet', '-p', 'featheredge-companion', '--bins', '--examples']);
  const [turns, seconds, records] = quick ? [2, 2, 200_000] : [5, 5, 10_000_000];
  const folder = mkdtempSync(`${tmpdir()}/companion-bench-`);
  writeFileSync(`${folder}/rollout.json`, JSON.stringify(ROLLOUT));
  const before = load();
  const own = ['serve', '--rollout', `${folder}/rollout.json`, '--listen', '127.0.0.1:0', '--state', `${folder}/state`];
  const server = await start(SERVER, [...own, '--source-batches', '4000000000', '--total-batches', '4000000000']);
  const bare = await start(BARE, []);
  try {
    const rates = { bare: [], server: [] };
    for (let turn = 0; turn < turns; turn++) {
      rates.bare.push(wrk(bare.url, seconds));
      rates.server.push(wrk(server.url, seconds));
    }
    const [bareRate, rate] = [median(rates.bare), median(rates.server)];
    // Each beside the one that ran next to it: the machine's own speed changes from minute to minute.
    const ratio = round(median(rates.server.map((rate, turn) => rate / rates.bare[turn])));
    const steady = ['-c', '1', LOAD, server.url.slice(7, -1), String(Math.round(rate * 0.7)), String(seconds)];
    const at70 = rates.server.map(() => JSON.parse(call('taskset', steady)));
    const [p50, p99, p999] = ['p50', 'p99', 'p999'].map((share) => median(at70.map((turn) => turn[share])));
    const memory = [memoryMB(server)];
    const hostile = { before: await counted(server) };
    for (let sent = 0; sent < records; sent = ((await counted(server)) - hostile.before) * 10) wrk(server.url, seconds, ['hostile']);
    memory.push(memoryMB(server));
    const record = {
      date: new Date().toISOString().slice(0, 10),
      ...code(),
      machine: machine(),
      load: { before, after: load() },
      connections: CONNECTIONS,
      batchesPerSecond: { bare: Math.round(bareRate), server: Math.round(rate), ratio, turns: rates },
      at70Percent: { rate: Math.round(rate * 0.7), p50, p99, p999, turns: at70 },
      memoryMB: { before: memory[0], after: memory[1], records: ((await counted(server)) - hostile.before) * 10, variants: 1000 },
      startMs: median(await starts(folder, own)),
      binaryMB: round(statSync(SERVER).size / 1e6),
    };
    console.log(JSON.stringify(record, null, 2));
    console.log(`recorded in ${(quick ? keepQuick : keep)(record, 'companion')}`);
  } finally {
    for (const { child } of [server, bare]) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** Starts a program on the first core; it says where it is in its first line. */
async function start(program, words) {
  const began = performance.now();
  const child = spawn('taskset', ['-c', '0', program, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  const line = await new Promise((done, fail) => {
    child.stdout.once('data', (data) => done(String(data)));
    child.once('exit', (status) => fail(new Error(`${program} ended with ${status}`)));
  });
  return { child, url: line.match(/http:\/\/\S+\//)[0], ms: performance.now() - began };
}

async function starts(folder, words) {
  const times = [];
  for (let run = 0; run < 7; run++) {
    const { child, ms } = await start(SERVER, words.map((word) => (word === `${folder}/state` ? `${folder}/state-${run}` : word)));
    times.push(round(ms));
    child.kill('SIGKILL');
  }
  return times;
}

/** Batches a second that were answered with 204. */
function wrk(url, seconds, words = []) {
  const out = call('taskset', ['-c', '1', 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', `${ROOT}companion/bench/batches.lua`, url, '--', ...words]);
  const { requests, us, errors } = JSON.parse(out.trim().split('\n').at(-1));
  if (errors > 0) throw new Error(`${errors} of ${requests} batches were not taken`);
  return Math.round(requests / (us / 1e6));
}

async function counted(server) {
  const text = await (await fetch(`${server.url}metrics`)).text();
  return Number(text.match(/^featheredge_beacons_total\{result="accepted"\} (\d+)/m)[1]);
}

function memoryMB({ child }) {
  return round(Number(readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024);
}

function call(program, words) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { cwd: ROOT, encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  return stdout;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (value) => Math.round(value * 100) / 100;
