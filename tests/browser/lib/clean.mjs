/** Temporary folders and child processes that end with the test, whatever becomes of it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GRACE_MS = 5_000;

/** What is still to be undone, by test. */
const undone = new WeakMap();

/** Runs `act` when `t` ends, the latest first: what was made last may need what was made before. */
export function later(t, act) {
  const acts = undone.get(t) ?? [];
  acts.unshift(act);
  if (undone.has(t)) return;
  undone.set(t, acts);
  t.after(async () => {
    const failed = [];
    for (const act of acts) {
      try {
        await act();
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw failed[0];
  });
}

/** A new empty folder, removed when `t` ends. */
export function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'featheredge-browser-'));
  // Of a browser that was ended, some part may still write for a moment.
  later(t, () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  return folder;
}

/**
 * Starts a program in a process group of its own; the whole group ends when `t` does.
 * Returns `said(pattern)`, which waits for a line of its output and gives the match.
 */
export function startFor(t, program, args, options = {}) {
  const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const listeners = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      for (const listen of listeners) listen();
    });
  }
  const ended = once(child, 'close').catch((error) => [error.message]);
  later(t, () => end(child, ended));
  const said = (pattern, timeoutMs = 30_000) =>
    new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${program} ${why} before it said ${pattern}:\n${output}`));
      const timer = setTimeout(() => fail(`took ${timeoutMs} ms`), timeoutMs);
      const listen = () => {
        const match = output.match(pattern);
        if (!match) return;
        clearTimeout(timer);
        listeners.delete(listen);
        resolve(match);
      };
      listeners.add(listen);
      listen();
      void ended.then(([code]) => fail(`ended (${code})`));
    });
  return { said };
}

async function end(child, ended) {
  if (child.pid === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      return;
    }
    const late = new Promise((resolve) => setTimeout(resolve, GRACE_MS, 'late').unref());
    if ((await Promise.race([ended, late])) !== 'late') return;
  }
}

/** A port that nothing listens on now, for programs that cannot choose one themselves. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
