/** The local label: what remains of a patient on the screen for a shift, and when it goes. */
import { effect, signal } from '@preact/signals';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { User } from '#shared/protocol/api.ts';
import {
  onDisk,
  openDevice,
  queueOver,
  queueStudy,
  receiptOf,
  sendAll,
  storeOver,
  TITLE,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import type { QueuedStudy } from '../queued-study.ts';
import { nameOf } from '../study-title.ts';
import { rememberUser } from './device-notes.ts';
import { forgetEndedLabels } from './local-label.ts';
import { labelOf, shiftEnd } from './make-label.ts';
import { rememberPolicies } from './remember-policies.ts';

const test = suite('the local label of a study');
const HOUR = 3_600_000;
const LABEL = 'N. P. …-ID';
const ERASED = 'CT study';

const user = (id: string): User => ({
  id,
  username: id,
  roles: ['technician'],
  siteId: '11111111-1111-4111-8111-111111111111',
});

/** The studies' names on the screen, once they are these. */
function untilNamed(
  device: TestDevice,
  wanted: readonly string[],
  { at = 1, account = 'a' }: { at?: number; account?: string } = {},
): Promise<readonly string[]> {
  const store = storeOver(device, { now: () => at, account: signal(account) });
  return new Promise((resolve) => {
    effect(() => {
      if (!store.ready.value || shownIn(store.studies.value).join() !== wanted.join()) return;
      queueMicrotask(() => store.close());
      resolve(shownIn(store.studies.value));
    });
  });
}
const shownIn = (studies: readonly QueuedStudy[]) => studies.map(nameOf);

/** Signs `a` in at 0, queues a study an hour later and finishes it. */
async function finishOne(device: TestDevice, id = 's'): Promise<void> {
  await rememberUser(device.database, user('a'), 0);
  const instances = await queueStudy(device, id, [100], { queuedAt: HOUR });
  const queue = queueOver(device);
  await sendAll(queue, id);
  await queue.settle(id, receiptOf(instances, 'stored'));
}

test('has the initials, given name first, and the last three of the ID, never all of it', () => {
  const of = (patientName: string, patientId: string) => labelOf({ patientName, patientId });
  assert.equal(
    [
      of('Müller^Jörg', '0012345'),
      of('Yamada^Tarou=山田^太郎', 'A1'),
      of('=山田^太郎', '9876'),
      of('Sánchez', ''),
      of('e\u0301clair^zoe\u0308', '123'),
      of('', '12345'),
      of('^^', ' 1 '),
      of('Berg^Eva', 'P-1'),
    ],
    ['J. M. …345', 'T. Y. …1', '太. 山. …876', 'S.', 'Z. E\u0301. …23', '…345', null, 'E. B. …-1'],
  );
});

test('names a finished study on the screen and is no text on the disk', async () => {
  const device = await openDevice();
  await finishOne(device);
  await untilNamed(device, [LABEL], { at: 2 * HOUR });
  const disk = await onDisk(device.database);
  assert.not.ok([LABEL, TITLE.patientName, TITLE.patientId].some((text) => disk.includes(text)));
});

test('is for its owner only', async () => {
  const device = await openDevice();
  await finishOne(device);
  assert.equal(await untilNamed(device, [], { at: 2 * HOUR, account: 'b' }), []);
});

test('ends with the shift, counted from sign-in, and is then erased from the disk', async () => {
  const device = await openDevice();
  await finishOne(device);
  const ends = 12 * HOUR;
  await untilNamed(device, [LABEL], { at: ends - 1 });
  await untilNamed(device, [ERASED], { at: ends });
  await forgetEndedLabels(device.database, ends);
  assert.is((await device.database.studies.get('s'))?.label, undefined);
  assert.equal(
    [shiftEnd(0, 0, 12), shiftEnd(0, ends - 1, 12), shiftEnd(0, ends, 12), shiftEnd(5, 0, 12)],
    [ends, ends, 2 * ends, 5 + ends],
    'a person who stays signed in begins another shift; a clock that was set back ends none',
  );
});

test('ends when the person signs out, and when another one signs in, but not when the page is opened again', async () => {
  const device = await openDevice();
  await finishOne(device);
  await rememberUser(device.database, user('a'), 2 * HOUR);
  await untilNamed(device, [LABEL], { at: 3 * HOUR });
  await rememberUser(device.database, null, 3 * HOUR);
  await untilNamed(device, [ERASED], { at: 3 * HOUR });
  await finishOne(device, 't');
  await rememberUser(device.database, user('b'), 4 * HOUR);
  assert.equal(await untilNamed(device, [ERASED, ERASED], { at: 4 * HOUR }), [ERASED, ERASED]);
});

test('is not made where the site wants none, and those that were made are erased', async () => {
  const device = await openDevice();
  await finishOne(device);
  const answer = { policies: [], default: 'identified', pseudonymKeys: [], labelHours: 0, lockMinutes: 15 };
  await rememberPolicies(device.database, answer);
  await untilNamed(device, [ERASED], { at: 2 * HOUR });
  await finishOne(device, 't');
  await untilNamed(device, [ERASED, ERASED], { at: 2 * HOUR });
  assert.is(await device.database.studies.filter(({ label }) => label !== undefined).count(), 0);
});

test.run();
