/** The gateway's belief in the answers of a PACS, or of the proxy before it, by status, body and service. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { startLyingPacs, type LyingPacs } from '../../testing/lying-dicomweb.ts';
import { HONEST, type Conduct } from '../../testing/web-conduct.ts';
import { failsWith } from '../../testing/failing.ts';
import { toStore } from '../../testing/to-store.ts';
import { BODIES } from '../../testing/pacs-answers.ts';
import { createOrthancPacs } from './orthanc-pacs.ts';
import { PacsUnreachable, type InstanceToStore, type Pacs } from './pacs.ts';
import { createStowPacs } from './stow-pacs.ts';

const signal = new AbortController().signal;
const OPTIONS = { seed: 5, instancesPerSeries: 250, rows: 4, columns: 4 };
const { studyInstanceUID, instances } = syntheticStudy(OPTIONS);
const uids = instances.map(({ identifiers }) => identifiers.sopInstanceUID);

const [one, two] = instances.slice(0, 2).map(toStore) as [InstanceToStore, InstanceToStore];

const test = suite<{ liar: LyingPacs; pacs: Pacs }>('of a PACS that');
test.before.each(async (context) => {
  context.liar = await startLyingPacs({ instances, now: Date.now });
  const { url, startTimer } = context.liar;
  context.pacs = createStowPacs({ url, startTimer, authorization: null });
});
test.after.each(({ liar }) => liar.close());

const answering = (answers: Partial<Conduct['answers']>): Conduct => ({
  ...HONEST,
  keeps: 'none',
  answers: { ...HONEST.answers, ...answers },
});
const STATUSES = [200, 202, 400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 500, 501, 502, 503, 504, 507];

test('answers a store, only DICOM that names the instance is a refusal', async ({ liar, pacs }) => {
  for (const status of STATUSES)
    for (const body of BODIES) {
      liar.conduct = answering({ store: { status, body } });
      const outcome = await pacs.storeInstances(studyInstanceUID, [one], signal).then(
        ([answer]) => answer!.outcome,
        (error: unknown) => (error instanceof PacsUnreachable ? 'unreachable' : error),
      );
      const isNamed = body === 'named' || body === 'named-xml';
      const what = `${status} ${body}: ${outcome}`;
      if (outcome === 'refused') assert.ok(isNamed, what);
      else if (outcome === 'declined') assert.ok(body === 'dicom' && status >= 400 && status < 500, what);
      else if (outcome === 'busy') assert.ok(body === 'busy' || (status === 507 && body !== 'dicom'), what);
      else if (outcome === 'omitted') assert.is(body, 'dicom', what);
      else if (outcome === 'too-large') assert.ok(status === 413 && !isNamed, what);
      else assert.ok(outcome === 'unanswered' || outcome === 'unreachable', what);
    }
  liar.conduct = answering({ store: { status: 507, body: 'html' } });
  const [full] = await pacs.storeInstances(studyInstanceUID, [one], signal);
  assert.equal([full!.outcome, full!.pacsCode], ['busy', 0xa700], 'it has no room');
  liar.conduct = answering({ store: { status: 400, body: 'dicom' } });
  assert.equal(
    fieldsOf(await pacs.storeInstances(studyInstanceUID, [one, two], signal), 'outcome'),
    ['omitted', 'omitted'],
    'of several, nobody is meant',
  );
});

test('does not give what it lists, is known for it, and one that holds nothing is not', async (context) => {
  const { liar, pacs } = context;
  assert.is(await pacs.givesInstances(signal), null);
  await pacs.storeInstances(studyInstanceUID, [one, two], signal);
  assert.is(await pacs.givesInstances(signal), true);
  for (const status of STATUSES)
    for (const body of BODIES) {
      liar.conduct = { ...HONEST, answers: { ...HONEST.answers, retrieve: { status, body } } };
      const given = await pacs
        .givesInstances(signal)
        .catch((error: unknown) => (error instanceof PacsUnreachable ? 'cut off' : error));
      assert.ok(given === false || given === 'cut off', `${status} ${body}: ${given}`);
    }
});

test('refuses in XML, the Failure Reason is read', async ({ liar, pacs }) => {
  liar.conduct = answering({ store: { status: 409, body: 'named-xml' } });
  const answers = await pacs.storeInstances(studyInstanceUID, [one, two], signal);
  assert.equal(fieldsOf(answers, 'outcome', 'pacsCode'), [
    ['refused', 272],
    ['refused', 272],
  ]);
});

test('answers a search with anything but a list, nothing is absent', async ({ liar, pacs }) => {
  await pacs.storeInstances(studyInstanceUID, [one, two], signal);
  for (const status of STATUSES)
    for (const body of BODIES) {
      // A search that finds nothing answers so.
      if (status < 300 && body === 'list') continue;
      liar.conduct = answering({ search: { status, body } });
      const found = pacs.findInstances([one.sopInstanceUID], signal, '1.2');
      await failsWith(found, PacsUnreachable, `${status} ${body}`);
    }
});

test('answers a retrieval with anything but DICOM, nothing is known of the bytes', async ({ liar, pacs }) => {
  await pacs.storeInstances(studyInstanceUID, [one], signal);
  const { identifiers } = instances[0]!;
  for (const status of STATUSES)
    for (const body of BODIES) {
      liar.conduct = answering({ retrieve: { status, body } });
      const read = await pacs.readBack(identifiers, 1, signal).catch((error: unknown) => error);
      const isUnknown = read === null || read instanceof PacsUnreachable;
      assert.ok(isUnknown, `${status} ${body}: ${JSON.stringify(read)}`);
    }
});

test('knows no UID lists and ends its answers early, everything that it has is found', async (context) => {
  const { liar, pacs } = context;
  await pacs.storeInstances(studyInstanceUID, instances.map(toStore), signal);
  for (const conduct of [
    { ...HONEST, takesLists: false, rowsAtMost: 100 },
    { ...HONEST, rowsAtMost: 7 },
  ]) {
    liar.conduct = conduct;
    const fresh = createStowPacs({ url: liar.url, authorization: null });
    assert.is((await fresh.findInstances([...uids, '1.2.3'], signal, '1.2')).length, uids.length);
  }
});

test('takes UID lists no longer, nothing that it has is called absent', async ({ liar }) => {
  for (const open of [createStowPacs, createOrthancPacs]) {
    liar.conduct = HONEST;
    const pacs = open({ url: liar.url, authorization: null });
    await pacs.storeInstances(studyInstanceUID, instances.slice(0, 5).map(toStore), signal);
    const find = async () => (await pacs.findInstances(uids.slice(0, 5), signal, '1.2')).length;
    assert.is(await find(), 5);
    for (const odd of [{ takesLists: false }, { rowsAtMost: 1 }]) {
      liar.conduct = { ...HONEST, ...odd };
      assert.is(await find(), 5, JSON.stringify(odd));
    }
  }
});

test.run();
