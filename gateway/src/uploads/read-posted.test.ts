/** However many manifests come at once, few are held, and an account has no more than its part of them. */
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Problem } from '#shared/protocol/problem.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { parsingBodies } from '../http/json-body.ts';
import { createParseApart } from '../threads/parse-apart.ts';
import { createPostedReader } from './read-posted.ts';

const { instances } = syntheticStudy({ seed: 96, instancesPerSeries: 1, rows: 8, columns: 8 });
const manifest = toManifest(instances);
const json = JSON.stringify(manifest);
const digests = Array.from({ length: 16_000 }, (_, at) => sha256(Buffer.from(String(at))));
/** A manifest that unpacks to as many bytes as one of 20 000 instances. */
const large = gzipSync(JSON.stringify({ ...manifest, note: digests.join('').padEnd(5_500_000) }), {
  level: 1,
});

const test = suite('manifests that come at once');

/** A gateway on which every manifest that was read stays open until the test lets go. */
function openReader() {
  const read = createPostedReader(async ({ parse }, { bytes }, ...rest) =>
    parse(new Uint8Array(bytes), ...rest),
  );
  const open: string[] = [];
  const outcomes: string[] = [];
  const ended = Promise.withResolvers<void>();
  let begun = 0;
  return {
    open,
    outcomes,
    letGo: ended.resolve,
    /** Bodies of which a byte was taken. */
    begun: () => begun,
    post(account: string, bytes: Uint8Array<ArrayBuffer> = large, encoding = 'gzip') {
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            begun += 1;
            // A reader gives back what it has read.
            controller.enqueue(new Uint8Array(bytes));
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      const headers = {
        'content-type': 'application/json',
        'content-encoding': encoding,
        'content-length': String(bytes.length),
      };
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
      const request = new Request('http://localhost/', init);
      const answered = read('manifest', request, account, async () => {
        open.push(account);
        await ended.promise;
      });
      return answered.then(
        () => void outcomes.push('answered'),
        (error: unknown) => void outcomes.push(error instanceof Problem ? error.code : String(error)),
      );
    },
  };
}

/** Until nothing more happens: what is read here is unpacked in a few turns of the loop. */
async function settle(isSettled: () => boolean): Promise<void> {
  while (!isSettled()) await new Promise((resolve) => setImmediate(resolve));
}

test('of one account one large one is open, few wait, and the others come later; another account has its own', async () => {
  const { open, outcomes, letGo, begun, post } = openReader();
  const all = Array.from({ length: 100 }, () => post('a'));
  await settle(() => open.length > 1 || (open.length === 1 && outcomes.length >= 100 - 1 - 16));
  assert.equal(open, ['a']);
  assert.equal([...new Set(outcomes)], ['rate-limited']);
  assert.ok(begun() < 60, 'most of those refused were not read');
  const others = [post('b'), post('c'), post('d')];
  await settle(() => open.length === 2);
  assert.equal(open, ['a', 'b'], 'and two in all');
  letGo();
  await Promise.all([...all, ...others]);
  assert.is(outcomes.filter((code) => code === 'answered').length, 1 + 16 + 3);
});

test('small ones of one account are open side by side', async () => {
  const { open, outcomes, letGo, post } = openReader();
  const plain = new TextEncoder().encode(json);
  const all = Array.from({ length: 10 }, () => post('a', plain, 'identity'));
  await settle(() => open.length === 10);
  letGo();
  await Promise.all(all);
  assert.equal([...new Set(outcomes)], ['answered']);
});

test('a body that ends the thread is refused alone, and those that wait beside it are read', async () => {
  const dying = new URL('../testing/dying-parse.worker.ts', import.meta.url);
  const read = createPostedReader(parsingBodies(createParseApart(dying)));

  const post = (text: string, account: string): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    const request = new Request('http://localhost/', { method: 'POST', body: text.padEnd(20_000), headers });
    return read('manifest', request, account, async () => 'read').catch((error: unknown) =>
      error instanceof Problem ? error.code : String(error),
    );
  };
  const bodies = Array.from({ length: 12 }, (_, at) => post(at % 3 === 0 ? 'x' : json, `account ${at % 4}`));
  assert.equal(
    await Promise.all(bodies),
    Array.from({ length: 12 }, (_, at) => (at % 3 === 0 ? 'body-too-large' : 'read')),
  );
});

test.run();
