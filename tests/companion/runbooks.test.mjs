/** The runbooks' commands and the alerts, against the real server and the real Prometheus. */

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPANION = process.env.COMPANION ?? join(ROOT, 'target/release/companion');
const PATH = `${join(ROOT, 'target/tools/bin')}:${process.env.PATH}`;
const TOKEN = 'a token for tests, and long enough';
const VARIANTS = [
  { name: 'control', weight: 50, model: 'selfie', control: true },
  { name: 'multiclass', weight: 50, model: 'multiclass' },
];
const ROLLOUT = { version: 1, flag: 'hair-cutout', salt: '2026-11', stage: 'TEN_PERCENT', variants: VARIANTS };

const docs = (name) => readFileSync(join(ROOT, 'docs', name), 'utf8');
const hasPrometheus = ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version'], { env: { PATH } }).status === 0);
const skip = !hasPrometheus && !process.env.CI && 'prometheus is missing';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function until(what, isSo, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `no ${what} within ${seconds} s`);
    await sleep(200);
  }
}

async function serve(context, ...words) {
  const folder = mkdtempSync(join(tmpdir(), 'runbooks-'));
  writeFileSync(join(folder, 'rollout.json'), JSON.stringify(ROLLOUT));
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const state = join(folder, 'state');
  const start = ['serve', '--rollout', join(folder, 'rollout.json'), '--listen', listen, '--admin', admin, '--state', state, ...words];
  const { ROLLOUT_STAGE, ...env } = process.env;
  const child = spawn(COMPANION, start, { env: { ...env, FEATHEREDGE_ADMIN_TOKEN: TOKEN }, stdio: 'ignore' });
  context.after(() => (child.kill('SIGKILL'), rmSync(folder, { recursive: true, force: true })));
  const url = `http://${listen}`;
  await until('server', () => fetch(`${url}/readyz`).then(({ ok }) => ok, () => false), 10);
  return { folder, state, child, listen, url, admin: `http://${admin}` };
}

let batches = 0;
async function send(url, variant, outcome, latency, count) {
  const record = { variant, model: 'multiclass', executor: 'cpu', outcome, latency, size: 'le_2mp', coverage: 'le_50', version: '0.1.0' };
  const batch = `A${String(++batches).padStart(20, '0')}A`;
  const body = JSON.stringify({ schema: 1, batch, flag: 'hair-cutout', rate: 10000, records: Array(count).fill(record) });
  const { status } = await fetch(`${url}/v1/beacons`, { method: 'POST', body, headers: { 'Content-Type': 'text/plain' } });
  assert.equal(status, 204);
}

test('the rollback procedure does what it says within five minutes', async (context) => {
  const server = await serve(context);
  const kept = join(server.folder, 'kept');
  mkdirSync(kept);
  const blocks = [...docs('ROLLBACK_PROCEDURE.md').matchAll(/\n```sh\n(.*?)\n```/gs)].map(([, commands]) => commands);
  const begin = Date.now();
  const said = execFileSync('bash', ['-euo', 'pipefail', '-c', blocks.join('\necho "-- next --"\n')], {
    encoding: 'utf8',
    env: { PATH: `${dirname(COMPANION)}:${PATH}`, FEATHEREDGE_ADMIN_TOKEN: TOKEN, PUBLIC: server.url, ADMIN: server.admin, STATE: server.state, TMPDIR: kept },
  });
  assert.ok(Date.now() - begin < 60_000);
  const want = [
    [],
    ['"stage":"TEN_PERCENT"', '"latch":null'],
    ['"stage":"DISABLED"', '"cause":"person"', 'errors reported by hand'],
    ['"stage":"DISABLED"'],
    ['featheredge_stage 0', 'featheredge_rollback_latched 1', 'featheredge_rollbacks_total{reason="person"} 1'],
    ['"change":"rollback"', 'it was rolled back', 'inconclusive: too few runs'],
    ['"stage":"DISABLED"', '"latch":null'],
    ['"stage":"TEN_PERCENT"'],
  ];
  const parts = said.split('-- next --');
  assert.equal(parts.length, want.length);
  want.forEach((texts, step) => texts.forEach((text) => assert.ok(parts[step].includes(text), `step ${step}: ${parts[step]}`)));
  assert.ok(existsSync(join(kept, 'state.audit.jsonl')));
});

test('every metric that is named exists', async (context) => {
  const server = await serve(context);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const samples = new Set(metrics.split('\n').map((line) => line.split(/[{ ]/)[0]));
  let count = 0;
  for (const page of ['monitoring/alerts.yml', 'monitoring/dashboard.json', 'MONITORING.md', 'INCIDENT_RESPONSE.md', 'ROLLOUT_PLAN.md', 'ROLLBACK_PROCEDURE.md']) {
    for (const [name] of docs(page).matchAll(/featheredge_[a-z0-9_]*[a-z0-9]/g)) {
      count += 1;
      assert.ok(samples.has(name) || samples.has(`${name}_bucket`), `${page} names ${name}`);
    }
  }
  assert.ok(count > 50, `${count} names`);
  assert.match(metrics, /le="1"/, 'p95 is told by the edge at 1 s');
});

test('each alert is tested and explained', { skip }, () => {
  const alerts = [...docs('monitoring/alerts.yml').matchAll(/- alert: (\w+)\n.*?severity: (P\d)/gs)];
  assert.equal(alerts.length, 12);
  for (const [, alert, level] of alerts) {
    assert.ok(docs('INCIDENT_RESPONSE.md').includes(`| \`${alert}\` | ${level} |`), alert);
    assert.match(docs('monitoring/alerts.test.yml'), new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n`), alert);
  }
  execFileSync('promtool', ['test', 'rules', join(ROOT, 'docs/monitoring/alerts.test.yml')], { env: { PATH } });
});

test('alerts fire while errors are injected', { skip, timeout: 180_000 }, async (context) => {
  const server = await serve(context, '--source-share', '100%');
  // The same rules on a clock that runs thirty times as fast.
  const rules = docs('monitoring/alerts.yml').replaceAll('[5m]', '[10s]').replaceAll('for: 1m', 'for: 2s').replaceAll('for: 30s', 'for: 1s');
  writeFileSync(join(server.folder, 'alerts.yml'), rules);
  const file = join(server.folder, 'prometheus.yml');
  writeFileSync(file, `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: featheredge
    static_configs: [{ targets: ['${server.listen}'] }]
`);
  const address = `127.0.0.1:${await freePort()}`;
  const data = join(server.folder, 'data');
  const prometheus = spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`, '--log.level=error'], { env: { PATH }, stdio: 'inherit' });
  context.after(() => prometheus.kill('SIGKILL'));
  const firing = async () => {
    const answer = await fetch(`http://${address}/api/v1/alerts`).then(
      (answer) => (answer.ok ? answer.json() : undefined),
      () => undefined,
    );
    return (answer?.data.alerts ?? []).filter(({ state }) => state === 'firing').map(({ labels }) => `${labels.alertname} ${labels.variant ?? ''}`.trim());
  };
  const traffic = async (outcome, latency) => {
    await send(server.url, 'control', 'ok', 'le_100', 40);
    await send(server.url, 'multiclass', 'ok', 'le_250', 30);
    await send(server.url, 'multiclass', outcome, latency, 10);
    await sleep(150);
  };
  const query = `http://${address}/api/v1/query?query=min_over_time(up[3s])`;
  const scraped = () => fetch(query).then((answer) => answer.json(), () => undefined).then((answer) => answer?.data.result[0]?.value[1] === '1', () => false);
  await until('scrape', async () => (await scraped()) && (await firing()).length === 0);
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    await traffic('ok', 'le_250');
    assert.deepEqual(await firing(), []);
  }
  for (const alert of ['FeatheredgeErrorRateHigh multiclass', 'FeatheredgeLatencyHigh multiclass', 'FeatheredgeRolledBack']) {
    await until(alert, async () => (await traffic('timeout', 'gt_5000'), (await firing()).includes(alert)));
  }
  assert.ok(!(await firing()).some((alert) => alert.endsWith('control')));
  server.child.kill('SIGKILL');
  await until('FeatheredgeDown', async () => (await firing()).includes('FeatheredgeDown'));
});
