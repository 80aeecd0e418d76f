/** Cases that were opened before their study, and the studies that arrive for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import { openKeys } from '../keys.ts';
import { createStudyKeys } from '../pipeline/study-key.ts';
import { PacsUnreachable, type Pacs } from '../ports/pacs/pacs.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { deliverStudy, jsonOf, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { createCaseSeal } from './case-seal.ts';
import { PRINTS } from './cases.feature.ts';
import { linkArrivals } from './link-arrivals.ts';

const test = suite('cases that wait for their study');
let gateway: TestGateway & { pacs: TestPacs };
let token: string;

let folder: string;
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relaypacs-arrivals-'));
  const pacs = openTestPacs();
  gateway = Object.assign(await openTestGateway({ pacs, folder }), { pacs });
  token = (await gateway.userWith(['admin'])).accessToken;
});
test.after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As the gateway's clock does it, which may also do it in between. */
function link(pacs: Pick<Pacs, 'searchStudies'> = gateway.pacs): Promise<void> {
  const keys = openKeys(join(folder, 'keys'));
  const caseKeys = createStudyKeys(keys.wrapKey, join(folder, 'keys', 'cases'));
  const seal = createCaseSeal(caseKeys, keys.secretFor(PRINTS));
  const { db } = gateway.database;
  const tools = { db, seal, pacs, now: gateway.now, newId: () => crypto.randomUUID() };
  return linkArrivals(tools, new AbortController().signal);
}
const read = (id: string): Promise<Case> => jsonOf(gateway, `GET /cases/${id}`, { token });

test('takes the study that arrives with its number, once, and no other', async () => {
  const waits = await openTestCase(gateway, token, { expected: { accessionNumber: 'ACC-77' } });
  const patient = await openTestCase(gateway, token, { expected: { patientId: 'PID-77' } });
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
  const waits = await openTestCase(gateway, token, { expected: { accessionNumber: 'ACC-61' } });
  await openTestCase(gateway, token, { expected: { accessionNumber: 'ACC-62' } });
  await jsonOf(gateway, `POST /cases/${waits.id}/close`, { token, body: { version: 1 } });
  const study = await deliverStudy(gateway, { token, seed: 916, accessionNumber: 'ACC-61' });
  // Another case waits, so the study is compared.
  await link();
  await jsonOf(gateway, `POST /cases/${waits.id}/reopen`, {
    token,
    body: { version: 2, reason: 'Too early' },
  });
  await link();
  const { expects, studies } = await read(waits.id);
  assert.equal([expects, studies[0]?.studyInstanceUID], [null, study]);
});

test('a study that arrived just before its case was closed is not missed', async () => {
  const waits = await openTestCase(gateway, token, { expected: { accessionNumber: 'ACC-63' } });
  const study = await deliverStudy(gateway, { token, seed: 917, accessionNumber: 'ACC-63' });
  gateway.wait(1);
  await jsonOf(gateway, `POST /cases/${waits.id}/close`, { token, body: { version: 1 } });
  // It is compared for the sake of a case that still waits.
  await link();
  assert.equal((await read(waits.id)).studies, []);
  const body = { version: 2, reason: 'Too early' };
  await jsonOf(gateway, `POST /cases/${waits.id}/reopen`, { token, body });
  await link();
  assert.is((await read(waits.id)).studies[0]?.studyInstanceUID, study);
});

test('two patients with one number, each of another hospital, are never one', async () => {
  const told = async (seed: number, issuer: string | null) => {
    const study = await deliverStudy(gateway, { token, seed, patientId: 'PID-1', issuer });
    return openTestCase(gateway, token, { studies: [study] });
  };
  const waits = await openTestCase(gateway, token, { expected: { patientId: 'PID-1' } });
  const north = await told(918, 'NORTH');
  await link();
  assert.equal([(await read(waits.id)).expects, (await read(waits.id)).studyCount], [null, 1]);
  assert.is((await read(waits.id)).pseudonym, north.pseudonym);
  const late = await openTestCase(gateway, token, { expected: { patientId: 'PID-2' } });
  gateway.pacs.studies.push({
    ...gateway.pacs.studies.at(-1)!,
    studyInstanceUID: '2.25.4711',
    patientId: 'PID-2',
  });
  const south = await told(919, 'SOUTH');
  assert.not.equal(south.pseudonym, north.pseudonym);
  await deliverStudy(gateway, { token, seed: 920, patientId: 'PID-2', issuer: 'SOUTH' });
  await link();
  assert.is((await read(late.id)).expects, 'patient-id', 'nobody can say whom it means');
  const refused = await gateway.call('POST', '/cases', {
    token,
    body: { title: 'Which?', expected: { patientId: 'PID-1' } },
  });
  assert.is(refused.status, 422);
});

test('a study that the PACS lists under several patients is linked by none of their numbers', async () => {
  const waits = await openTestCase(gateway, token, { expected: { accessionNumber: 'ACC-SPOILT' } });
  const study = await deliverStudy(gateway, { token, seed: 924, patientId: 'PID-OTHER' });
  const spoilt = { ...gateway.pacs.studies.at(-1)!, patientId: 'PID-SPOILT', accessionNumber: 'ACC-SPOILT' };
  assert.is(spoilt.studyInstanceUID, study);
  gateway.pacs.studies.splice(-1, 0, spoilt);
  await link();
  const { expects, studies } = await read(waits.id);
  assert.equal([expects, studies], ['accession-number', []]);
  for (const patientId of ['PID-OTHER', 'PID-SPOILT']) {
    const { id } = await openTestCase(gateway, token, { expected: { patientId } });
    const late = await read(id);
    assert.equal([late.expects, late.studies], ['patient-id', []]);
  }
});

test('one study of which the PACS says nothing holds up no other', async () => {
  const waits = await openTestCase(gateway, token, { expected: { accessionNumber: 'ACC-95' } });
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
  const study = await deliverStudy(gateway, {
    token,
    seed: 913,
    accessionNumber: 'ACC-90',
    patientId: 'PID-90',
  });
  const opened = await openTestCase(gateway, token, { expected: { patientId: 'PID-90' } });
  assert.equal([opened.expects, opened.studies[0]?.studyInstanceUID], [null, study]);
});

test.run();
