/** Instances are judged in a thread that no instance can take the gateway down with. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import { concatBytes, encodeElements, encodeFileMeta, textValue } from '#shared/dicom/encode.ts';
import type { NewElement } from '#shared/dicom/encode.ts';
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import type { SOPClassUID, SOPInstanceUID } from '#shared/dicom/uid.ts';
import { ThreadEnded } from '../../threads/thread.ts';
import type { PolicyRules, PromisedIdentity } from '../plan/pipeline-tools.ts';
import { createCheckThread } from './check-thread.ts';

const turn = { account: 'one', isSuspect: false, signal: new AbortController().signal };
const plain: PolicyRules = { kind: 'deidentified', options: [], settings: {}, tagKey: 'A'.repeat(43) };
const promised: PromisedIdentity = {
  study_instance_uid: '1.2.3.1',
  series_instance_uid: '1.2.3.2',
  sop_instance_uid: '1.2.3.3',
  sop_class_uid: '1.2.840.10008.5.1.4.1.1.66',
  transfer_syntax_uid: EXPLICIT_VR_LITTLE_ENDIAN,
};

const text = (tag: number, vr: string, ...values: string[]): NewElement => ({
  tag,
  vr,
  value: textValue(vr, ...values),
});

/** The promised instance, with these elements in its header. */
function fileOf(...elements: readonly NewElement[]): Uint8Array {
  const all = [
    text(0x00080016, 'UI', promised.sop_class_uid),
    text(0x00080018, 'UI', promised.sop_instance_uid),
    text(0x00080060, 'CS', 'OT'),
    text(0x0020000d, 'UI', promised.study_instance_uid),
    text(0x0020000e, 'UI', promised.series_instance_uid),
    ...elements,
  ].sort((a, b) => a.tag - b.tag);
  const identifiers = {
    sopClassUID: promised.sop_class_uid as SOPClassUID,
    sopInstanceUID: promised.sop_instance_uid as SOPInstanceUID,
  };
  return concatBytes([
    encodeFileMeta(identifiers, EXPLICIT_VR_LITTLE_ENDIAN),
    encodeElements(all, encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!),
  ]);
}

/** Referenced SOP Instance UID, as many as two bytes of a length can hold, in each of the items. */
function referring(items: number, each: number): NewElement {
  let next = 0;
  const uids = () =>
    Array.from({ length: each }, () => {
      next += 1;
      return `1.2.${next}`;
    });
  const value = Array.from({ length: items }, () => [text(0x00081155, 'UI', ...uids())]);
  return { tag: 0x00081140, vr: 'SQ', value };
}

const test = suite('the thread that judges instances');

test('two megabytes of distinct UIDs are held by name, and fewer are looked at', async () => {
  const check = createCheckThread();
  const many = fileOf(referring(60, 4_000));
  assert.ok(many.length > 2e6, 'as large as the one that stopped a gateway');
  assert.equal(await check(bytesSource(many), promised, plain, turn), {
    kind: 'quarantined',
    because: 'too-much-to-deidentify',
  });
  assert.equal(await check(bytesSource(fileOf(referring(2, 10))), promised, plain, turn), {
    kind: 'quarantined',
    because: 'identity-remains',
  });
});

test('one that takes more memory than it may ends the thread alone, and the next one is judged', async () => {
  const check = createCheckThread({ heapMb: 24 });
  const items = Array.from({ length: 200_000 }, () => [text(0x00080060, 'CS', 'OT')]);
  const large = fileOf({ tag: 0x00081140, vr: 'SQ', value: items });
  const small = fileOf();
  const identified: PolicyRules = { kind: 'identified' };
  const [first, second] = await Promise.allSettled([
    check(bytesSource(large), promised, identified, turn),
    check(bytesSource(small), promised, identified, turn),
  ]);
  assert.ok(first!.status === 'rejected' && first!.reason instanceof ThreadEnded);
  assert.equal(second, { status: 'fulfilled', value: { kind: 'verified' } });
});

test('an account whose instance takes its time holds up nobody else’s', async () => {
  const check = createCheckThread();
  const bytes = new Uint8Array(fileOf());
  const gate = Promise.withResolvers<void>();
  const fast = bytesSource(bytes);
  const slow = {
    size: fast.size,
    read: (at: number, n: number) => gate.promise.then(() => fast.read(at, n)),
  };
  const identified: PolicyRules = { kind: 'identified' };
  const held = [1, 2].map(() => check(slow, promised, identified, { ...turn, account: 'slow' }));
  assert.equal(await check(fast, promised, identified, turn), { kind: 'verified' });
  gate.resolve();
  assert.equal(await Promise.all(held), [{ kind: 'verified' }, { kind: 'verified' }]);
});

test('of two large headers one is judged after the other, whosever they are', async () => {
  const check = createCheckThread();
  const items = Array.from({ length: 240_000 }, () => [text(0x00080060, 'CS', 'OT')]);
  const large = bytesSource(fileOf({ tag: 0x00081140, vr: 'SQ', value: items }));
  assert.ok(large.size > 3 * 1024 ** 2);
  const happened: string[] = [];
  const secondWaits = Promise.withResolvers<void>();
  const judge = async (name: string, upTo: number, then: () => Promise<void>) => {
    let read = 0;
    const source = {
      size: large.size,
      async read(at: number, length: number) {
        if (read > upTo) happened.push(`${name} reads on`);
        const bytes = await large.read(at, length);
        read += bytes.length;
        if (read > upTo) await then();
        return bytes;
      },
    };
    const verdict = await check(source, promised, { kind: 'identified' }, { ...turn, account: name });
    happened.push(`${name} ends`);
    return verdict;
  };
  const firstIsIn = Promise.withResolvers<void>();
  const first = judge('first', 2 * 1024 ** 2, async () => {
    firstIsIn.resolve();
    await secondWaits.promise;
  });
  await firstIsIn.promise;
  const second = judge('second', 1024 ** 2, async () => secondWaits.resolve());
  assert.equal(await Promise.all([first, second]), [{ kind: 'verified' }, { kind: 'verified' }]);
  assert.ok(happened.indexOf('first ends') < happened.indexOf('second reads on'), happened.join(', '));
  assert.ok(happened.includes('second reads on'));
});

test('accounts whose large headers wait for each other hold up nobody else', async () => {
  const check = createCheckThread();
  const items = Array.from({ length: 240_000 }, () => [text(0x00080060, 'CS', 'OT')]);
  const large = bytesSource(fileOf({ tag: 0x00081140, vr: 'SQ', value: items }));
  const identified: PolicyRules = { kind: 'identified' };
  const gate = Promise.withResolvers<void>();
  const begun: Promise<void>[] = [];
  const judged = ['first', 'second', 'third'].map((account) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    begun.push(promise);
    let read = 0;
    const source = {
      size: large.size,
      async read(at: number, length: number) {
        if (read > 2 * 1024 ** 2) await gate.promise;
        const bytes = await large.read(at, length);
        read += bytes.length;
        if (read > 1024 ** 2) resolve();
        return bytes;
      },
    };
    return check(source, promised, identified, { ...turn, account });
  });
  await Promise.all(begun);
  assert.equal(await check(bytesSource(fileOf()), promised, identified, turn), { kind: 'verified' });
  gate.resolve();
  assert.equal(
    await Promise.all(judged),
    judged.map(() => ({ kind: 'verified' })),
  );
});

test('the instance is still there afterwards, to be written where it stays', async () => {
  const check = createCheckThread();
  const bytes = new Uint8Array(fileOf());
  const before = bytes.slice();
  await check(bytesSource(bytes), promised, { kind: 'identified' }, turn);
  assert.equal(bytes, before);
});

test('a source gets each piece back once it has gone to the thread', async () => {
  const check = createCheckThread();
  const bytes = bytesSource(fileOf());
  const out = new Set<Uint8Array>();
  let most = 0;
  const source: ByteSource = {
    size: bytes.size,
    async read(offset, length) {
      const piece = await bytes.read(offset, length);
      out.add(piece);
      most = Math.max(most, out.size);
      return piece;
    },
    giveBack: (piece) => void out.delete(piece),
  };
  assert.equal(await check(source, promised, { kind: 'identified' }, turn), { kind: 'verified' });
  assert.equal([most, out.size], [1, 0]);
});

test.run();
