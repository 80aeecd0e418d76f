import { signal } from '@preact/signals';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SessionState } from '../net/session.ts';
import { appWords } from './app-words.ts';
import { createAutoLock, createTouchTeller } from './auto-lock.ts';
import { BY_HAND, LOCKED, lockMarkIn, startSession } from './lock-mark.ts';
import { ownStorage } from '../testing/own-storage.ts';

const test = suite('the automatic lock');

const MINUTE = 60_000;

/** A device with tabs that share one mark, and clocks that the test moves. */
function device(minutes: number | null = 15) {
  const time = { wall: 1_700_000_000_000, monotonic: 1_000 };
  const site = signal(minutes);
  const canSignIn = signal(true);
  const mark = lockMarkIn(ownStorage());
  const open = () => {
    const seen = { locks: 0 };
    let timers: { readonly at: number; readonly work: () => void }[] = [];
    const lock = createAutoLock({
      minutes: site,
      canSignIn,
      clock: { wall: () => time.wall, monotonic: () => time.monotonic },
      mark,
      later: (work, ms) => void timers.push({ at: time.monotonic + ms, work }),
      lock() {
        seen.locks += 1;
      },
    });
    /** Runs what is due, as a browser does: a timer may come later than it was asked for. */
    const run = () => {
      const due = timers.filter(({ at }) => at <= time.monotonic);
      timers = timers.filter(({ at }) => at > time.monotonic);
      for (const { work } of due) work();
    };
    return { lock, seen, run };
  };
  return {
    time,
    site,
    canSignIn,
    mark,
    open,
    pass(ms: number, ...tabs: ReturnType<typeof open>[]) {
      const end = time.monotonic + ms;
      while (time.monotonic < end) {
        const step = Math.min(1000, end - time.monotonic);
        time.wall += step;
        time.monotonic += step;
        for (const { run } of tabs) run();
      }
    },
    /** The wall clock runs on; the monotonic one and the timers stand still. */
    sleep(ms: number) {
      time.wall += ms;
    },
  };
}

function oneTab(minutes?: number) {
  const here = device(minutes);
  return { here, tab: here.open() };
}

test('an untouched device warns for a minute, counts down, and locks once', () => {
  const { here, tab } = oneTab();
  here.pass(14 * MINUTE - 1_000, tab);
  assert.is(tab.lock.secondsLeft.value, null);
  here.pass(1000, tab);
  assert.is(tab.lock.secondsLeft.value, 60);
  here.pass(10_000, tab);
  assert.is(tab.lock.secondsLeft.value, 50);
  here.pass(MINUTE, tab);
  assert.equal([tab.seen.locks, tab.lock.secondsLeft.value], [1, null]);
});

test('a pointer at rest touches nothing, also while another one rests elsewhere', () => {
  const isTouch = createTouchTeller();
  const move = (pointerType: string, screenX: number) =>
    isTouch({ type: 'pointermove', pointerType, screenX, screenY: 5 });
  assert.equal([move('mouse', 1), move('pen', 9)], [true, true]);
  assert.equal([move('mouse', 1), move('pen', 9), move('mouse', 1)], [false, false, false]);
  assert.equal([move('pen', 8), move('mouse', 1)], [true, false]);
  assert.ok(isTouch({ type: 'pointerdown', pointerType: 'mouse', screenX: 1, screenY: 5 }));
});

test('each touch begins the time again; while the warning stands only its answer does', () => {
  const { here, tab } = oneTab();
  here.pass(13 * MINUTE, tab);
  tab.lock.touched();
  here.pass(14 * MINUTE + 45_000, tab);
  assert.is(tab.lock.secondsLeft.value, 15);
  tab.lock.touched();
  assert.is(tab.lock.secondsLeft.value, 15);
  tab.lock.stay();
  assert.is(tab.lock.secondsLeft.value, null);
  here.pass(14 * MINUTE, tab);
  assert.is(tab.seen.locks, 0);
  here.pass(MINUTE, tab);
  assert.is(tab.seen.locks, 1);
});

test('a tablet that slept through the time locks when it wakes, whichever comes first', () => {
  for (const wake of ['check', 'touched', 'stay'] as const) {
    const { here, tab } = oneTab();
    here.pass(MINUTE, tab);
    here.sleep(60 * MINUTE);
    tab.lock[wake]();
    assert.equal([wake, tab.seen.locks], [wake, 1]);
  }
});

test('a clock that is set back does not put the lock off', () => {
  const { here, tab } = oneTab();
  here.time.wall -= 24 * 60 * MINUTE;
  here.pass(15 * MINUTE + 1000, tab);
  assert.is(tab.seen.locks, 1);
});

test('all tabs of a device count as one: a touch in one keeps the others, and they lock together', () => {
  const here = device();
  const one = here.open();
  const other = here.open();
  here.pass(14 * MINUTE + 40_000, one, other);
  assert.equal([one.lock.secondsLeft.value, other.lock.secondsLeft.value], [20, 20]);
  one.lock.stay();
  other.lock.check();
  assert.equal([one.lock.secondsLeft.value, other.lock.secondsLeft.value], [null, null]);
  here.pass(10 * MINUTE, one, other);
  one.lock.touched();
  here.pass(14 * MINUTE, one, other);
  assert.equal([one.seen.locks, other.seen.locks], [0, 0]);
  here.pass(MINUTE, one, other);
  assert.equal([one.seen.locks, other.seen.locks], [1, 1]);
});

test('a site that wants no lock has none, and a shorter time counts as soon as it is known', () => {
  const { here: never, tab } = oneTab(0);
  never.pass(24 * 60 * MINUTE, tab);
  assert.equal([tab.seen.locks, never.mark.read()], [0, null]);
  const here = device(null);
  const unknown = here.open();
  here.pass(MINUTE, unknown);
  here.site.value = 15;
  here.pass(MINUTE, unknown);
  here.site.value = 5;
  here.pass(5 * MINUTE, unknown);
  assert.is(unknown.seen.locks, 1);
});

test('after somebody has gone nothing locks', () => {
  const { here, tab } = oneTab();
  tab.lock.end();
  here.pass(60 * MINUTE, tab);
  tab.lock.check();
  assert.is(tab.seen.locks, 0);
});

test('without a gateway, where nobody could sign in, the lock waits, and touches in time keep it off', () => {
  const { here, tab } = oneTab();
  here.canSignIn.value = false;
  for (let touch = 0; touch < 4; touch += 1) {
    here.pass(14 * MINUTE, tab);
    tab.lock.touched();
  }
  here.canSignIn.value = true;
  here.pass(14 * MINUTE, tab);
  assert.is(tab.seen.locks, 0, 'somebody was there');
  here.canSignIn.value = false;
  here.pass(60 * MINUTE, tab);
  assert.equal([tab.seen.locks, tab.lock.secondsLeft.value], [0, null]);
  here.canSignIn.value = true;
  assert.is(tab.seen.locks, 1);
});

test('a touch without a gateway does not undo a time that is over', () => {
  const { here, tab } = oneTab();
  here.pass(MINUTE, tab);
  here.sleep(8 * 60 * MINUTE);
  here.canSignIn.value = false;
  tab.lock.touched();
  tab.lock.stay();
  assert.is(tab.seen.locks, 0);
  here.canSignIn.value = true;
  assert.is(tab.seen.locks, 1);
});

test('a person who left in one tab has left in all of them, also without a gateway and where the site wants no lock', () => {
  for (const how of ['check', 'touched', 'stay'] as const) {
    for (const minutes of [15, 0]) {
      const { here, tab } = oneTab(minutes);
      here.canSignIn.value = false;
      here.mark.write(LOCKED);
      tab.lock[how]();
      assert.equal([how, minutes, tab.seen.locks, here.mark.read()], [how, minutes, 1, LOCKED]);
    }
  }
});

test('a device that locked says after how long, in every tab and after a reload, until somebody signs in', async () => {
  const here = device();
  const one = here.open();
  const other = here.open();
  here.pass(15 * MINUTE + 1000, one, other);
  assert.equal([here.mark.read(), here.mark.minutes()], [LOCKED, 15]);
  const page = await start(here.mark, here.time.wall);
  assert.equal([here.mark.read(), here.mark.minutes()], [LOCKED, 15], 'the page was reloaded');
  page.state.value = 'signed-in';
  assert.is(here.mark.minutes(), null);
});

test('a tablet that slept with the page closed says after how long, and a person who left by themselves is told nothing', async () => {
  const { here: asleep, tab } = oneTab(5);
  asleep.pass(MINUTE, tab);
  asleep.sleep(60 * MINUTE);
  const { did } = await start(asleep.mark, asleep.time.wall);
  assert.equal([asleep.mark.read(), asleep.mark.minutes()], [LOCKED, 5]);
  assert.equal(did, ['begin', 'lock'], 'and nobody is said to have signed out');
  const left = device();
  left.open();
  const page = await start(left.mark, left.time.wall);
  page.state.value = 'signed-in';
  page.state.value = 'signed-out';
  assert.equal([left.mark.read(), left.mark.minutes()], [LOCKED, null]);
});

test('a session that the gateway ended is no lock, also after a reload and once the time is over', async () => {
  const here = device();
  here.mark.endSession();
  assert.is(here.mark.read(), null, 'nobody was here');
  here.open();
  const page = await start(here.mark, here.time.wall);
  page.end();
  assert.equal([page.state.value, here.mark.read(), here.mark.minutes()], ['signed-out', LOCKED, -1]);
  await start(here.mark, here.time.wall + 60 * MINUTE);
  assert.is(here.mark.minutes(), -1);
  assert.match(appWords.signIn.signedOut(-1), /^Your session has ended/);
  assert.equal((await start(here.mark, here.time.wall)).did, ['begin', 'sign out']);
  page.state.value = 'signed-in';
  page.state.value = 'signed-out';
  page.end();
  assert.is(here.mark.minutes(), null, 'a person who left by themselves before is told nothing');
  const locked = device();
  locked.mark.write(LOCKED, 15);
  (await start(locked.mark, locked.time.wall)).end();
  assert.is(locked.mark.minutes(), 15, 'the lock came first');
});

test('a device that was locked by hand says so after a reload, and is not said to have been left untouched', async () => {
  const { here, tab } = oneTab();
  here.mark.write(LOCKED, BY_HAND);
  tab.lock.check();
  assert.equal([tab.seen.locks, here.mark.read()], [1, LOCKED]);
  const { did } = await start(here.mark, here.time.wall);
  assert.equal([did, here.mark.minutes()], [['begin', 'lock'], BY_HAND]);
  assert.is(appWords.signIn.signedOut(BY_HAND), 'This device was locked.');
});

/** The start of a page on this device. */
async function start(mark: ReturnType<typeof lockMarkIn>, now: number, isReachable = true) {
  const state = signal<SessionState>('unknown');
  const did: string[] = [];
  /** A refused renewal. */
  const end = () => {
    mark.endSession();
    state.value = 'signed-out';
  };
  startSession({
    session: {
      state,
      resume: async () => void did.push('resume'),
      async signOut(locked) {
        did.push(locked ? 'lock' : 'sign out');
        state.value = 'signed-out';
      },
    },
    mark,
    left: { read: async () => null },
    now: () => now,
    begin: () => void did.push('begin'),
    canSignIn: async () => isReachable,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { state, did, end };
}

test('a page that opens after the time asks who is there, and one that opens in time continues', async () => {
  const mark = lockMarkIn(ownStorage());
  assert.equal((await start(mark, 5)).did, ['resume']);
  mark.write(10);
  assert.equal((await start(mark, 9)).did, ['resume']);
  assert.equal((await start(mark, 10)).did, ['begin', 'sign out']);
  assert.equal((await start(mark, 10, false)).did, ['begin', 'sign out'], 'it was locked meanwhile');
  mark.write(10);
  assert.equal((await start(mark, 10, false)).did, ['resume'], 'nobody could sign in');
});

test('a person who leaves is followed by the beginning, and the device stays locked until somebody signs in', async () => {
  const mark = lockMarkIn(ownStorage());
  const page = await start(mark, 100);
  page.state.value = 'signed-in';
  page.state.value = 'signed-out';
  assert.equal(page.did, ['resume', 'begin']);
  assert.equal((await start(mark, 101)).did, ['begin', 'sign out']);
  page.state.value = 'signed-in';
  assert.equal((await start(mark, 102)).did, ['resume']);
});

test('the lock remembers how many chosen instances of all tabs were not sent, until somebody signs in', async () => {
  const { mark } = device();
  mark.addNotSent(9);
  assert.is(mark.notSent(), 0, 'nobody was locked out');
  mark.write(LOCKED, 15);
  mark.addNotSent(3);
  mark.addNotSent(0);
  mark.addNotSent(4);
  assert.equal([mark.read(), mark.minutes(), mark.notSent()], [LOCKED, 15, 7]);
  const page = await start(mark, 100);
  assert.equal([mark.minutes(), mark.notSent()], [15, 7], 'also after a reload');
  page.state.value = 'signed-in';
  assert.equal([mark.read(), mark.notSent()], [null, 0]);
});

test('a page that was opened at an address keeps it over the first sign-in', async () => {
  const page = await start(lockMarkIn(ownStorage()), 100);
  page.state.value = 'signed-out';
  page.state.value = 'signed-in';
  assert.equal(page.did, ['resume']);
});

test.run();
