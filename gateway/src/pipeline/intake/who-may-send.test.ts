/** Limits of who may bring the bytes of a parcel: those whose right has not ended, and so many at once. */
import { randomBytes, randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { insertOrRenewDevice } from '../../auth/device.store.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { createBodyPlaces } from './body-places.ts';

const { instances } = syntheticStudy({ seed: 5, instancesPerSeries: 2, rows: 8, columns: 8 });
const offsetOf = (response: Response) => Number(response.headers.get('upload-offset'));
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code;

const test = suite('the bytes of a parcel');
let ground: TestGround;
let pipeline: TestPipeline;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());
test.before.each(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
});
test.after.each(() => pipeline.close());

/** Each way in which the right to send may end, written as another gateway on this database writes it. */
const RIGHT_ENDS: Record<string, (accountId: string, device: string) => Promise<unknown>> = {
  'the account was disabled': (id) =>
    pipeline.tools.db.updateTable('account').set({ disabled_at: new Date() }).where('id', '=', id).execute(),
  'its sessions were ended': (id) =>
    pipeline.tools.db.updateTable('account').set({ epoch: 1 }).where('id', '=', id).execute(),
  'the device lost its right': (_id, device) =>
    pipeline.tools.db
      .updateTable('device')
      .set({ revoked_at: new Date() })
      .where('id', '=', device)
      .execute(),
};

for (const [what, end] of Object.entries(RIGHT_ENDS)) {
  test(`go no further if the last one comes after ${what}`, async () => {
    const { db } = pipeline.tools;
    const row = {
      siteId: pipeline.siteId,
      accountId: pipeline.accountId,
      name: null,
      thumbprint: randomUUID(),
      publicKey: { kty: 'EC', crv: 'P-256', x: '', y: '' } as const,
    };
    const device = await db.transaction().execute((trx) => insertOrRenewDevice(trx, row, new Date()));
    pipeline.actAs(pipeline.accountId, ['technician'], device);
    const { uploadId } = await pipeline.init(toManifest(instances, 'identified', { bytes: 100 }));
    const location = (await pipeline.create(uploadId, randomUUID(), 60)).headers.get('location')!;
    const id = location.split('/').at(-1)!;
    assert.is((await pipeline.patch(location, 0, randomBytes(40))).status, 204);
    await end(pipeline.accountId, device);
    const last = await pipeline.patch(location, 40, randomBytes(20));
    assert.equal([last.status, await codeOf(last)], [401, 'not-authenticated']);
    assert.is(
      (await pipeline.head(location)).status,
      401,
      'the question for its offset brings it no further',
    );
    assert.is((await pipeline.request('POST', `/upload/${uploadId}/complete`)).status, 401);
    const { state } = await db
      .selectFrom('parcel')
      .select('state')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    assert.is(state, 'receiving');
  });
}

/** A PATCH whose body has not begun; `end` brings all of it. */
function openPatch(to: TestPipeline, location: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
  };
  const init = { method: 'PATCH', headers, body: readable, duplex: 'half' } as RequestInit;
  const answer = Promise.resolve(to.app.request(`/upload/${location}`, init));
  const end = async (bytes: Uint8Array): Promise<Response> => {
    await writer.write(bytes);
    await writer.close();
    return answer;
  };
  return { answer, end, piece: (bytes: Uint8Array) => writer.write(bytes) };
}

async function addOther({ tools, siteId }: TestPipeline): Promise<string> {
  const account = { roles: ['technician' as const], password_hash: '', disabled_at: null };
  const { id } = await tools.db
    .insertInto('account')
    .values({ ...account, site_id: siteId, username: randomUUID() })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Their locations. The account acts from now on. */
async function parcelsOf(account: string, to: TestPipeline): Promise<string[]> {
  to.actAs(account, ['technician']);
  const { uploadId } = await to.init(toManifest(instances, 'identified', { bytes: 1_000 }));
  const made = [];
  for (let i = 0; i < 3; i += 1) made.push(await to.create(uploadId, randomUUID(), 10));
  return made.map(({ headers }) => headers.get('location')!);
}

test('are refused beyond the places of their account, and of all, until another request has ended; nothing is lost', async () => {
  const inPlace = createBodyPlaces({ atOnce: 3, ofOne: 2 }, { patienceMs: 1, lookMs: 60_000 });
  const few = await openTestPipeline({ pacs: openTestPacs(), start: false, ground, inPlace });
  try {
    const other = await addOther(few);
    const own = await parcelsOf(few.accountId, few);
    const others = await parcelsOf(other, few);
    const held = [openPatch(few, others[0]!)];
    few.actAs(few.accountId, ['technician']);
    held.push(openPatch(few, own[0]!), openPatch(few, own[1]!));
    for (const [account, location] of [
      [few.accountId, own[2]!],
      [other, others[1]!],
    ] as const) {
      few.actAs(account, ['technician']);
      const refused = await few.patch(location, 0, randomBytes(10));
      assert.equal([refused.status, await codeOf(refused)], [429, 'rate-limited'], account);
      assert.is(refused.headers.get('retry-after'), '1');
      assert.is(offsetOf(await few.head(location)), 0, 'a question needs no place');
    }
    for (const patch of held) assert.is((await patch.end(randomBytes(10))).status, 204);
    assert.is((await few.patch(others[1]!, 0, randomBytes(10))).status, 204);
  } finally {
    await few.close();
  }
});

test('that drip lose their place to an account that has none, and keep what has come', async () => {
  const inPlace = createBodyPlaces({ atOnce: 1, ofOne: 1 }, { lookMs: 5 });
  const one = await openTestPipeline({ pacs: openTestPacs(), start: false, ground, inPlace });
  try {
    const [dripping] = await parcelsOf(one.accountId, one);
    const held = openPatch(one, dripping!);
    await held.piece(randomBytes(3));
    const [whole] = await parcelsOf(await addOther(one), one);
    assert.is((await one.patch(whole!, 0, randomBytes(10))).status, 204);
    const refused = await held.answer;
    assert.equal([refused.status, await codeOf(refused)], [429, 'rate-limited']);
    one.actAs(one.accountId, ['technician']);
    assert.is(offsetOf(await one.head(dripping!)), 3);
    assert.is((await one.patch(dripping!, 3, randomBytes(7))).status, 204);
  } finally {
    await one.close();
  }
});

test.run();
