import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PacsDoesNotSearch, PacsUnreachable } from '../ports/pacs/pacs.ts';
import { createPacsState, oneAtATime } from './is-up.ts';

test('however many ask at the same time, the part is asked once, and again for those who come later', async () => {
  let asked = 0;
  const ask = oneAtATime(async () => {
    asked += 1;
    return asked;
  });
  assert.equal(await Promise.all(Array.from({ length: 1_000 }, ask)), Array<number>(1_000).fill(1));
  assert.is(await ask(), 2);
});

test('a question that failed is asked again', async () => {
  let asked = 0;
  const ask = oneAtATime(async () => {
    asked += 1;
    if (asked === 1) throw new Error('away');
    return asked;
  });
  const first = await ask().catch(() => 'failed');
  assert.equal([first, await ask()], ['failed', 2]);
});

test('a PACS is asked to give an instance until it has given one', async () => {
  const answers: (boolean | null | Error)[] = [null, false, new PacsUnreachable('away', null), true];
  let asked = 0;
  const givesInstances = async () => {
    const answer = answers[asked];
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer ?? null;
  };
  const pacs = { probe: async () => undefined, givesInstances };
  const state = createPacsState(async () => pacs, 1_000);
  const states = [];
  for (let i = 0; i < 6; i += 1) states.push(await state());
  assert.equal([states, asked], [['ok', 'no-retrieval', 'ok', 'ok', 'ok', 'ok'], 4]);
});

test('a PACS that does not answer, or does not search, is asked for nothing else', async () => {
  const givesInstances = () => Promise.reject(new Error('it is not to be asked'));
  for (const [error, expected] of [
    [new PacsUnreachable('away', 503), 'unreachable'],
    [new PacsUnreachable('no', 401), 'refuses-sign-in'],
    [new PacsUnreachable('no', null, 'CERT_HAS_EXPIRED'), 'settings-wrong'],
    [new PacsDoesNotSearch(501), 'no-search'],
  ] as const)
    assert.is(
      await createPacsState(async () => ({ probe: () => Promise.reject(error), givesInstances }), 1_000)(),
      expected,
    );
});

test.run();
