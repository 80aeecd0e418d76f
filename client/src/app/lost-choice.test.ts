/** The browser asks before a choice is lost, and its person is told that it was, however the page ended. */
import { computed, signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { giveTurns, untilRead } from '../testing/open-api.ts';
import { filesOf, openIngest } from '../testing/open-ingest.ts';
import type { IngestPhase } from '../pipeline/ingest/found/found-study.ts';
import { NOTHING_SENT } from '../pipeline/ingest/found/sent-from-here.ts';
import { betweenAccounts } from './current-account.ts';
import { unsentStudies } from './choice-outcomes.ts';
import { leaveChoice } from './leave-choice.ts';
import { watchChoice } from './lost-choice.ts';
import { openOwnDevice } from '../testing/open-queue.ts';

const studyOf = (seed: number, instancesPerSeries: number): SyntheticStudy =>
  syntheticStudy({ seed, instancesPerSeries });
const FIRST = studyOf(91, 3);
const OTHER = studyOf(92, 2);
const NOW = 1_000_000;
const ALL = FIRST.instances.length;
const OTHERS = OTHER.instances.length;

/** Pages of one device. `end`: as the browser leaves it when it is killed. */
async function openPages() {
  const device = await openOwnDevice();
  const { database } = device;
  const held = new Map<string, Promise<unknown>>();
  let ids = 0;
  async function open(who: string | null = 'a') {
    const events = new EventTarget();
    const ended = Promise.withResolvers<void>();
    const request = async (name: string, work: () => unknown): Promise<void> => {
      await held.get(name);
      held.set(name, Promise.race([work(), ended.promise]));
    };
    const account = signal(who);
    const unsafe = signal(0);
    const chosen = signal(0);
    const phase = signal<IngestPhase | null>(null);
    const { store, hooks } = await openIngest({ device, tools: { account: () => account.peek() } });
    betweenAccounts(account, () => store.clear('held-back'));
    const lost = watchChoice({
      page: events as unknown as Window,
      database,
      locks: { request } as unknown as LockManager,
      createId() {
        ids += 1;
        return `choice-${ids}`;
      },
      account,
      unsafe,
      chosen,
      stopped: computed(() => store.disc.value.stopped),
      phase: computed(() => phase.value ?? store.phase.value),
      now: () => NOW,
      unsent: computed(() => (store.sentFromHere.value === NOTHING_SENT ? null : unsentStudies(store))),
    });
    const leaves = () => events.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    const isLost = (instances: number) => untilRead(() => lost.count.value === instances);
    const choose = async (...studies: readonly SyntheticStudy[]) => {
      await store.addFiles(studies.flatMap((study) => filesOf(study)));
      await giveTurns();
    };
    const end = () => ended.resolve();
    const at = { account, unsafe, chosen, phase, ...lost };
    return { ...at, store, hooks, choose, isLost, leaves, end };
  }
  const kept = () => database.device.where('name').startsWith('choice/').toArray();
  const isKept = async (rows: number): Promise<boolean> => {
    for (let tries = 0; tries < 50 && (await kept()).length !== rows; tries += 1) await giveTurns();
    return (await kept()).length === rows;
  };
  return { open, kept, isKept, database };
}

test('a page that ends while it looks for files leaves a doubt behind, and meanwhile every tab keeps the disc', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  const other = await open();
  first.phase.value = 'reading';
  assert.ok(await isKept(1));
  assert.ok(await untilRead(() => other.isElsewhere.value));
  assert.is(first.isElsewhere.value, false);
  assert.is(other.doubtedAt.value, null);
  first.end();
  assert.ok(await untilRead(() => other.doubtedAt.value === NOW), 'its page is gone');
  assert.ok(await untilRead(() => other.isCutOff.value), 'every tab says so');
  const next = await open();
  assert.ok(await untilRead(() => next.isCutOff.value), 'and so does the next page');
  next.dismiss();
  assert.ok(await untilRead(() => !other.isCutOff.value));
  assert.ok(await isKept(0));
});

test('a page that ended before it found a study is told of until a person dismisses it, and doubted once', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  first.phase.value = 'reading';
  assert.ok(await isKept(1));
  first.end();
  const next = await open();
  assert.ok(await untilRead(() => next.isCutOff.value && next.doubtedAt.value === NOW));
  next.noteDoubt(null);
  const third = await open();
  assert.ok(await untilRead(() => third.isCutOff.value && third.doubtedAt.value === null));
  await third.choose(OTHER);
  await third.store.send();
  await giveTurns();
  assert.ok(third.isCutOff.value, 'whether these were its files is not known');
  third.dismiss();
  assert.ok(await untilRead(() => !third.isCutOff.value && !next.isCutOff.value));
  assert.ok(await isKept(0));
});

test('a page that has read all files without finding a study leaves no doubt', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  first.phase.value = 'reading';
  assert.ok(await isKept(1));
  first.phase.value = 'found';
  assert.ok(await isKept(0));
  first.end();
  const next = await open();
  assert.ok(await untilRead(() => next.doubtedAt.value === null));
});

test('the next person is told of a page that ended while it looked for files', async () => {
  const { open, isKept } = await openPages();
  const first = await open('a');
  first.phase.value = 'reading';
  assert.ok(await isKept(1));
  first.end();
  const next = await open('b');
  assert.ok(await untilRead(() => next.doubtedAt.value === NOW));
  assert.ok(await isKept(1));
  assert.is(next.isCutOff.value, false, 'the reminder is for the person who chose');
});

test('a choice that is cleared while files are being looked for leaves a doubt', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  first.phase.value = 'reading';
  assert.ok(await isKept(1));
  first.phase.value = 'idle';
  assert.ok(await untilRead(() => first.doubtedAt.value === NOW));
  assert.ok(await isKept(0));
});

test('the browser asks while studies are chosen or being made safe, and not otherwise', async () => {
  const { unsafe, chosen, leaves } = await (await openPages()).open();
  assert.ok(leaves());
  chosen.value = 6;
  assert.not(leaves());
  chosen.value = 0;
  unsafe.value = 2;
  assert.not(leaves());
});

test('the next page says what was not sent, until its studies are', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  await first.choose(FIRST, OTHER);
  first.end();
  const second = await open();
  assert.ok(await second.isLost(ALL + OTHERS));
  await second.choose(FIRST);
  await second.store.send();
  assert.ok(await second.isLost(OTHERS));
  await second.choose(OTHER);
  await second.store.send();
  assert.ok(await second.isLost(0));
  assert.ok(await isKept(0), 'nothing of it comes back');
});

test('a study that was lost twice counts once, and is dismissed in every tab', async () => {
  const { open, isKept } = await openPages();
  for (const page of [await open(), await open()]) {
    await page.choose(FIRST);
    page.end();
  }
  const one = await open();
  const other = await open();
  assert.ok((await one.isLost(ALL)) && (await other.isLost(ALL)));
  one.dismiss();
  assert.ok((await one.isLost(0)) && (await other.isLost(0)));
  assert.ok(await isKept(0));
});

test('a later page says how far reading had come where a person stopped it', async () => {
  const { open, isKept } = await openPages();
  const page = await open();
  let messages = 0;
  page.hooks.beforeTask = async () => {
    messages += 1;
    if (messages === 5) page.store.cancel();
  };
  await page.choose(studyOf(93, 60));
  const { filesRead, filesFound } = page.store.disc.value.stopped!;
  assert.ok(await isKept(1));
  const later = await open();
  assert.is(later.stopped.value, null, 'the choice is still on its page');
  page.end();
  assert.ok(await later.isLost(filesRead));
  assert.equal(later.stopped.value, { filesRead, filesFound });
});

test('a choice of another open page is not lost until that page ends; one that was cleared never is', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  await first.choose(FIRST);
  const second = await open();
  await giveTurns();
  assert.is(second.count.value, 0);
  first.end();
  assert.ok(await second.isLost(ALL));
  const third = await open();
  await third.choose(OTHER);
  third.store.clear();
  second.dismiss();
  assert.ok(await isKept(0));
});

test('a person who signs out is not told afterwards of a study that was cleared beside a sent one', async () => {
  const { open, isKept } = await openPages();
  const { store, choose, end } = await open();
  await choose(FIRST, OTHER);
  store.toggle(String(OTHER.studyInstanceUID));
  await store.send();
  assert.ok(await isKept(1));
  leaveChoice(store);
  end();
  assert.ok(await isKept(0));
});

test('a person who signs out while a reminder stands is reminded of what is on the page too, and otherwise of nothing', async () => {
  const { open, isKept } = await openPages();
  const before = await open();
  await before.choose(FIRST);
  before.end();
  const page = await open();
  assert.ok(await page.isLost(ALL));
  await page.choose(OTHER);
  assert.ok(await isKept(2));
  page.beforeSignOut();
  leaveChoice(page.store);
  assert.ok(await page.isLost(ALL + OTHERS));
  page.dismiss();
  assert.ok(await page.isLost(0));
  await page.choose(OTHER);
  assert.ok(await isKept(1));
  page.beforeSignOut();
  leaveChoice(page.store);
  assert.ok(await isKept(0));
});

test('a lost study that is chosen again is counted by its page alone, and not forgotten when its person signs out', async () => {
  const { open } = await openPages();
  const before = await open();
  await before.choose(FIRST);
  before.end();
  const page = await open();
  assert.ok(await page.isLost(ALL));
  await page.choose(FIRST, OTHER);
  assert.ok(await page.isLost(0));
  page.beforeSignOut();
  leaveChoice(page.store);
  assert.ok(await page.isLost(ALL + OTHERS));
});

test('a study that was sent before is not lost when it is chosen again, on this page or a later one', async () => {
  const { open } = await openPages();
  const first = await open();
  await first.choose(FIRST);
  await first.store.send();
  first.store.clear();
  await first.choose(FIRST, OTHER);
  first.end();
  const second = await open();
  assert.ok(await second.isLost(OTHERS));
  await second.choose(FIRST);
  second.end();
  assert.ok(await (await open()).isLost(OTHERS));
});

test('a part of a study is lost although another part was sent', async () => {
  const { open } = await openPages();
  const [file, ...others] = filesOf(FIRST);
  const first = await open();
  await first.store.addFiles([file!]);
  await first.store.send();
  await first.store.addFiles(others);
  await giveTurns();
  first.end();
  assert.ok(await (await open()).isLost(ALL - 1));
});

test('a new image is lost although the others of its study were sent twice', async () => {
  const { open } = await openPages();
  const [added, ...others] = filesOf(FIRST);
  for (const _ of [1, 2]) {
    const page = await open();
    await page.store.addFiles(others);
    await page.store.send();
  }
  const page = await open();
  await page.choose(FIRST);
  page.end();
  const last = await open();
  assert.ok(await last.isLost(1));
  await last.store.addFiles([added!]);
  await last.store.send();
  assert.ok(await last.isLost(0), 'what was sent in parts counts once');
});

test('only the person who chose is told, also after the next person has used the page', async () => {
  const { open } = await openPages();
  const page = await open('a');
  await page.choose(FIRST);
  page.account.value = null;
  page.account.value = 'b';
  await giveTurns();
  assert.is(page.count.value, 0);
  await page.choose(OTHER);
  page.end();
  const next = await open('b');
  assert.ok(await next.isLost(OTHERS));
  next.account.value = 'a';
  assert.ok(await next.isLost(ALL));
  next.account.value = null;
  assert.is(next.count.value, 0);
});

test('a choice of nobody who had signed in belongs to the first person who does', async () => {
  const { open } = await openPages();
  const page = await open(null);
  await page.choose(FIRST);
  page.end();
  const next = await open(null);
  assert.ok(await next.isLost(ALL));
  next.account.value = 'a';
  await giveTurns();
  assert.is(next.count.value, ALL);
  next.account.value = 'b';
  assert.is(next.count.value, 0);
});

test('a damaged file of which nobody can tell the study is not forgotten when its page goes', async () => {
  const { open, isKept } = await openPages();
  const page = await open();
  await page.store.addFiles([...filesOf(FIRST), new File([new Uint8Array(60)], 'ruin.dcm')]);
  await page.store.send();
  page.store.clear();
  assert.ok(await isKept(1));
  page.end();
  const next = await open();
  assert.ok(await next.isLost(1));
  next.dismiss();
  assert.ok(await isKept(0));
});

test('pages of a device share a doubt, and know of each other that one has studies to send', async () => {
  const { open, isKept } = await openPages();
  const first = await open();
  const second = await open();
  assert.ok(await untilRead(() => second.doubtedAt.value === null));
  first.noteDoubt(5);
  assert.ok(await untilRead(() => second.doubtedAt.value === 5));
  second.noteDoubt(null);
  assert.ok(await untilRead(() => first.doubtedAt.value === null));
  await first.choose(FIRST);
  assert.ok(await isKept(1));
  assert.ok(await untilRead(() => second.isElsewhere.value));
  assert.not(first.isElsewhere.value);
});

test('nothing of a study is kept by which it could be told', async () => {
  const { open, kept } = await openPages();
  await (await open()).choose(FIRST);
  await giveTurns();
  const [row] = await kept();
  assert.match(
    JSON.stringify(row),
    new RegExp(
      `^{"name":"choice/choice-1","value":{"account":"a","studies":\\[{"mark":\\d+,"instances":${ALL},"sent":0}\\]}}$`,
    ),
  );
});

test.run();
