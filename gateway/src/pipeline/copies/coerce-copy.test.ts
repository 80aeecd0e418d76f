/** A destination that wants other values: what goes there, what stays as it was, and what the receipt says. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { DicomElement } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { readSegments } from '#shared/deid/segments.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { destinationsOf } from '#shared/protocol/receipt.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { keptOf, sentStudy, uidsOf, type CopiedStudy } from '../../testing/open-copies.ts';
import { coerceHere, openTestGround, type TestGround } from '../../testing/open-pipeline.ts';
import { findUpload } from '../stores/parcel.store.ts';
import { newStudy, receiptOf } from '../../testing/open-study.ts';
import { decideDeadLetters, listDeadLetters } from '../../uploads/dead-letters.ts';
import { decide } from '../../uploads/decide.ts';
import { replaceRules } from '../../rules/rule.store.ts';
import { createCoerceThread } from './coerce-thread.ts';

const test = suite('a destination that wants other values');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const INSTITUTION = 0x00080080;
const ISSUER = 0x00100021;
const ACCESSION = 0x00080050;
const ORIGINALS = 0x04000561;
const WANTED = { institution: 'St. Elsewhere', issuer: 'ELSEWHERE', accessionPrefix: 'E-' };

async function sentTo(
  wanted: object | ((sent: CopiedStudy) => Promise<object>),
  need: 'also' | 'required' = 'required',
  instances = newStudy(),
) {
  const sent = await sentStudy(ground, need, instances);
  const coercion = typeof wanted === 'function' ? await wanted(sent) : wanted;
  await sent.pipeline.tools.db
    .updateTable('study')
    .set({ coercion: JSON.stringify(coercion) })
    .where('copy_of', '=', sent.studyId)
    .execute();
  return sent;
}

async function parsed(bytes: Uint8Array) {
  const read = await readInstance(bytesSource(new Uint8Array(bytes)));
  if (read.kind !== 'ready') throw assert.unreachable('it can be read');
  const { instance } = read;
  const text = (tag: number, elements: readonly DicomElement[] = instance.elements): string | null =>
    textOf(findElement(elements, tag), instance);
  return { instance, text };
}
const receiptFor = async ({ pipeline, uploadId }: CopiedStudy) =>
  (await receiptOf(pipeline, uploadId)).receipt;

test('gets these values, with the ones before on record; the other destination gets what was promised', async () => {
  const sent = await sentTo(WANTED);
  await sent.pipeline.runAll();
  assert.is((await sent.pipeline.status(sent.uploadId)).state, 'closed');
  for (const { bytes, identifiers } of sent.instances) {
    const uid = identifiers.sopInstanceUID;
    assert.ok(sent.pacs.held.get(uid)!.bytes.equals(Buffer.from(bytes)), 'the first one');
    const before = await parsed(bytes);
    const { instance, text } = await parsed(sent.other.held.get(uid)!.bytes);
    assert.equal([text(INSTITUTION), text(ISSUER)], ['St. Elsewhere', 'ELSEWHERE']);
    const accession = before.text(ACCESSION) ?? '';
    assert.is(text(ACCESSION) ?? '', accession === '' ? '' : `E-${accession}`);
    const [record] = findElement(instance.elements, ORIGINALS)!.items!;
    const modified = findElement(record!.elements, 0x04000550)!.items![0]!;
    assert.is(text(INSTITUTION, modified.elements) ?? '', before.text(INSTITUTION) ?? '');
    assert.is(text(0x04000565, record!.elements), 'COERCE');
    assert.is(instance.identifiers.studyInstanceUID, identifiers.studyInstanceUID);
  }
  await sent.pipeline.close();
});

test('gets the same from a thread of its own, and again on a later day', async () => {
  const wanted = { coercion: WANTED, at: new Date('2026-01-01T00:00:00Z') };
  const [{ bytes } = { bytes: new Uint8Array() }] = newStudy(1);
  const file = bytesSource(new Uint8Array(bytes));
  const turn = { account: 'somebody', signal: new AbortController().signal };
  const made = await createCoerceThread()(file, wanted, turn);
  assert.equal(made, await coerceHere(file, wanted, turn));
  assert.is(made.kind, 'coerced');
  const pieces = made.kind === 'coerced' ? await Array.fromAsync(readSegments(made.pieces, file)) : [];
  const twice = { ...wanted, coercion: { accessionPrefix: 'TOO-LONG' } };
  const longer = await coerceHere(bytesSource(new Uint8Array(Buffer.concat(pieces))), twice, turn);
  const number = (await parsed(bytes)).text(ACCESSION) ?? '';
  assert.is(longer.kind, number.length > 6 ? 'not-writable' : 'coerced');
  const cut = bytesSource(new Uint8Array(bytes).subarray(0, 200));
  assert.equal(await createCoerceThread()(cut, wanted, turn), { kind: 'not-writable' });
});

test('is on the receipt with the digest that was promised and the one that is stored there', async () => {
  const sent = await sentTo(WANTED);
  await sent.pipeline.runAll();
  const receipt = await receiptFor(sent);
  const [there] = receipt.destinations!;
  assert.equal(there!.coerced, ['institution', 'issuer', 'accessionPrefix']);
  for (const [at, { sopInstanceUID, digest, state }] of receipt.instances.entries()) {
    const stored = there!.instances![at]!;
    assert.equal([state, stored.state], ['stored', 'stored']);
    assert.is(stored.digest, sha256(sent.other.held.get(sopInstanceUID)!.bytes));
    assert.is.not(stored.digest, digest);
  }
  const [summary] = destinationsOf(receipt);
  assert.equal([summary!.there, summary!.of, summary!.asPromised], [3, 3, 0]);
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  await sent.pipeline.close();
});

test('gets the same bytes after a crash that wrote half of them', async () => {
  const sent = await sentTo(WANTED, 'also');
  await sent.pipeline.runParcels();
  const { blobs } = sent.pipeline.tools;
  const append = blobs.append.bind(blobs);
  let appends = 0;
  blobs.append = async (...of) => {
    if (of[0].includes('-restored-') && ++appends === 2) throw new Error('the process ends here');
    return append(...of);
  };
  const error = await sent.pipeline.runAll().catch((thrown: unknown) => thrown);
  assert.match(String(error), /the process ends here/);
  assert.is(sent.other.held.size, 0);
  await sent.pipeline.runAll();
  assert.is(sent.other.held.size, 3);
  for (const uid of uidsOf(sent.instances)) assert.is(sent.other.posted.get(uid), 1);
  await sent.pipeline.close();
});

test('gets an instance as it was promised where it has those values already', async () => {
  const sent = await sentTo(async ({ instances }) => ({
    institution: (await parsed(instances[0]!.bytes)).text(INSTITUTION),
  }));
  await sent.pipeline.runAll();
  const [summary] = destinationsOf(await receiptFor(sent));
  assert.is(summary!.asPromised, 3);
  await sent.pipeline.close();
});

test('is sent nothing of a study without names but what was promised', async () => {
  const sent = await sentTo(WANTED);
  const { db } = sent.pipeline.tools;
  await db
    .updateTable('study')
    .set({ policy_name: 'deidentified' })
    .where('copy_of', '=', sent.studyId)
    .execute();
  await sent.pipeline.runAll();
  for (const { bytes, identifiers } of sent.instances)
    assert.ok(sent.other.held.get(identifiers.sopInstanceUID)!.bytes.equals(Buffer.from(bytes)));
  await sent.pipeline.close();
});

test('holds an instance for a person that cannot be written, and gets nothing else in its place', async () => {
  const sent = await sentTo(WANTED);
  Object.assign(sent.pipeline.tools, { coerce: async () => ({ kind: 'not-writable' }) });
  await sent.pipeline.runAll();
  const listed = (await receiptFor(sent)).instances;
  for (const { state, reason } of listed)
    assert.equal([state, reason], ['quarantined', 'coercion-not-writable']);
  assert.is(sent.other.held.size, 0);
  await sent.pipeline.close();
});

/** A rule wants this at the second destination; a study that was promised under it, and what was not taken there. */
async function refusedFor(wanted: object, need: 'also' | 'required' = 'also') {
  const sent = await sentTo(wanted, need, newStudy().map(inLatin1));
  const { pipeline, otherId: destinationId } = sent;
  const place = { siteId: pipeline.siteId, destinationId };
  const setRule = (name: string, coerce?: object) =>
    pipeline.tools.db.transaction().execute((trx) =>
      replaceRules(trx, pipeline.siteId, {
        kind: 'forwarding',
        rules: [
          {
            name,
            enabled: true,
            when: {},
            to: [{ destination: destinationId, need, ...(coerce && { coerce }) }],
          },
        ],
        by: pipeline.accountId,
      }),
    );
  await setRule('to the other', wanted);
  await pipeline.runAll();
  const reasons = async () =>
    (await listDeadLetters(pipeline.tools.db, place, 500)).deadLetters.map(({ reason }) => reason);
  const again = async () => {
    await decideDeadLetters(pipeline.tools, place, pipeline.accountId, { decision: 'retry' });
    await pipeline.runAll();
  };
  return { ...sent, setRule, reasons, again };
}

const HELD_THREE = Array.from({ length: 3 }, () => 'coercion-not-writable');
/** An institution in letters that Latin 1 does not have. */
const UNWRITABLE = { institution: 'Klinik \u0141\u00f3d\u017a \u5317' };

/** With a letter that ASCII does not have, so that its character set stays. */
const inLatin1 = (one: SyntheticInstance): SyntheticInstance => {
  const text = Buffer.from(one.bytes)
    .toString('latin1')
    .replace('ISO_IR 192', 'ISO_IR 100')
    .replace('QzAcc', 'QzAc\xe9');
  return { ...one, bytes: new Uint8Array(Buffer.from(text, 'latin1')) };
};

test('that could not be written is tried again with what the rule wants now', async () => {
  const sent = await refusedFor(UNWRITABLE);
  const { pipeline, other, instances } = sent;
  assert.equal(await sent.reasons(), HELD_THREE);
  await sent.again();
  assert.equal(await sent.reasons(), HELD_THREE, 'the rule is as it was');
  await sent.setRule('to the other', { ...UNWRITABLE, issuer: 'NORD' });
  await sent.again();
  assert.equal(await sent.reasons(), HELD_THREE, 'and still not possible');
  await sent.setRule('to the other', { institution: 'Klinik Nord', issuer: 'NORD' });
  await sent.again();
  assert.equal(await sent.reasons(), []);
  for (const { bytes, identifiers } of instances) {
    const before = await parsed(bytes);
    const { instance, text } = await parsed(other.held.get(identifiers.sopInstanceUID)!.bytes);
    assert.equal([text(INSTITUTION), text(ISSUER)], ['Klinik Nord', 'NORD']);
    const records = findElement(instance.elements, ORIGINALS)!.items!;
    assert.is(records.length, 1, 'what could not be written left no trace');
    const modified = findElement(records[0]!.elements, 0x04000550)!.items![0]!;
    assert.is(text(INSTITUTION, modified.elements) ?? '', before.text(INSTITUTION) ?? '');
  }
  const renewed = await pipeline.tools.db
    .selectFrom('audit')
    .select('fields')
    .where('site_id', '=', pipeline.siteId)
    .where('event', '=', 'study-values-renewed')
    .orderBy('seq')
    .execute();
  assert.equal(
    renewed.map(({ fields }) => [fields['values'], fields['by']]),
    [
      ['institution, issuer', pipeline.accountId],
      ['institution, issuer', pipeline.accountId],
    ],
  );
  assert.not.match(JSON.stringify(renewed), /Nord|NORD/);
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  await pipeline.close();
});

test('that no rule wants any more is sent what was promised, and the sender of a required one decides too', async () => {
  const also = await refusedFor(UNWRITABLE);
  await also.setRule('renamed');
  await also.again();
  for (const { bytes, identifiers } of also.instances)
    assert.ok(also.other.held.get(identifiers.sopInstanceUID)!.bytes.equals(Buffer.from(bytes)));
  await also.pipeline.close();

  const required = await refusedFor(UNWRITABLE, 'required');
  const { pipeline, uploadId, instances } = required;
  const { instances: listed } = await receiptFor(required);
  assert.equal(
    listed.map(({ reason }) => reason),
    HELD_THREE,
  );
  await required.setRule('to the other', { institution: 'Klinik Nord' });
  const upload = await findUpload(pipeline.tools.db, uploadId, null);
  await decide(pipeline.tools, upload!, pipeline.accountId, { decision: 'retry', instances: listed });
  await pipeline.runAll();
  for (const uid of uidsOf(instances)) {
    const { text } = await parsed(required.other.held.get(uid)!.bytes);
    assert.is(text(INSTITUTION), 'Klinik Nord');
  }
  const receipt = await receiptFor(required);
  const [there] = receipt.destinations!;
  assert.equal([there!.need, there!.coerced], ['required', ['institution']]);
  for (const [at, { sopInstanceUID }] of receipt.instances.entries()) {
    const { digest, state } = there!.instances![at]!;
    assert.is(state, 'stored');
    assert.is(digest, sha256(required.other.held.get(sopInstanceUID)!.bytes));
  }
  await pipeline.close();
});
test.run();
