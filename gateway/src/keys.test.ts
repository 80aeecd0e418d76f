import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKeys } from './keys.ts';

const test = suite('the gateway’s keys');
const STARTS = 4;
const OPEN_IN_A_WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(({ openKeys }) => {
  parentPort.postMessage('ready');
  parentPort.once('message', () => {
    const { jwks, wrapKey, projectKey } = openKeys(workerData.folder);
    parentPort.postMessage(JSON.stringify([jwks, [...wrapKey], [...projectKey]]));
  });
});`;

async function inFolder(run: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'relay-keys-'));
  try {
    await run(join(folder, 'keys'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('gateways that start at once on an empty data directory end with the same keys, and leave nothing else there', () => inFolder(async (folder) => {
  const module = new URL('./keys.ts', import.meta.url).href;
  const workers = Array.from({ length: STARTS }, () => new Worker(OPEN_IN_A_WORKER, { eval: true, workerData: { module, folder } }));
  const next = (worker: Worker): Promise<unknown> => new Promise((resolve, reject) => void worker.once('message', resolve).once('error', reject));
  await Promise.all(workers.map(next));
  const opened = Promise.all(workers.map(next));
  for (const worker of workers) worker.postMessage('go');
  assert.is(new Set(await opened).size, 1);
  await Promise.all(workers.map((worker) => worker.terminate()));
  assert.equal(readdirSync(folder).filter((name) => name.endsWith('.new')), []);
  for (const name of readdirSync(folder)) assert.is(statSync(join(folder, name)).mode & 0o777, 0o600, name);
}));

test('a damaged key ends the start; no new one hides the loss', () => inFolder((folder) => {
  openKeys(folder);
  writeFileSync(join(folder, 'wrap.key'), 'short');
  assert.throws(() => openKeys(folder), /is damaged/);
}));

test.run();
