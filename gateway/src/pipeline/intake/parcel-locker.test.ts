import type { Lock, Locker } from '@tus/server';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { openDatabase } from '../../database/database.ts';
import { createTestDatabase } from '../../testing/open-database.ts';
import { createParcelLocker } from './parcel-locker.ts';

/** Where requests meet: in one gateway, or in two on one PostgreSQL, turn by turn. */
type Ground = {
  readonly lockers: readonly Locker[];
  endConnections(): Promise<void>;
  close(): Promise<void>;
};

const endNothing = () => () => undefined;
const nothing = async (): Promise<void> => undefined;

const openOne = async (): Promise<Ground> => ({
  lockers: [createParcelLocker(endNothing, null)],
  endConnections: nothing,
  close: nothing,
});

async function openTwo(): Promise<Ground> {
  const { url, endConnections, drop } = await createTestDatabase();
  const databases = [
    await openDatabase({ kind: 'server', url }),
    await openDatabase({ kind: 'server', url }),
  ];
  return {
    lockers: databases.map(({ shared }) => createParcelLocker(endNothing, shared!.locks)),
    endConnections,
    async close() {
      for (const database of databases) await database.close();
      await drop();
    },
  };
}

const grounds: { readonly name: string; readonly count: number; open(): Promise<Ground> }[] = [
  { name: 'in one gateway', count: 1, open: openOne },
  { name: 'in two gateways on PostgreSQL', count: 2, open: openTwo },
];

for (const { name, count, open } of grounds) {
  const test = suite(`parcel locks ${name}`);
  let ground: Ground;
  let turn = 0;
  test.before(async () => {
    ground = await open();
  });
  test.after(() => ground.close());

  /** A request for a parcel; the kind `lets go` releases it when told to, the kind `hangs` does not. */
  function request(
    parcel: string,
    kind: 'lets go' | 'hangs' = 'lets go',
    signal = new AbortController().signal,
  ) {
    turn += 1;
    const lock: Lock = ground.lockers[turn % count]!.newLock(parcel);
    const asked = {
      told: 0,
      outcome: 'waits' as 'waits' | 'holds' | 'refused' | 'done',
      unlock: async (): Promise<void> => undefined,
      held: Promise.resolve(),
    };
    asked.unlock = async () => {
      asked.outcome = 'done';
      await lock.unlock();
    };
    asked.held = lock
      .lock(signal, () => {
        asked.told += 1;
        if (kind === 'lets go' && asked.outcome === 'holds') void asked.unlock();
      })
      .then(
        () => {
          asked.outcome = 'holds';
        },
        () => {
          asked.outcome = 'refused';
        },
      );
    return asked;
  }

  test('a parcel has one holder; the newest request gets it, and the older one is told to let go', async () => {
    const older = request('a');
    await older.held;
    const newer = request('a');
    await newer.held;
    assert.equal([older.outcome, older.told > 0, newer.outcome, newer.told], ['done', true, 'holds', 0]);
    await newer.unlock();
  });

  test('until the older one has let go the newer one waits', async () => {
    const older = request('b', 'hangs');
    await older.held;
    const newer = request('b');
    await until('the older one to be told', () => older.told > 0);
    assert.is(newer.outcome, 'waits');
    await older.unlock();
    await newer.held;
    assert.is(newer.outcome, 'holds');
    await newer.unlock();
  });

  test('other parcels do not wait', async () => {
    const one = request('c', 'hangs');
    const other = request('d', 'hangs');
    await Promise.all([one.held, other.held]);
    assert.equal([one.outcome, other.outcome, one.told, other.told], ['holds', 'holds', 0, 0]);
    await Promise.all([one.unlock(), other.unlock()]);
  });

  test('a request whose client went away stops waiting, and blocks nobody', async () => {
    const holder = request('e', 'hangs');
    await holder.held;
    const gone = new AbortController();
    const waiting = request('e', 'lets go', gone.signal);
    await until('the holder to be told', () => holder.told > 0);
    gone.abort();
    await waiting.held;
    assert.is(waiting.outcome, 'refused');
    await holder.unlock();
    const next = request('e');
    await next.held;
    assert.is(next.outcome, 'holds');
    await next.unlock();
  });

  test('of many simultaneous requests never two hold it, and the last one to come holds it in the end', async () => {
    let holding = 0;
    let most = 0;
    const storm = Array.from({ length: 20 }, () => {
      const asked = request('f');
      void asked.held.then(() => {
        if (asked.outcome !== 'holds') return;
        holding += 1;
        most = Math.max(most, holding);
        const { unlock } = asked;
        asked.unlock = async () => {
          holding -= 1;
          await unlock();
        };
        if (asked.told > 0) void asked.unlock();
      });
      return asked;
    });
    await storm[0]!.held;
    const last = request('f', 'hangs');
    await last.held;
    assert.is(last.outcome, 'holds');
    for (const asked of storm) if (asked.outcome === 'holds') await asked.unlock();
    await last.unlock();
    await Promise.all(storm.map(({ held }) => held));
    for (const asked of storm) if (asked.outcome === 'holds') await asked.unlock();
    assert.is(most, 1);
    const next = request('f');
    await next.held;
    assert.is(next.outcome, 'holds', 'nothing is left behind');
    await next.unlock();
  });

  if (count > 1) {
    test('a gateway that loses its connection no longer holds the parcel: its request is told, and another gateway takes it', async () => {
      const holder = request('g', 'hangs');
      await holder.held;
      await ground.endConnections();
      await until('the holder to be told', () => holder.told > 0);
      const next = request('g', 'hangs');
      await next.held;
      assert.is(next.outcome, 'holds');
      // Late, as of a request that took its time: it frees nothing that is not its own.
      await holder.unlock();
      const third = request('g');
      await until('the newer holder to be told', () => next.told > 0);
      assert.is(third.outcome, 'waits');
      await next.unlock();
      await third.held;
      assert.is(third.outcome, 'holds');
      await third.unlock();
    });
  }

  test.run();
}
