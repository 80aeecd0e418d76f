/** A person stops reading: nothing found until then looks whole, and the rest is read or left out by that person. */
import { effect } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { outcomesOf, pageOf } from '../../app/choice-outcomes.ts';
import { untilRead } from '../../testing/open-api.ts';
import { filesOf, openIngest } from '../../testing/open-ingest.ts';
import { storeOver } from '../../testing/open-queue.ts';
import type { Summarised } from './workers/device-tasks.ts';
import { countUnread } from './choose/disc-view.ts';
import { canSend, goingOfFound, sendableOf } from './found/sendable.ts';
import type { WorkerPool } from './workers/worker-pool.ts';

const ALL = 60;
const STUDY = syntheticStudy({ seed: 71, instancesPerSeries: ALL });

type Opened = Awaited<ReturnType<typeof openIngest>>;

/** Presses *Stop reading* once all are listed and some are read: the fifth message is the first that had to wait. */
async function readAndStop({ store, hooks }: Opened, files = filesOf(STUDY)): Promise<void> {
  let messages = 0;
  hooks.beforeTask = async ({ kind }) => {
    messages += kind === 'summarise' ? 1 : 0;
    if (messages < 5) return;
    await untilRead(() => store.progress.value.filesFound === files.length);
    store.cancel();
  };
  await store.addFiles(files);
  hooks.beforeTask = async () => undefined;
}

test('a study of which reading was stopped is not sent as if it were whole', async () => {
  const opened = await openIngest();
  const { store, queue } = opened;
  await readAndStop(opened);
  const { stopped } = store.disc.value;
  const [study] = store.studies.value;
  assert.ok(stopped?.isListed && stopped.canContinue);
  assert.equal([stopped.filesFound, stopped.filesRead], [ALL, study!.instances]);
  assert.ok(stopped.filesRead < ALL);
  assert.is(goingOfFound(study!, store).going, 'stopped');
  assert.is(canSend(store, sendableOf(store), null), false);
  await store.send();
  assert.equal([await queue.pending(), store.studies.value.length], [[], 1]);
});

test('reading goes on where it was stopped, however often, and reads each file once', async () => {
  const opened = await openIngest();
  const { store, hooks } = opened;
  await readAndStop(opened);
  let asked = 0;
  hooks.beforeTask = async (task) => {
    asked += task.kind === 'summarise' ? task.files.length : 0;
  };
  const before = store.disc.value.stopped!.filesRead;
  await store.continueReading();
  assert.is(asked, ALL - before);
  assert.equal([store.disc.value.stopped, store.studies.value[0]!.instances], [null, ALL]);
  assert.equal([store.progress.value.filesFound, store.progress.value.filesRead], [ALL, ALL]);
  const twice = await openIngest();
  await readAndStop(twice);
  twice.hooks.beforeTask = async () => twice.store.cancel();
  await twice.store.continueReading();
  twice.hooks.beforeTask = async () => undefined;
  await twice.store.continueReading();
  assert.equal([twice.store.disc.value.stopped, twice.store.studies.value[0]!.instances], [null, ALL]);
  assert.equal(twice.store.studies.value[0]!.warnings, store.studies.value[0]!.warnings);
});

test('a study whose unread rest a person left out is sent, counts none of it as missing, and says so', async () => {
  const opened = await openIngest();
  const { store } = opened;
  await readAndStop(opened);
  const { filesRead } = store.disc.value.stopped!;
  store.leaveOutRest();
  const page = pageOf(store);
  assert.equal([page.unread, countUnread(page.leftUnread)], [0, ALL - filesRead]);
  assert.is(goingOfFound(store.studies.value[0]!, store).going, 'sent');
  await store.send();
  using queue = storeOver(opened);
  assert.ok(await untilRead(() => queue.studies.value.length === 1));
  const [study] = queue.studies.value;
  assert.equal([study!.instances, study!.track.leftOut, study!.withheld], [filesRead, 0, {}]);
  const { from, ...unread } = study!.leftUnread!;
  assert.equal(unread, { files: ALL - filesRead, isAtLeast: false });
  assert.ok(from);
  assert.is((await opened.queue.manifestOf(study!.id)).withheld, undefined);
  store.clear();
  const left = [...store.sentFromHere.value.leftBehind.values()];
  assert.equal([left[0]?.why, countUnread(left)], ['left-unread', ALL - filesRead]);
});

test('files that were left out unread are left out no longer once all of them were chosen again and read', async () => {
  const opened = await openIngest();
  const { store } = opened;
  await readAndStop(opened);
  store.leaveOutRest();
  const left = () => countUnread(pageOf(store).leftUnread);
  const were = left();
  await store.addFiles(filesOf(STUDY).slice(0, -1));
  assert.is(left(), were, 'the last one was not chosen again');
  await store.addFiles(filesOf(syntheticStudy({ seed: 72, instancesPerSeries: ALL })));
  assert.is(left(), were, 'another study has files of the same names');
  await store.addFiles(filesOf(STUDY));
  assert.is(left(), 0);
});

/** `STUDY` in a folder, as `<input webkitdirectory>` gives it. */
const inFolder = (folder: string): File[] =>
  filesOf(STUDY).map((file) =>
    Object.defineProperty(new File([file], file.name), 'webkitRelativePath', {
      value: `${folder}/${file.name}`,
    }),
  );

test('a folder of which files were left out unread is named once it was sent, until all of it was chosen and sent', async () => {
  const opened = await openIngest();
  const { store } = opened;
  await readAndStop(opened, inFolder('ward'));
  const files = ALL - store.disc.value.stopped!.filesRead;
  store.leaveOutRest();
  await store.send();
  const left = (page = pageOf(store)) =>
    outcomesOf(store.sentFromHere.value, [], page).notSent.left.map(({ why, path, files: count }) => ({
      ...{ why, path, count },
    }));
  const wards = [{ why: 'left-unread', path: 'ward', count: files }];
  assert.equal(left(), wards);
  await store.addFiles(inFolder('other'));
  assert.ok(
    left().some(({ path }) => path === 'ward'),
    'another folder has files of other names',
  );
  store.clear();
  await store.addFiles(inFolder('ward'));
  assert.not.ok(left().some(({ why }) => why === 'left-unread'));
  store.clear();
  assert.equal(left(), wards, 'it was chosen, and not sent');
  await store.addFiles(inFolder('ward'));
  await store.send();
  assert.equal(left(), []);
  await store.addFiles(filesOf(syntheticStudy({ seed: 72, instancesPerSeries: 2 })));
  store.clear();
  assert.equal(left(), []);
});

test('the rest that is being read again is neither left out nor read twice', async () => {
  const opened = await openIngest();
  const { store, hooks } = opened;
  await readAndStop(opened);
  const rest = ALL - store.disc.value.stopped!.filesRead;
  let asked = 0;
  hooks.beforeTask = async (task) => {
    asked += task.kind === 'summarise' ? task.files.length : 0;
  };
  const continued = store.continueReading();
  const twice = store.continueReading();
  store.leaveOutRest();
  await Promise.all([continued, twice]);
  assert.equal([asked, store.studies.value[0]!.instances], [rest, ALL]);
  assert.equal([store.disc.value.stopped, store.disc.value.leftUnread], [null, []]);
});

test('a study of another choice is sent while reading of one is stopped, and that choice stays on the page', async () => {
  const opened = await openIngest();
  const { store, queue } = opened;
  await readAndStop(opened);
  await store.addFiles(filesOf(syntheticStudy({ seed: 72, instancesPerSeries: 2 })));
  assert.equal([sendableOf(store).studies.length, sendableOf(store).stopped.length], [1, 1]);
  await store.send();
  assert.equal([(await queue.pending()).length, store.studies.value.length], [1, 1]);
  assert.is(store.phase.value, 'found');
  await store.continueReading();
  assert.is(sendableOf(store).instances, ALL);
});

test('reading that was stopped before anything was found asks about the rest all the same', async () => {
  const { store, hooks } = await openIngest();
  hooks.beforeTask = async () => store.cancel();
  await store.addFiles(filesOf(STUDY));
  assert.equal([store.phase.value, store.studies.value], ['found', []]);
  assert.is(store.disc.value.stopped?.filesRead, 0);
  store.leaveOutRest();
  assert.is(store.phase.value, 'idle');
});

/** A worker pool whose answers are made of one summary, so that ten thousand files cost nothing to read. */
async function poolOfOne(): Promise<WorkerPool & { readonly messages: () => number }> {
  const { pool } = await openIngest();
  const [file] = filesOf(STUDY);
  const never = new AbortController().signal;
  const files = [{ ref: { kind: 'file', file: file! }, inFolder: true }] as const;
  const [one] = await pool.run({ kind: 'summarise', files, policy: 'deidentified' }, never);
  const { said } = one!;
  if (said.kind !== 'summary') throw new Error('it is an instance');
  let messages = 0;
  let instances = 0;
  const answer = (): Summarised => {
    instances += 1;
    const identifiers = { ...said.identifiers, sopInstanceUID: `2.25.${instances}` as never };
    return { bytes: 1, said: { ...said, identifiers } };
  };
  const run = async (task: { readonly kind: string; readonly files?: readonly unknown[] }) => {
    messages += 1;
    // The answer comes as a message from a worker does: not within the turn that asked.
    await new Promise((resolve) => setImmediate(resolve));
    return task.files?.map(answer) ?? null;
  };
  return { ...pool, run: run as WorkerPool['run'], messages: () => messages };
}

const MANY = 10_000;
const manyFiles = (): File[] => Array.from({ length: MANY }, (_, at) => new File(['x'], `${at}`));

test('the number of files is known before a sixteenth of them is read', async () => {
  const pool = await poolOfOne();
  const later = (work: () => void) => void setImmediate(work);
  const { store } = await openIngest({ tools: { pool, later } });
  let readThen = MANY;
  const stop = effect(() => {
    if (store.progress.value.filesFound === MANY && !store.progress.value.listing)
      readThen = Math.min(readThen, store.progress.value.filesRead);
  });
  await store.addFiles(manyFiles());
  stop();
  assert.ok(readThen < MANY / 16, `${readThen} were read`);
});

test('files are listed on after a person stopped reading, so that those left out are counted', async () => {
  const pool = await poolOfOne();
  let now = 0;
  const later = (work: () => void) => void setImmediate(work);
  const tools = { pool, later, now: () => (now += 1) };
  const { store } = await openIngest({ tools });
  const stop = effect(() => {
    if (store.progress.value.filesRead > 0) store.cancel();
  });
  await store.addFiles(manyFiles());
  stop();
  const { stopped } = store.disc.value;
  assert.ok(!stopped!.isListed && stopped!.filesFound < MANY);
  assert.is(pageOf(store).isAtLeast, true, 'until then there may be more');
  assert.ok(await untilRead(() => store.disc.value.stopped!.isListed));
  assert.equal([store.disc.value.stopped!.filesFound, pageOf(store).isAtLeast], [MANY, false]);
  await store.continueReading();
  assert.is(store.studies.value[0]!.instances, MANY);
});

test('ten thousand files take a message for every sixteen, yield the thread, and are drawn by the clock alone', async () => {
  const pool = await poolOfOne();
  let now = 0;
  let turns = 0;
  const drawings: (() => void)[] = [];
  const { store } = await openIngest({
    tools: {
      pool,
      now: () => (now += 1 / 16),
      later(work, ms) {
        if (ms > 0) return void drawings.push(work);
        turns += 1;
        setImmediate(work);
      },
    },
  });
  let updates = 0;
  const stop = effect(() => {
    updates += store.progress.value.filesRead >= 0 && store.studies.value.length >= 0 ? 1 : 0;
  });
  await store.addFiles(manyFiles());
  stop();
  assert.is(store.studies.value[0]!.instances, MANY);
  assert.ok(pool.messages() <= MANY / 8, `${pool.messages()} messages`);
  // The clock moves by a sixteenth with each file.
  assert.ok(turns >= MANY / 200, `${turns} turns`);
  assert.ok(updates <= 3, `${updates} updates of the page`);
  assert.ok(drawings.length <= 2, `${drawings.length} drawings are due`);
});

test('the bytes of a file are read by workers alone, and of few files at a time', async () => {
  const files = filesOf(syntheticStudy({ seed: 73, instancesPerSeries: 200 }));
  const { store, hooks } = await openIngest();
  let open = 0;
  let most = 0;
  hooks.beforeTask = async (task) => {
    open += task.kind === 'summarise' ? task.files.length : 0;
    most = Math.max(most, open);
    // Until all are listed no answer comes: everything that reading may ask for at once was asked for by then.
    await untilRead(() => store.progress.value.filesFound === files.length);
  };
  hooks.afterTask = async (task) => {
    open -= task.kind === 'summarise' ? task.files.length : 0;
  };
  await store.addFiles(files);
  assert.is(store.studies.value[0]!.instances, files.length);
  assert.ok(most <= 2 * 2 * 16, `${most} files at once`);
});

test.run();
