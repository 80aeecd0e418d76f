/** The file of a backup: what it opens to, and what is refused. */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BackupRefused, openBackup, sealBackup, type Entry } from './backup-file.ts';

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const ENTRIES: readonly Entry[] = [
  { name: 'manifest.json', bytes: Buffer.from('{"version":"0.3.0"}') },
  { name: 'tables/study/000001', bytes: Buffer.alloc(1024 ** 2, 7) },
  { name: 'keys/studies/0011', bytes: new Uint8Array(0) },
];

async function* of(entries: readonly Entry[]): AsyncGenerator<Entry> {
  yield* entries;
}
const sealed = async (entries = ENTRIES): Promise<Uint8Array> =>
  new Uint8Array(await new Response(await sealBackup(of(entries), [recipient])).arrayBuffer());
const opened = (bytes: Uint8Array, by = identity): Promise<Entry[]> =>
  Array.fromAsync(openBackup(new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(), by));
const refusal = (bytes: Uint8Array, by?: string): Promise<string> =>
  opened(bytes, by).then(
    () => 'opened',
    (error: unknown) => (error instanceof BackupRefused ? error.because : String(error)),
  );

test('a backup opens to the entries that were written, in their order', async () => {
  const entries = await opened(await sealed());
  assert.equal(
    entries.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')]),
    ENTRIES.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')]),
  );
});

test('a changed byte, a cut, another key and another file are each refused by name', async () => {
  const whole = await sealed();
  const changed = whole.slice();
  changed[whole.length >> 1]! ^= 1;
  assert.is(await refusal(changed), 'damaged');
  for (const end of [whole.length - 1, whole.length >> 1, 300])
    assert.ok(
      ['damaged', 'truncated', 'wrong-key'].includes(await refusal(whole.subarray(0, end))),
      `${end}`,
    );
  assert.is(await refusal(whole, await generateX25519Identity()), 'wrong-key');
  assert.is(await refusal(Buffer.from('PK\x03\x04 another file')), 'foreign');
  assert.is(await refusal(new Uint8Array(0)), 'foreign');
  assert.is(await refusal(await sealed([{ name: '../keys', bytes: new Uint8Array(1) }])), 'foreign');
});

test.run();
