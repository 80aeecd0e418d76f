/** A sign-out outlives the browser, which writes localStorage seconds later than the database. */
import { IDBFactory } from 'fake-indexeddb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSession } from '../net/session.ts';
import { openDevice } from '../testing/open-queue.ts';
import { ownStorage } from '../testing/own-storage.ts';
import { createLeftNote } from './left-note.ts';
import { BY_HAND, LOCKED, lockMarkIn, startSession } from './lock-mark.ts';

const USER = {
  id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001',
  username: 'someone',
  roles: ['technician'],
  siteId: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0002',
};
const later = (work: () => void, ms: number) => void setTimeout(work, ms).unref();

/** A browser whose cookie stays good, because no gateway hears of a sign-out. */
function browser() {
  const disk = new IDBFactory();
  const asked: string[] = [];
  /** Confirmed by the disk. */
  const kept: unknown[] = [];
  const storage = { isFull: false };
  const answer = async (input: string | URL | Request): Promise<Response> => {
    const path = new URL(String(input)).pathname;
    asked.push(path);
    if (path === '/auth/logout') throw new TypeError('fetch failed');
    return Response.json({ accessToken: 't', refreshToken: 'r', expiresIn: 60, user: USER });
  };
  /** Opens the page with a localStorage that holds `locksAt`: what was written last never reached the disk. */
  const open = async (locksAt: number | null) => {
    asked.length = 0;
    const { database } = await openDevice(disk);
    if (storage.isFull) database.close({ disableAutoOpen: true });
    const mark = lockMarkIn(ownStorage());
    mark.write(locksAt, 15);
    const left = createLeftNote(database, mark.minutes, later);
    const session = createSession({
      baseUrl: 'http://gateway',
      fetch: answer,
      now: () => 0,
      alone: (work) => work(),
      keepLeft: async (how) => void kept.push(await left.keep(how).then(() => how)),
    });
    const did: string[] = [];
    const begin = () => void did.push('begin');
    startSession({ session, mark, left, now: () => 5, begin, canSignIn: async () => true });
    while (session.state.value === 'unknown') await new Promise(setImmediate);
    return { session, mark, did };
  };
  return { open, asked, kept, storage };
}

for (const locksAt of [null, 1000])
  test(`a sign-out that the gateway did not hear holds where localStorage has ${locksAt}, until somebody signs in`, async () => {
    const { open, asked } = browser();
    const { session } = await open(locksAt);
    assert.equal([session.state.value, asked], ['signed-in', ['/auth/refresh']]);
    await session.signOut();
    const after = await open(locksAt);
    assert.equal(
      [after.session.state.value, after.session.user.value, asked, after.did],
      ['signed-out', null, ['/auth/logout'], ['begin']],
    );
    assert.equal([after.mark.read(), after.mark.minutes()], [LOCKED, null], 'nobody is told of a lock');
    await after.session.signIn('someone', 'password');
    const next = await open(locksAt);
    assert.equal([next.session.state.value, asked, next.did], ['signed-in', ['/auth/refresh'], []]);
  });

test('nobody counts as signed out before the disk has it', async () => {
  const { open, kept } = browser();
  const { session } = await open(null);
  const before: unknown[] = [];
  session.state.subscribe((state) => void (state === 'signed-out' && before.push(...kept)));
  await session.signOut();
  assert.equal(before, ['signed-out']);
});

test('a device that was locked by hand says so, also where it was closed before the person was signed out', async () => {
  const { open } = browser();
  const { session, mark } = await open(1000);
  mark.write(LOCKED, BY_HAND);
  session.noteLock();
  const after = await open(1000);
  assert.equal([after.session.state.value, after.mark.minutes()], ['signed-out', BY_HAND]);
});

test('without a database people sign in and out as ever', async () => {
  const { open, storage } = browser();
  storage.isFull = true;
  const { session } = await open(null);
  assert.is(session.state.value, 'signed-in');
  await session.signOut();
  assert.is(session.state.value, 'signed-out');
  await session.signIn('someone', 'password');
  assert.is(session.state.value, 'signed-in');
});

test.run();
