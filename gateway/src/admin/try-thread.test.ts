/** A sample of a policy cannot take the gateway down. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { createTryThread } from './try-thread.ts';

const signal = new AbortController().signal;
const policy = { deidentify: true, options: [] };

const test = suite('the thread that tries policies');

test('a sample that takes more memory than it may is held by name, and the next one is tried', async () => {
  const tryPolicy = createTryThread({ heapMb: 24 });
  const value = Array.from({ length: 200_000 }, (_, at) => [text(0x00200013, 'IS', String(at))]);
  const large = bytesSource(fileOf([{ tag: 0x00081140, vr: 'SQ', value }]));
  const small = bytesSource(fileOf([]));
  const trials = await Promise.all([tryPolicy(large, policy, signal), tryPolicy(small, policy, signal)]);
  assert.equal(trials[0], { outcome: 'quarantined', reason: 'cannot-be-verified' });
  assert.is(trials[1]?.outcome, 'ready');
});

test('a policy that leaves instances as they are does nothing to a sample', async () => {
  const trial = await createTryThread()(bytesSource(fileOf([])), { deidentify: false, options: [] }, signal);
  assert.equal(trial, { outcome: 'ready', counts: [], actions: [], more: 0 });
});

test.run();
