/** A verdict that was kept is sent at sign-in and when the network returns, with no page of results open. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSignOutTasks } from '../net/sign-out-tasks.ts';
import type { SessionState } from '../net/session.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { countUnsent, keepUnsent } from '../pipeline/queue/rows/unsent.ts';
import { watchUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import { openOutbox } from '../outbox/open-outbox.ts';
import { createOutboxes } from '../outbox/outboxes.ts';
import { giveTurns, json, openTestApi, unreachable, untilRead } from '../testing/open-api.ts';
import { openDevice } from '../testing/open-queue.ts';
import { idOf, recordedResult } from '../testing/recorded-answers.ts';
import { valuesOf } from '../testing/values-of.ts';
import { sendKeptVerdicts } from './send-kept-verdicts.ts';

const AUTHOR = idOf(601);
const RESULT = recordedResult(1);
const VERIFIED = {
  ...RESULT,
  revision: 2,
  verification: { verdict: 'agree' as const, finding: null, at: RESULT.createdAt, by: AUTHOR },
};

/** Stores a verdict of `author`, as any tab of the device does. */
const keepVerdict = (database: LocalDatabase, author: string): Promise<void> =>
  keepUnsent(
    database,
    { kind: 'verdict', account: author, id: RESULT.id },
    { resultId: RESULT.id, revision: 1, request: { verdict: 'agree' }, input: { kind: 'dicom' } },
  );

/** A device that kept a verdict of `author`, or nothing, opened again: nobody is signed in yet. */
async function reopened(author: string | null) {
  const { database } = await openDevice();
  if (author !== null) await keepVerdict(database, author);
  const network = { isThere: true };
  const account = signal<string | null>(null);
  const user = signal<{ readonly id: string } | null>(null);
  const state = signal<SessionState>('signed-out');
  const isOnline = signal(true);
  const { api, asked } = openTestApi(
    () => (network.isThere ? json(VERIFIED) : unreachable()),
    () => account.peek() ?? '',
  );
  const outboxes = createOutboxes(account);
  const signOutTasks = createSignOutTasks(() => undefined);
  const parts = { api, session: { user } as never, signOutTasks, outboxes, database: () => database };
  let opened = 0;
  sendKeptVerdicts({
    account,
    state,
    isOnline,
    count: (who) => countUnsent(database, who),
    watch: (onChange) => watchUnsent(database, null, onChange),
    others: outboxes.others,
    async open(who) {
      opened += 1;
      return openOutbox(parts, who);
    },
  });
  const signOut = () => {
    user.value = null;
    account.value = null;
    state.value = 'signed-out';
  };
  const signIn = (who: string) => {
    user.value = { id: who };
    account.value = who;
    state.value = 'signed-in';
  };
  const isEmpty = async () => (await countUnsent(database, author)) === 0;
  return {
    database,
    state,
    network,
    signIn,
    signOut,
    isOnline,
    outboxes,
    isEmpty,
    asked,
    opened: () => opened,
  };
}

async function untilAsync(isTrue: () => Promise<boolean>): Promise<boolean> {
  let said = await isTrue();
  await untilRead(() => {
    void isTrue().then((now) => {
      said = now;
    });
    return said;
  });
  return said;
}

test('at sign-in the kept verdict is sent, and then nothing waits', async () => {
  const device = await reopened(AUTHOR);
  device.signIn(AUTHOR);
  assert.ok(await untilAsync(device.isEmpty));
  assert.equal(valuesOf(device.asked, 'method', 'path'), [['POST', `/results/${RESULT.id}/verify`]]);
  assert.is(device.outboxes.unsent.value.verdicts, 0);
});

test('without a network the status line counts it, and it is sent when the network returns', async () => {
  const device = await reopened(AUTHOR);
  device.network.isThere = false;
  device.isOnline.value = false;
  device.signIn(AUTHOR);
  assert.ok(await untilRead(() => device.outboxes.unsent.value.verdicts === 1));
  device.network.isThere = true;
  device.isOnline.value = true;
  assert.ok(await untilAsync(device.isEmpty));
  assert.is(device.outboxes.unsent.value.verdicts, 0);
});

test('a verdict that another tab stores is counted here too, whoever is here', async () => {
  const device = await reopened(null);
  const { others, unsent } = device.outboxes;
  device.network.isThere = false;
  device.isOnline.value = false;
  device.signIn(AUTHOR);
  assert.ok(await untilRead(() => others.value === 0));
  await keepVerdict(device.database, AUTHOR);
  assert.ok(await untilRead(() => unsent.value.verdicts === 1));
  await keepVerdict(device.database, idOf(602));
  assert.ok(await untilRead(() => others.value === 1));
});

test('before it is known who is here, nothing is counted as another person’s', async () => {
  const device = await reopened(AUTHOR);
  const { others } = device.outboxes;
  assert.ok(await untilRead(() => others.value === 1));
  others.value = null;
  device.state.value = 'unknown';
  await keepVerdict(device.database, idOf(602));
  await giveTurns();
  assert.is(others.value, null);
  device.state.value = 'signed-out';
  assert.ok(await untilRead(() => others.value === 2));
});

test('another person’s sign-in sends and counts nothing of it, and fetches no code for it', async () => {
  const device = await reopened(AUTHOR);
  device.signIn(idOf(602));
  device.isOnline.value = false;
  device.isOnline.value = true;
  assert.is(await device.isEmpty(), false);
  assert.equal([device.asked.length, device.opened(), device.outboxes.unsent.value.verdicts], [0, 0, 0]);
});

test('it is counted while its author is not here, whoever else is, and not once it is sent', async () => {
  const device = await reopened(AUTHOR);
  const { others, unsent } = device.outboxes;
  assert.ok(await untilRead(() => others.value === 1), 'nobody has signed in');
  device.signIn(idOf(602));
  device.signOut();
  assert.ok(await untilRead(() => others.value === 1));
  device.network.isThere = false;
  device.signIn(AUTHOR);
  assert.ok(await untilRead(() => others.value === 0 && unsent.value.verdicts === 1), 'their own');
  device.signOut();
  assert.ok(await untilRead(() => others.value === 1));
  device.network.isThere = true;
  device.signIn(AUTHOR);
  assert.ok(await untilAsync(device.isEmpty));
  device.signOut();
  assert.ok(await untilRead(() => others.value === 0));
});

test.run();
