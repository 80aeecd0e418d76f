/** Requests that bring bodies: slow ones make room for others, and learn that they may come back. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Problem } from '#shared/protocol/problem.ts';
import { createBodyPlaces, type InPlace } from './body-places.ts';

const test = suite('places for bodies that are passed on');
const { signal } = new AbortController();

/** A body whose only byte has come, and that ends when it is cut; `answer`: what is made of it then. */
function drip(inPlace: InPlace, accountId: string, answer: () => Response) {
  const came = Promise.withResolvers<void>();
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
  });
  const answered = inPlace({ request: { signal }, sender: { accountId }, source }, async (body) => {
    for await (const piece of body) if (piece.length > 0) came.resolve();
    assert.ok(body.isCut());
    return answer();
  });
  const outcome = answered.then(
    ({ status }) => status,
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );
  return { outcome, came: came.promise };
}

const bring = (inPlace: InPlace, accountId: string): Promise<Response> => {
  const source = new Blob(['whole']).stream();
  return inPlace({ request: { signal }, sender: { accountId }, source }, async (body) => {
    let length = 0;
    for await (const piece of body) length += piece.length;
    assert.equal([body.isCut(), length], [false, 5]);
    return new Response();
  });
};

const ANSWERS: readonly [what: string, answer: () => Response, outcome: number | string][] = [
  ['a PATCH of tus', () => new Response(null, { status: 204 }), 'rate-limited'],
  ['a creation of tus, which says where to go on', () => new Response(null, { status: 201 }), 201],
  [
    'a STOW-RS request, which takes a part for damage',
    () => {
      throw new Problem('bad-request');
    },
    'rate-limited',
  ],
];

for (const [what, answer, expected] of ANSWERS)
  test(`accounts that drip do not keep out another one: ${what}`, async () => {
    const inPlace = createBodyPlaces({ atOnce: 4, ofOne: 2 }, { lookMs: 5 });
    const dripping = ['a', 'a', 'b', 'b'].map((account) => drip(inPlace, account, answer));
    await Promise.all(dripping.map(({ came }) => came));
    await bring(inPlace, 'c');
    assert.is(await Promise.race(dripping.map(({ outcome }) => outcome)), expected);
  });

test.run();
