/** Once anything was left behind, no disc is said to be free before its person says so, whatever the counts forget. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { filesOf, IDENTIFIED, openIngest } from '../testing/open-ingest.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { watchDoubt } from './disc-doubt.ts';
import { discWords } from './disc-words.ts';

const STUDY = syntheticStudy({ seed: 97, instancesPerSeries: 3 });
const OTHER = syntheticStudy({ seed: 98, instancesPerSeries: 2 });
const RUIN = new File([new Uint8Array(60)], 'ruin.dcm');
const OTHER_RUIN = new File([new Uint8Array(60)], 'other-ruin.dcm');
const HOURS_MS = 60 * 60 * 1000;

/** Pages of one device, of which each is opened with what the device keeps. */
function openDevice() {
  const doubtedAt = signal<number | null | undefined>(null);
  let now = 0;
  return {
    doubtedAt,
    wait: (ms: number) => (now += ms),
    async open(lostBefore = 0) {
      const { store, hooks } = await openIngest({ chosen: IDENTIFIED });
      const page = new EventTarget();
      const studies = signal<readonly QueuedStudy[]>([]);
      const isElsewhere = signal(false);
      const noteDoubt = (at: number | null): void => {
        doubtedAt.value = at;
      };
      const lost = { count: signal(lostBefore), stopped: signal(null), isElsewhere, doubtedAt, noteDoubt };
      const watched = { page: page as unknown as Window, ingest: store, queue: { studies }, lost };
      const { isDoubted, settle } = watchDoubt({ ...watched, now: () => now });
      const send = async (...files: readonly File[]) => {
        await store.addFiles(files);
        await store.send();
        studies.value = [...store.sentFromHere.value.sent.keys()].map((id) =>
          queuedStudy({ id, state: 'done', receiptId: 'receipt' }),
        );
      };
      const close = () => page.dispatchEvent(new Event('pagehide'));
      const leaveOut = (leftOut: number) => {
        studies.value = studies.value.map((study) => ({ ...study, track: { ...study.track, leftOut } }));
      };
      return { store, hooks, lost, isDoubted, settle, send, leaveOut, close };
    },
  };
}
type Page = Awaited<ReturnType<ReturnType<typeof openDevice>['open']>>;

test('a choice of which everything was sent leaves no doubt, also where the page is reloaded', async () => {
  const { open } = openDevice();
  const page = await open();
  await page.send(...filesOf(STUDY));
  page.close();
  assert.equal([page.isDoubted.value, (await open()).isDoubted.value], [false, false]);
});

test('a damaged file leaves a doubt over a reload, over other studies, in every tab, and for the next person', async () => {
  const { open, wait } = openDevice();
  const page = await open();
  await page.send(...filesOf(STUDY), RUIN);
  assert.ok(page.isDoubted.value);
  page.store.clear();
  await page.send(...filesOf(OTHER));
  assert.ok(page.isDoubted.value);
  const next = await open();
  await next.send(...filesOf(OTHER));
  assert.ok(next.isDoubted.value);
  const tab = await open();
  next.store.settleNotSent();
  assert.ok(next.isDoubted.value, 'others than those on the list may have been left behind');
  next.settle();
  assert.equal([next.isDoubted.value, tab.isDoubted.value], [false, false]);
  (await open(1)).close();
  wait(13 * HOURS_MS);
  assert.not((await open()).isDoubted.value, 'a long shift is over');
});

const IN_HOUR_ELEVEN: Record<string, (page: Page) => Promise<unknown>> = {
  'another damaged file': (page) => page.send(...filesOf(OTHER), OTHER_RUIN),
  'the same damaged file of another choice': (page) => page.send(...filesOf(OTHER), RUIN),
  'files that are cleared': (page) => page.store.addFiles(filesOf(OTHER)).then(() => page.store.clear()),
  'files that stay on a page that is closed': (page) => page.store.addFiles([RUIN]).then(page.close),
  'a choice that was lost': async ({ lost }) => (lost.count.value += 2),
  'an image that is left out': async (page) => page.leaveOut(1),
};

for (const [cause, happen] of Object.entries(IN_HOUR_ELEVEN))
  test(`the doubt lasts a long shift from its last cause: ${cause}`, async () => {
    const { open, wait } = openDevice();
    const page = await open();
    page.lost.count.value = 1;
    page.store.clear();
    await page.send(...filesOf(STUDY), RUIN);
    page.store.clear();
    wait(11 * HOURS_MS);
    await happen(page);
    wait(11 * HOURS_MS);
    assert.ok((await open()).isDoubted.value);
    wait(2 * HOURS_MS);
    assert.not((await open()).isDoubted.value);
  });

test('a doubt lasts no longer because something else was sent whole, or less is left behind than before', async () => {
  const { open, wait } = openDevice();
  const page = await open(2);
  await page.send(...filesOf(STUDY), RUIN);
  page.store.clear();
  wait(11 * HOURS_MS);
  await page.send(...filesOf(OTHER));
  page.lost.count.value = 1;
  wait(2 * HOURS_MS);
  assert.not((await open()).isDoubted.value);
});

test('files that were cleared, or left by a page that was closed or had lost them, leave a doubt', async () => {
  const browser = openDevice();
  const cleared = await browser.open();
  await cleared.store.addFiles(filesOf(STUDY));
  assert.not(cleared.isDoubted.value, 'they wait for Send');
  cleared.store.clear();
  assert.ok(cleared.isDoubted.value);
  cleared.store.settleNotSent();
  cleared.settle();
  await cleared.send(...filesOf(OTHER));
  assert.not(cleared.isDoubted.value);
  await cleared.store.addFiles([RUIN]);
  cleared.close();
  const next = await browser.open();
  assert.ok(next.isDoubted.value);
  next.settle();
  next.lost.count.value = 3;
  assert.ok(next.isDoubted.value);
});

test('reading that was stopped before a study was found leaves a doubt, and so does a choice on another page', async () => {
  const { open, doubtedAt } = openDevice();
  const page = await open();
  page.lost.isElsewhere.value = true;
  assert.ok(page.isDoubted.value);
  page.lost.isElsewhere.value = false;
  assert.not(page.isDoubted.value);
  page.hooks.beforeTask = async () => page.store.cancel();
  await page.store.addFiles(filesOf(STUDY));
  assert.ok(page.isDoubted.value);
  doubtedAt.value = undefined;
  assert.is(page.isDoubted.value, null, 'until the device was read nobody knows');
});

test('the sentence of a study in the PACS frees no disc in doubt', () => {
  const said = { studies: 1, except: 0, isAtLeast: false };
  assert.match(discWords.mayGo(said, false), /You can remove the disc/);
  assert.match(discWords.mayGo(said, true), /Keep the disc or the files\.$/);
});

test.run();
