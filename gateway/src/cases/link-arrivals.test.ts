/** Cases that were opened before their study, and the studies that arrive for them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import { PacsUnreachable, type Pacs } from '../ports/pacs/pacs.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import {
  caseSealIn,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { linkArrivals } from './link-arrivals.ts';

const test = suite('cases that wait for their study');
let gateway: PacsGateway;
let token: string;

test.before(async () => {
  gateway = await openPacsGateway();
  token = (await gateway.userWith(['admin'])).accessToken;
});
test.after(() => gateway.close());

/** Links arrivals as the gateway's clock does, which may also do it in between. */
function link(pacs: Pick<Pacs, 'searchStudies'> = gateway.pacs): Promise<void> {
  const { db } = gateway.database;
  const tools = {
    db,
    seal: caseSealIn(gateway.folder),
    pacs,
    now: gateway.now,
    newId: () => crypto.randomUUID(),
  };
  return linkArrivals(tools, new AbortController().signal);
}
const read = (id: string): Promise<Case> => jsonOf(gateway, `GET /cases/${id}`, { token });

const step = ({ id }: Case, to: 'close' | 'reopen', body: object): Promise<unknown> =>
  jsonOf(gateway, `POST /cases/${id}/${to}`, { token, body });
const openWaiting = (expected: object): Promise<Case> => openTestCase(gateway, token, { expected });

test('takes the study that arrives with its number, once, and no other', async () => {
  const waits = await openWaiting({ accessionNumber: 'ACC-77' });
  const patient = await openWaiting({ patientId: 'PID-77' });
  assert.equal([waits.expects, waits.studyCount, patient.expects], ['accession-number', 0, 'patient-id']);
  await deliverStudy(gateway, { token, seed: 911, accessionNumber: 'ACC-7', patientId: 'P' });
  await link();
  assert.is((await read(waits.id)).expects, 'accession-number');
  const said = { accessionNumber: 'ACC-77', patientId: 'PID-77' };
  const study = await deliverStudy(gateway, { token, seed: 912, ...said });
  const away = { searchStudies: () => Promise.reject(new PacsUnreachable('away', null)) };
  await link(away);
  await link();
  for (const { id } of [waits, patient]) {
    const { expects, studies, pseudonym } = await read(id);
    assert.equal([expects, studies.map(({ studyInstanceUID }) => studyInstanceUID)], [null, [study]]);
    assert.is(pseudonym, patient.pseudonym);
  }
});

test('a case that is closed while its study arrives takes it once it is open again', async () => {
  const waits = await openWaiting({ accessionNumber: 'ACC-61' });
  await openWaiting({ accessionNumber: 'ACC-62' });
  await step(waits, 'close', { version: 1 });
  const study = await deliverStudy(gateway, { token, seed: 916, accessionNumber: 'ACC-61' });
  // Another case waits, so the study is compared.
  await link();
  await step(waits, 'reopen', { version: 2, reason: 'Too early' });
  await link();
  const { expects, studies } = await read(waits.id);
  assert.equal([expects, studies[0]?.studyInstanceUID], [null, study]);
});

test('a study that arrived just before its case was closed is not missed', async () => {
  const waits = await openWaiting({ accessionNumber: 'ACC-63' });
  const study = await deliverStudy(gateway, { token, seed: 917, accessionNumber: 'ACC-63' });
  gateway.wait(1);
  await step(waits, 'close', { version: 1 });
  // The study is compared for the sake of a case that still waits.
  await link();
  assert.equal((await read(waits.id)).studies, []);
  await step(waits, 'reopen', { version: 2, reason: 'Too early' });
  await link();
  assert.is((await read(waits.id)).studies[0]?.studyInstanceUID, study);
});

test('two patients with one number, each of another hospital, are never one', async () => {
  const told = async (seed: number, issuer: string | null) => {
    const study = await deliverStudy(gateway, { token, seed, patientId: 'PID-1', issuer });
    return openTestCase(gateway, token, { studies: [study] });
  };
  const waits = await openWaiting({ patientId: 'PID-1' });
  const north = await told(918, 'NORTH');
  await link();
  assert.equal([(await read(waits.id)).expects, (await read(waits.id)).studyCount], [null, 1]);
  assert.is((await read(waits.id)).pseudonym, north.pseudonym);
  const late = await openWaiting({ patientId: 'PID-2' });
  const last = gateway.pacs.studies.at(-1)!;
  gateway.pacs.studies.push({ ...last, studyInstanceUID: '2.25.4711', patientId: 'PID-2' });
  const south = await told(919, 'SOUTH');
  assert.not.equal(south.pseudonym, north.pseudonym);
  await deliverStudy(gateway, { token, seed: 920, patientId: 'PID-2', issuer: 'SOUTH' });
  await link();
  assert.is((await read(late.id)).expects, 'patient-id', 'nobody can say whom it means');
  const body = { title: 'Which?', expected: { patientId: 'PID-1' } };
  assert.is((await gateway.call('POST', '/cases', { token, body })).status, 422);
});

test('a study that the PACS lists under several patients is linked by none of their numbers', async () => {
  const waits = await openWaiting({ accessionNumber: 'ACC-SPOILT' });
  const study = await deliverStudy(gateway, { token, seed: 924, patientId: 'PID-OTHER' });
  const spoilt = { ...gateway.pacs.studies.at(-1)!, patientId: 'PID-SPOILT', accessionNumber: 'ACC-SPOILT' };
  assert.is(spoilt.studyInstanceUID, study);
  gateway.pacs.studies.splice(-1, 0, spoilt);
  await link();
  const { expects, studies } = await read(waits.id);
  assert.equal([expects, studies], ['accession-number', []]);
  for (const patientId of ['PID-OTHER', 'PID-SPOILT']) {
    const { id } = await openWaiting({ patientId });
    const late = await read(id);
    assert.equal([late.expects, late.studies], ['patient-id', []]);
  }
});

test('one study of which the PACS says nothing holds up no other', async () => {
  const waits = await openWaiting({ accessionNumber: 'ACC-95' });
  const broken = await deliverStudy(gateway, { token, seed: 914, accessionNumber: 'ACC-94' });
  const study = await deliverStudy(gateway, { token, seed: 915, accessionNumber: 'ACC-95' });
  const pacs: Pick<Pacs, 'searchStudies'> = {
    searchStudies: (key, limit, signal) =>
      'studyInstanceUID' in key && key.studyInstanceUID === broken
        ? Promise.reject(new PacsUnreachable('the PACS answered a search with 500', 500))
        : gateway.pacs.searchStudies(key, limit, signal),
  };
  await link(pacs);
  const { studies } = await read(waits.id);
  assert.equal(fieldsOf(studies, 'studyInstanceUID'), [study]);
});

test('takes at once what is there already', async () => {
  const said = { accessionNumber: 'ACC-90', patientId: 'PID-90' };
  const study = await deliverStudy(gateway, { token, seed: 913, ...said });
  const opened = await openWaiting({ patientId: 'PID-90' });
  assert.equal([opened.expects, opened.studies[0]?.studyInstanceUID], [null, study]);
});

test.run();
