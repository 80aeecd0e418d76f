/** A PACS that falls silent, by a PACS whose answers the test gives. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failsWith, failureOf } from '../../testing/failing.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { createGuardedPacs } from './guarded-pacs.ts';
import { PacsUnreachable } from './pacs.ts';

const test = suite('a PACS that falls silent');
const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

/** Opens a PACS whose probes the test answers, and whose searches end as `fails` says. */
function open(joinMs = 0) {
  const inner = {
    fails: null as PacsUnreachable | null,
    searches: 0,
    probes: [] as PromiseWithResolvers<void>[],
  };
  const pacs = createGuardedPacs(
    {
      ...openTestPacs(),
      async findStudy() {
        inner.searches += 1;
        if (inner.fails !== null) throw inner.fails;
        return new Set();
      },
      async probe() {
        const probe = Promise.withResolvers<void>();
        inner.probes.push(probe);
        return probe.promise;
      },
    },
    { answerMs: HOUR_MS, joinMs },
  );
  const ask = () => pacs.findStudy('1.2.3', signal);
  const fell = async (connection: string | null, status: number | null = null): Promise<void> => {
    inner.fails = new PacsUnreachable('test', status, connection);
    await failsWith(ask(), PacsUnreachable);
    Object.assign(inner, { fails: null, searches: 0 });
  };
  return { inner, pacs, ask, fell };
}

test('holds one caller; the others are told at once, and their requests do not reach it', async () => {
  const { inner, ask, fell } = open();
  await fell('silent');
  const first = ask();
  for (let nth = 0; nth < 5; nth += 1) await failsWith(ask(), PacsUnreachable);
  assert.equal([inner.probes.length, inner.searches], [1, 0]);
  inner.probes[0]!.resolve();
  await first;
  await ask();
  assert.equal([inner.probes.length, inner.searches], [1, 2], 'it is well again');
});

test('is asked again by the next one, as long as it is silent', async () => {
  const { inner, ask, fell } = open();
  await fell('UND_ERR_CONNECT_TIMEOUT');
  for (let nth = 0; nth < 3; nth += 1) {
    const asked = failureOf(ask());
    inner.probes[nth]!.reject(new PacsUnreachable('test', null, 'silent'));
    assert.instance(await asked, PacsUnreachable);
  }
  assert.equal([inner.probes.length, inner.searches], [3, 0]);
});

test('answers in time, and all who wait continue', async () => {
  const { inner, ask, fell } = open(HOUR_MS);
  await fell('silent');
  const asked = [ask(), ask(), ask()];
  inner.probes[0]!.resolve();
  await Promise.all(asked);
  assert.equal([inner.probes.length, inner.searches], [1, 3]);
});

test('is not taken for one that refuses the connection, or answers anything', async () => {
  for (const [connection, status] of [
    ['ECONNREFUSED', null],
    ['UND_ERR_SOCKET', null],
    [null, 503],
  ] as const) {
    const { inner, ask, fell } = open();
    await fell(connection, status);
    await ask();
    assert.equal([inner.probes.length, inner.searches], [0, 1], `${connection} ${status}`);
  }
});

test('keeps no caller that is told to end, and the others still have its answer', async () => {
  const { inner, pacs, ask, fell } = open(HOUR_MS);
  await fell('silent');
  const stopping = new AbortController();
  const stopped = failureOf(pacs.findStudy('1.2.3', stopping.signal));
  const other = ask();
  stopping.abort(new Error('the gateway stops'));
  assert.match(String(await stopped), /the gateway stops/);
  inner.probes[0]!.resolve();
  await other;
});

test.run();
