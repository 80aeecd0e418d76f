/** Each destination of a study, for the people who sent it and those who watch the site. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lackingAt } from '#shared/protocol/receipt.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { studyDestinationsSchema, timelineSchema } from '#shared/protocol/studies.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { addAccount } from '../testing/add-account.ts';
import { addDestination, sentStudy, type CopiedStudy } from '../testing/open-copies.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('the destinations of a study');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const pathOf = ({ instances }: CopiedStudy): string =>
  `/studies/${instances[0]!.identifiers.studyInstanceUID}/destinations`;
const listOf = async (sent: CopiedStudy) =>
  studyDestinationsSchema.parse(await sent.pipeline.json('GET', pathOf(sent))).destinations;
const place = (name: string, need: Need | 'first', more: object) => ({
  ...{ name, need, of: 3, inPacs: 0, failed: 0, leftOut: 0, waiting: null, givenUp: false },
  ...more,
});

test('say what each has, what it waits for, and what it did not take', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline, other, instances } = sent;
  assert.equal(await listOf(sent), [place('first', 'first', {}), place('other', 'also', {})]);
  other.lie = 'down';
  await pipeline.runAll();
  assert.equal(await listOf(sent), [
    place('first', 'first', { inPacs: 3 }),
    place('other', 'also', { waiting: 'pacs-unreachable' }),
  ]);
  other.lie = 'honest';
  other.failsOn.set(instances[0]!.identifiers.sopInstanceUID, 'refused');
  await pipeline.runAll();
  assert.equal((await listOf(sent))[1], place('other', 'also', { inPacs: 2, failed: 1 }));
  await pipeline.close();
});

test('count another image under a UID at the destination that has it, which is asked again once it is gone', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, uploadId, instances } = sent;
  const { sopInstanceUID, studyInstanceUID: study } = instances[0]!.identifiers;
  other.held.set(sopInstanceUID, { study, bytes: Buffer.from('another image') });
  await pipeline.runAll();
  const conflict = [
    place('first', 'first', { inPacs: 3 }),
    place('other', 'required', { inPacs: 2, failed: 1 }),
  ];
  assert.equal(await listOf(sent), conflict);
  const { receipt } = await receiptOf(pipeline, uploadId);
  const at = receipt.instances.findIndex((one) => one.sopInstanceUID === sopInstanceUID);
  assert.is(receipt.instances[at]?.reason, 'conflicting-instance');
  assert.equal(lackingAt(receipt, at), { name: 'other', pacsCode: null });
  assert.is(lackingAt(receipt, (at + 1) % 3), null);
  const retry = async () => {
    const { digest } = receipt.instances[at]!;
    const body = JSON.stringify({ decision: 'retry', instances: [{ sopInstanceUID, digest }] });
    const type = { 'content-type': 'application/json' };
    assert.is((await pipeline.request('POST', `/upload/${uploadId}/decisions`, body, type)).status, 200);
    await pipeline.runAll();
  };
  await retry();
  assert.equal(await listOf(sent), conflict, 'it is still there');
  other.held.delete(sopInstanceUID);
  await retry();
  assert.equal(fieldsOf(await listOf(sent), 'inPacs'), [3, 3]);
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  await pipeline.close();
});

test('count each instance once when the study is sent in two uploads, and name a destination once', async () => {
  const all = newStudy(3);
  const sent = await sentStudy(ground, 'also', all.slice(0, 2));
  const { pipeline, otherId } = sent;
  await pipeline.runAll();
  const { db } = pipeline.tools;
  await db.updateTable('destination').set({ need: 'required' }).where('id', '=', otherId).execute();
  pipeline.actAs(await addAccount(pipeline), ['technician']);
  const again = all.slice(1);
  const { uploadId } = await pipeline.init(toManifest(again));
  await pipeline.send(uploadId, again, randomUUID());
  await pipeline.runAll();
  pipeline.actAs(randomUUID(), ['auditor']);
  assert.equal(await listOf(sent), [
    place('first', 'first', { of: 3, inPacs: 3 }),
    place('other', 'required', { of: 3, inPacs: 3 }),
  ]);
  await pipeline.close();
});

test('are named by the steps of the timeline that are about them', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, instances } = sent;
  await pipeline.runAll();
  const path = `/studies/${instances[0]!.identifiers.studyInstanceUID}/timeline`;
  const { events } = timelineSchema.parse(await pipeline.json('GET', path));
  const forwarded = events.filter(({ event }) => event === 'study-forwarded');
  assert.equal(forwarded.map(({ destination }) => destination).sort(), ['first', 'other']);
  assert.ok(forwarded.every(({ uploadId }) => uploadId === sent.uploadId));
  assert.is(events.find(({ event }) => event === 'upload-opened')?.destination, undefined);
  await pipeline.close();
});

test('stand in the order in which they matter, and are those of this study alone', async () => {
  const sent = await sentStudy(ground, 'required');
  await addDestination(sent.pipeline, 'a third one', 'also');
  await sent.pipeline.runAll();
  assert.equal(fieldsOf(await listOf(sent), 'name', 'need', 'inPacs'), [
    ['first', 'first', 3],
    ['other', 'required', 3],
  ]);
  await sent.pipeline.close();
});

test('are told to the account that sends it and to those who watch, and to nobody else', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline } = sent;
  const status = async (role: 'technician' | 'auditor', site?: string): Promise<number> => {
    pipeline.actAs(randomUUID(), [role], null, site);
    return (await pipeline.app.request(`http://localhost${pathOf(sent)}`)).status;
  };
  assert.equal(
    [await status('technician'), await status('auditor'), await status('auditor', randomUUID())],
    [404, 200, 404],
  );
  await pipeline.close();
});

test.run();
