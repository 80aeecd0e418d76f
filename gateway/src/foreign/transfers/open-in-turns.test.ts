/** Files of several accounts are opened in turns, which neither hold up another account nor change what is found. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { findFile } from '../../pipeline/stores/sent-file.store.ts';
import { insertAccountOf } from '../../testing/add-account.ts';
import { audited } from '../../testing/audited.ts';
import { receivedFile } from '../../testing/foreign-clients.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestPipeline } from '../../testing/open-pipeline.ts';
import { createEntriesRoom, createEntryRoom } from './entry-room.ts';
import { createOpenFiles } from './run-open-file.ts';

const test = suite('files that are opened in turns');

/** Tells when it is listened to: whoever runs with it has come to the line. */
function inLineBy(): { readonly signal: AbortSignal; readonly isInLine: Promise<void> } {
  const { signal } = new AbortController();
  const { promise: isInLine, resolve } = Promise.withResolvers<void>();
  const listen = signal.addEventListener.bind(signal);
  signal.addEventListener = (...more: Parameters<typeof listen>) => {
    listen(...more);
    resolve();
  };
  return { signal, isInLine };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Each turn is over by the time it is looked at. */
function hastyClock(): () => number {
  let now = 0;
  return () => {
    now += 1_000_000;
    return now;
  };
}

/** `onTurn`: before a turn of this file reads it. */
async function open(script?: URL, room = createEntriesRoom(), onTurn?: (id: string) => void) {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const { tools, siteId } = pipeline;
  const turns = new Map<string, number>();
  const { blobs } = tools;
  let gate = Promise.resolve();
  const counting = Object.assign(Object.create(blobs) as typeof blobs, {
    async open(id: string, ...more: [Uint8Array]) {
      turns.set(id, (turns.get(id) ?? 0) + 1);
      onTurn?.(id);
      await gate;
      return blobs.open(id, ...more);
    },
  });
  const parcels = { arrived: async () => undefined };
  const spool = { ...tools, blobs: counting };
  const opening = createOpenFiles({ pipeline: tools, spool, parcels }, script, room, hastyClock());
  return {
    tools,
    turns,
    run: (id: string, { signal }: { readonly signal: AbortSignal } = new AbortController()) =>
      opening.run(id, signal),
    /** No turn reads its file before this. */
    holdUntil(opened: Promise<unknown>) {
      gate = opened.then(() => undefined);
    },
    look: async (id: string) => (await findFile(tools.db, id, null))!,
    /** A file of an account of its own. */
    async receive(bytes: Uint8Array, more: Parameters<typeof receivedFile>[2]) {
      const account = await insertAccountOf(tools.db, siteId, `a-${turns.size}-${Math.random()}`, [
        'researcher',
      ]);
      return receivedFile(pipeline, once(bytes), {
        account_id: account,
        policy_name: 'deidentified',
        ...more,
      });
    },
    async close() {
      await opening.close();
      await pipeline.close();
    },
  };
}

const SLOW_ENTRIES = 200;

test('let a third account have its file while two have many slow entries left', async () => {
  const bothBegan = Promise.withResolvers<void>();
  let begun = 0;
  const room = {
    async enter() {
      begun += 1;
      if (begun === 2) bothBegan.resolve();
      await bothBegan.promise;
      // Each entry takes as long as a step of whoever comes.
      await tools.db.selectFrom('site').select('id').execute();
      return () => undefined;
    },
  };
  const script = new URL('../../testing/many-entries-open.worker.ts', import.meta.url);
  const begunAt = new Map<string, number>();
  const { tools, receive, run, look, close } = await open(script, room, (id) => void begunAt.set(id, begun));
  const slow = [
    await receive(new Uint8Array(10), { form: { kind: 'archive' } }),
    await receive(new Uint8Array(10), { form: { kind: 'archive' } }),
  ];
  const other = await receive(new Uint8Array(10), {});
  const slowEnds = slow.map((id) => run(id));
  await bothBegan.promise;
  await run(other);
  assert.ok(begunAt.get(other)! < SLOW_ENTRIES, `${begunAt.get(other)} entries came before`);
  await Promise.all(slowEnds);
  for (const id of slow) {
    const { state, runs, entries } = await look(id);
    assert.equal([state, runs], ['opened', 1]);
    assert.equal(
      entries.map(({ entry }) => entry),
      Array.from({ length: SLOW_ENTRIES }, (_, at) => at + 1),
    );
  }
  await close();
});

const PATIENT = [text(0x00100010, 'PN', 'Lindqvist^Jürgen'), text(0x00100020, 'LO', 'MRN445566')];
/** The first one has a text that holds a name, which only the last one tells. */
const INSTANCES = [
  text(0x00081090, 'LO', 'AX VOSSBERG'),
  text(0x00081090, 'LO', 'AX 9000'),
  text(0x00081070, 'PN', 'Vossberg^Ilse'),
].map((element, at) =>
  fileOf([
    text(0x00080005, 'CS', 'ISO_IR 192'),
    text(0x00080018, 'UI', `1.2.3.777.${at + 10}`),
    ...PATIENT,
    element,
  ]),
);

test('end as a file does that was alone, its names gathered and its patient counted once', async () => {
  const { tools, turns, receive, run, look, holdUntil, close } = await open();
  const parts = INSTANCES.map(({ length }, at): readonly [number, number, boolean] => [
    INSTANCES.slice(0, at).reduce((sum, before) => sum + before.length, 0),
    length,
    true,
  ]);
  const form = { kind: 'parts', parts, studyInstanceUID: null } as const;
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) ids.push(await receive(concatBytes(INSTANCES), { form }));
  const [alone, ...others] = ids as [string, ...string[]];
  await run(alone);
  const signals = others.map(inLineBy);
  holdUntil(Promise.all(signals.map(({ isInLine }) => isInLine)));
  await Promise.all(others.map((id, at) => run(id, signals[at])));
  const foundIn = async (id: string) => {
    const { entries, problem, patients } = await look(id);
    const found = entries.map(({ entry, state, sopInstanceUID, ...more }) => ({
      ...{ entry, state, sopInstanceUID },
      ...('digest' in more && { digest: more.digest }),
      ...('reason' in more && { reason: more.reason }),
    }));
    return { found, problem, patients };
  };
  const expected = await foundIn(alone);
  assert.equal(
    expected.found.map(({ reason = 'sent' }) => reason),
    ['named-by-companion', 'sent', 'sent'],
  );
  assert.is(turns.get(alone), 1);
  for (const id of others) {
    assert.equal(await foundIn(id), expected);
  }
  // There are two threads: one of the three waited while the first entry began.
  assert.ok(
    others.some((id) => turns.get(id)! > 1),
    'one was paused',
  );
  assert.is((await audited(tools.db, 'pseudonyms-made')).length, ids.length);
  await close();
});

test('have two entries of the most elements one after the other, and ordinary slices side by side', async () => {
  const room = createEntriesRoom();
  const over = AbortSignal.any([]);
  const first = createEntryRoom(room);
  const second = createEntryRoom(room);
  const most = 4.8 * 1024 ** 2;
  await first.enter(most, over);
  const inside: string[] = [];
  const entering = second.enter(most, over).then(() => void inside.push('the second'));
  await createEntryRoom(room).enter(600 * 1024, over);
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(inside, []);
  first.leave();
  await entering;
  second.leave();
  await first.enter(2 * 1024 ** 2, over);
  await second.enter(2 * 1024 ** 2, over);
});

test.run();
