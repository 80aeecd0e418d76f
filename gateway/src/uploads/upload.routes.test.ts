/**
 * Promises of an upload's routes apart from the pipeline: rights under a policy, limits, and the live
 * track.
 */
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { policyAnswerSchema, studyEventSchema, type Role } from '#shared/protocol/api.ts';
import type { PolicyDocument } from '#shared/protocol/policy.ts';
import { MANIFEST_BYTES_LIMIT } from '#shared/protocol/manifest.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { insertPolicy } from '../policies/policy.store.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const { instances } = syntheticStudy({ seed: 90, instancesPerSeries: 3, rows: 8, columns: 8 });

const test = suite('an upload');
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs() });
});
test.after(() => pipeline.close());
test.before.each(() => pipeline.actAs(pipeline.accountId, ['technician']));

const codeOf = async (body: unknown) =>
  ((await pipeline.json<{ code?: string }>('POST', '/upload/init', body)) as { code?: string }).code;

test('is offered the policies of its roles', async () => {
  const offered = async (roles: Role[]) => {
    pipeline.actAs(pipeline.accountId, roles);
    const { policies } = policyAnswerSchema.parse(await pipeline.json('GET', '/upload/policy'));
    return policies.map(({ name }) => name);
  };
  assert.equal(await offered(['technician']), ['identified', 'deidentified']);
  assert.equal(await offered(['researcher']), ['deidentified']);
  assert.equal(await offered(['auditor']), []);
});

test('under a policy that its sender may not use, or no longer, is refused by name', async () => {
  pipeline.actAs(pipeline.accountId, ['researcher']);
  assert.is(await codeOf(toManifest(instances)), 'policy-not-allowed');
  pipeline.actAs(pipeline.accountId, ['technician']);
  assert.is(
    await codeOf({ ...toManifest(instances), policy: { name: 'identified', version: 2 } }),
    'policy-withdrawn',
  );
  assert.is(
    await codeOf({ ...toManifest(instances), policy: { name: 'my-own', version: 1 } }),
    'policy-withdrawn',
  );
});

test('under a policy that asks why names are kept needs a reason of the list, which the audit trail keeps', async () => {
  const named = { name: 'names-with-reason', version: 1 };
  const { db } = pipeline.tools;
  const document: PolicyDocument = {
    name: named.name,
    title: 'With names',
    deidentify: false,
    options: [],
    asksReason: true,
    roles: ['technician'],
  };
  const by = { siteId: pipeline.siteId, by: pipeline.accountId, now: new Date() };
  await db.transaction().execute((trx) => insertPolicy(trx, document, by));
  const { policies } = policyAnswerSchema.parse(await pipeline.json('GET', '/upload/policy'));
  assert.is(policies.find(({ name }) => name === named.name)?.asksReason, true);

  const manifest = toManifest(syntheticStudy({ seed: 92, instancesPerSeries: 1 }).instances);
  assert.is(await codeOf({ ...manifest, policy: named }), 'reason-missing');
  const free = await pipeline.json<{ code: string }>('POST', '/upload/init', {
    ...manifest,
    policy: { ...named, reason: 'for DOE^JANE' },
  });
  assert.is(free.code, 'invalid-request');
  assert.not.match(JSON.stringify(free), /DOE/);
  const { uploadId } = await pipeline.init({ ...manifest, policy: { ...named, reason: 'treatment' } });
  const opened = await db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'upload-opened')
    .where(sql<boolean>`fields ->> 'uploadId' = ${uploadId}`)
    .execute();
  assert.equal(
    opened.map(({ fields }) => [
      (fields as { policy: string }).policy,
      (fields as { reason: string }).reason,
      (fields as { withNames?: boolean }).withNames,
    ]),
    [[named.name, 'treatment', true]],
  );
});

test('of more than 20 000 instances, or without the form, is refused, and no value comes back', async () => {
  const manifest = toManifest(instances);
  assert.is(
    await codeOf({ ...manifest, instances: Array(20_001).fill(manifest.instances[0]) }),
    'too-many-instances',
  );
  const answer = await pipeline.json<{ code: string }>('POST', '/upload/init', {
    ...manifest,
    studyInstanceUID: 'DOE^JANE',
  });
  assert.is(answer.code, 'invalid-request');
  assert.not.match(JSON.stringify(answer), /DOE/);
  const reports = { edition: 'DICOM 2024e', options: [], reports: [['0010,0010 Z DOE^JANE']] };
  const reported = await pipeline.json<{ code: string }>('POST', '/upload/init', {
    ...toManifest(instances, 'deidentified'),
    deidentification: reports,
  });
  assert.is(reported.code, 'invalid-request');
  assert.not.match(JSON.stringify(reported), /DOE/);
});

test('may be announced in gzip, and is answered in gzip if accepted; the decompressed size is limited', async () => {
  const send = (body: Uint8Array<ArrayBuffer>, encoding = 'gzip') =>
    pipeline.request('POST', '/upload/init', body, {
      'content-type': 'application/json',
      'content-encoding': encoding,
      'accept-encoding': 'gzip',
    });
  const { instances: many } = syntheticStudy({ seed: 91, instancesPerSeries: 40, rows: 1, columns: 1 });
  const answerTo = async (body: Uint8Array<ArrayBuffer>, encoding?: string) => {
    const response = await send(body, encoding);
    assert.is(response.headers.get('content-encoding'), 'gzip');
    return JSON.parse(gunzipSync(new Uint8Array(await response.arrayBuffer())).toString()) as {
      need: unknown[];
      code: string;
    };
  };
  assert.is((await answerTo(gzipSync(JSON.stringify(toManifest(many))))).need.length, 40);
  const refused = async (body: Uint8Array<ArrayBuffer>, encoding?: string) =>
    (await answerTo(body, encoding)).code;
  assert.is(await refused(gzipSync(new Uint8Array(MANIFEST_BYTES_LIMIT + 1))), 'body-too-large');
  const noJson = randomBytes(MANIFEST_BYTES_LIMIT / 2).toString('hex');
  assert.is(await refused(gzipSync(noJson)), 'bad-request');
  assert.is(await refused(gzipSync(new Uint8Array(1024 * 1024))), 'body-too-large', 'nothing shrinks so');
  assert.is(await refused(new TextEncoder().encode('{}')), 'bad-request');
  assert.is(await refused(gzipSync('{}').subarray(0, 10)), 'bad-request');
  assert.is(await refused(gzipSync('{}'), 'br'), 'unsupported-media-type');
});

test('has no receipt before the PACS has confirmed it', async () => {
  const { uploadId } = await pipeline.init(toManifest(instances));
  const answer = await pipeline.request('GET', `/upload/${uploadId}/receipt`);
  assert.equal([answer.status, ((await answer.json()) as { code: string }).code], [404, 'no-receipt-yet']);
});

test('is reported live: its status at once, then every change, to its end', async () => {
  const { uploadId } = await pipeline.init(toManifest(instances));
  const response = await pipeline.request('GET', `/events?upload=${uploadId}`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const states: string[] = [];
  const ids: number[] = [];
  let sent: Promise<unknown> | null = null;
  let text = '';
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const events = text.split('\n\n');
    text = events.pop()!;
    for (const event of events.filter((each) => each.includes('data:'))) {
      const fields = new Map(
        event
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      );
      assert.is(fields.get('event'), 'study');
      ids.push(Number(fields.get('id')));
      states.push(studyEventSchema.parse(JSON.parse(fields.get('data')!)).state);
      sent ??= pipeline.send(uploadId, instances);
    }
    if (states.includes('closed')) break;
  }
  await sent;
  assert.is(states[0], 'receiving');
  assert.equal(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  assert.is((await pipeline.request('GET', `/events?upload=${crypto.randomUUID()}`)).status, 404);
});
test.run();
