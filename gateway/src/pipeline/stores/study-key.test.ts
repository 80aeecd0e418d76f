import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createStudyKeys } from './study-key.ts';

const test = suite('study keys');
const WRAP_KEY = new Uint8Array(32).fill(5);

async function inFolder(run: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'relay-study-keys-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a key opens again after a restart, for its own study and its own gateway only', () =>
  inFolder(async (folder) => {
    const wrapped = await createStudyKeys(WRAP_KEY, folder).create('study-a');
    const key = createStudyKeys(WRAP_KEY, folder).unwrap('study-a', wrapped);
    assert.is(key?.length, 32);
    assert.equal(createStudyKeys(WRAP_KEY, folder).unwrap('study-a', wrapped), key);
    assert.is(createStudyKeys(WRAP_KEY, folder).unwrap('study-b', wrapped), null);
    assert.is(createStudyKeys(new Uint8Array(32), folder).unwrap('study-a', wrapped), null);
  }));

test('a destroyed key cannot be recovered from the database log and the wrap key', () =>
  inFolder(async (folder) => {
    const keys = createStudyKeys(WRAP_KEY, folder);
    const destroyed = await keys.create('study-a');
    const kept = await keys.create('study-b');
    await keys.destroy(destroyed);
    await keys.destroy(destroyed);
    assert.is(keys.unwrap('study-a', destroyed), null);
    assert.ok(keys.unwrap('study-b', kept));
    assert.is(readdirSync(folder).length, 1);
  }));

test('a key whose file was erased, or cut short, before a power cut could remove it opens nothing', () =>
  inFolder(async (folder) => {
    const keys = createStudyKeys(WRAP_KEY, folder);
    const wrapped = await keys.create('study-a');
    const [file] = readdirSync(folder);
    for (const left of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array()]) {
      writeFileSync(join(folder, file!), left);
      assert.is(keys.unwrap('study-a', wrapped), null, `${left.length} bytes`);
    }
  }));

test('a key that no study names is destroyed once it is an hour old, and no other', () =>
  inFolder(async (folder) => {
    const keys = createStudyKeys(WRAP_KEY, folder);
    const named = await keys.create('study-a');
    const unnamed = await keys.create('study-b');
    await keys.sweep([named]);
    assert.ok(keys.unwrap('study-b', unnamed), 'its transaction may still be open');
    for (const file of readdirSync(folder)) utimesSync(join(folder, file), new Date(0), new Date(0));
    await keys.sweep([named]);
    assert.is(keys.unwrap('study-b', unnamed), null);
    assert.ok(keys.unwrap('study-a', named));
  }));

test('keys that are made together open each its own study, and survive a restart', () =>
  inFolder(async (folder) => {
    const ids = ['study-a', 'study-b', 'study-c'];
    const made = await createStudyKeys(WRAP_KEY, folder).createAll(ids);
    const keys = createStudyKeys(WRAP_KEY, folder);
    const opened = made.map(({ wrapped }, at) => keys.unwrap(ids[at]!, wrapped));
    assert.equal(
      opened,
      made.map(({ key }) => key),
    );
    assert.is(new Set(opened.map((key) => Buffer.from(key!).toString('hex'))).size, 3);
    assert.is(keys.unwrap('study-b', made[0]!.wrapped), null);
  }));

test('others are served while a key is made, and while it is destroyed', () =>
  inFolder(async (folder) => {
    const keys = createStudyKeys(WRAP_KEY, folder);
    const order: string[] = [];
    const serveOthers = (): void => void setImmediate(() => order.push('others'));
    serveOthers();
    const wrapped = await keys.create('study-a');
    order.push('made');
    serveOthers();
    await keys.destroy(wrapped);
    order.push('destroyed');
    assert.equal(order, ['others', 'made', 'others', 'destroyed']);
  }));

test.run();
