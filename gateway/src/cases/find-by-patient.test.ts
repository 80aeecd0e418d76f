/** The search for the cases of a patient, through the real route: the PACS is asked, and nobody else is told. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import {
  codeOf,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('cases of a patient');
let gateway: PacsGateway;
let keeper: Session;
let token: string;
/** Numbers of the cases: two of Vexquil, one of another patient, one that waits for a Patient ID, one for an order. */
let numbers: { first: number; second: number; other: number; waiting: number; ordered: number };
let firstUid: string;

const web = { get: () => Promise.reject(new Error('not asked')), takesLists: async () => false };

test.before(async () => {
  gateway = await openPacsGateway(Object.assign(openTestPacs(), { web }));
  keeper = await gateway.userWith(['radiologist']);
  token = keeper.accessToken;
  const { accessToken: sender } = await gateway.userWith(['technician']);
  const open = async (seed: number, patientName: string, patientId: string) => {
    const accessionNumber = `ORDER${seed}`;
    const of = { token: sender, seed, patientName, patientId, accessionNumber };
    const study = await deliverStudy(gateway, of);
    if (seed === 301) firstUid = study;
    return (await openTestCase(gateway, token, { studies: [study] })).number;
  };
  const waiting = await openTestCase(gateway, token, { expected: { patientId: 'PID-900' } });
  const ordered = await openTestCase(gateway, token, { expected: { accessionNumber: 'ORDER900' } });
  numbers = {
    first: await open(301, 'Vexquil^Anna', 'PID-301'),
    second: await open(302, 'Vexquil^Bert', 'PID-302'),
    other: await open(303, 'Oberhuber^Carl', 'PID-303'),
    waiting: waiting.number,
    ordered: ordered.number,
  };
});
test.after(() => gateway.close());

type Answer = {
  cases: { number: number; title: string | null }[];
  next: string | null;
  isCut: boolean;
  isPacsAway: boolean;
};
const find = (patient: string, query = ''): Promise<Answer> =>
  jsonOf(gateway, `POST /cases/of-patient${query}`, { token, body: { patient } });
const foundBy = async (patient: string, query = ''): Promise<number[]> =>
  (await find(patient, query)).cases.map(({ number }) => number).sort((a, b) => a - b);

test('finds by name, Patient ID and accession number, also the case that waits for its study, and with the filters', async () => {
  assert.equal(await foundBy('Vexquil'), [numbers.first, numbers.second]);
  assert.equal(await foundBy('PID-303'), [numbers.other]);
  assert.equal(await foundBy('PID-900'), [numbers.waiting]);
  assert.equal(await foundBy('ORDER302'), [numbers.second]);
  assert.equal(await foundBy('ORDER900'), [numbers.ordered]);
  assert.equal(await foundBy('Nobody'), []);
  assert.equal(await foundBy('Vexquil', '?priority=urgent'), []);
  const page = await find('Vexquil', '?limit=1&sort=oldest');
  assert.equal([page.cases.map(({ number }) => number), page.isCut], [[numbers.first], false]);
  const next = await find('Vexquil', `?limit=1&sort=oldest&cursor=${page.next}`);
  assert.equal(fieldsOf(next.cases, 'number'), [numbers.second]);
});

test('finds by the number of a case and by a part of a UID, also while the PACS is away, and says so', async () => {
  const asked = async (typed: string) => {
    const { cases, isPacsAway } = await find(typed);
    return [fieldsOf(cases, 'number'), isPacsAway];
  };
  const aPart = firstUid.slice(2);
  for (const lie of ['honest', 'down'] as const) {
    gateway.pacs.lie = lie;
    // The PACS is not asked for one digit.
    assert.equal(await asked(`${numbers.other}`), [[numbers.other], lie === 'down' && numbers.other > 9]);
    assert.equal(await asked(aPart), [[numbers.first], lie === 'down']);
  }
  gateway.pacs.lie = 'honest';
});

test('takes a name or number of one line, and of two letters at least', async () => {
  const asked = (patient: string) => codeOf(gateway, 'POST /cases/of-patient', { token, body: { patient } });
  for (const patient of ['', 'V', '**', 'V*', 'Vex*', 'Vex\\quil', 'Vex\nquil', '^^', 'x'.repeat(65)])
    assert.is(await asked(patient), 'invalid-request', JSON.stringify(patient));
  for (const patient of ['Ve', 'x'.repeat(64)]) assert.is(await asked(patient), '200');
});

test('says that the PACS is away, or knows no search, and never "none" instead', async () => {
  const asked = () => codeOf(gateway, 'POST /cases/of-patient', { token, body: { patient: 'Vexquil' } });
  gateway.pacs.lie = 'down';
  assert.is(await asked(), 'pacs-unreachable');
  gateway.pacs.lie = 'honest';
  Object.assign(gateway.pacs, { web: undefined });
  assert.is(await asked(), 'pacs-without-dicomweb');
  Object.assign(gateway.pacs, { web });
});

test('stands in the audit trail with who and how many, and without the name', async () => {
  await find('Vexquil');
  const last = (await audited(gateway.database.db)).at(-1);
  const fields = { by: keeper.user.id, studies: 2 };
  assert.equal(last, { event: 'cases-searched-by-patient', fields });
});

test.run();
