import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { json, openTestApi, refusal } from '../../testing/open-api.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { createManyPatients } from './many-patients.ts';

const test = suite('the patients of a list');
type Body = { readonly cases: readonly string[]; readonly studies: readonly string[] };

const idOf = (at: number) => `6f1c2d3e-0000-4000-8000-${`${at}`.padStart(12, '0')}`;
const patient = (studyInstanceUID: string) => ({
  studyInstanceUID,
  patientName: `Doe^${studyInstanceUID}`,
  ...{ patientId: null, issuer: null, birthDate: null, sex: null },
  ...{ accessionNumber: null, studyDate: null, description: null },
});
const answerOf = ({ cases, studies }: Body, atMost = 25) =>
  json({
    cases: cases.slice(0, atMost).map((id) => ({ id, studies: [patient(`2.25.${Number(id.slice(-12))}`)] })),
    studies: studies.map(patient),
    later: cases.slice(atMost),
  });

test('rows that come into sight together are one question', async () => {
  const { api, asked } = openTestApi(({ body }) => answerOf(body as Body));
  const patients = createManyPatients(api);
  const told = await Promise.all([
    patients.of({ kind: 'cases', id: idOf(1) }),
    patients.of({ kind: 'studies', id: '2.25.7' }),
    patients.of({ kind: 'cases', id: idOf(2) }),
  ]);
  assert.equal(valuesOf(asked, 'path', 'body'), [
    ['/cases/patients', { cases: [idOf(1), idOf(2)], studies: ['2.25.7'] }],
  ]);
  assertEach(told, (of) => of.map(({ patientName }) => patientName), [
    ['Doe^2.25.1'],
    ['Doe^2.25.7'],
    ['Doe^2.25.2'],
  ]);
});

test('cases that the gateway leaves for later are asked for again, until each row is told', async () => {
  const { api, asked } = openTestApi(({ body }) => answerOf(body as Body, 2));
  const patients = createManyPatients(api);
  const rows = Array.from({ length: 5 }, (_, at) => patients.of({ kind: 'cases', id: idOf(at) }));
  assert.equal(
    (await Promise.all(rows)).map((of) => of.map(({ patientName }) => patientName)),
    rows.map((_, at) => [`Doe^2.25.${at}`]),
  );
  assertEach(asked, ({ body }) => (body as Body).cases.length, [5, 3, 1]);
});

test('no question is longer than the gateway takes, and each row of a refused one is told', async () => {
  const { api, asked } = openTestApi(({ body }) =>
    (body as Body).cases.includes(idOf(30)) ? refusal(503, 'pacs-unreachable') : answerOf(body as Body),
  );
  const patients = createManyPatients(api);
  const rows = Array.from({ length: 31 }, (_, at) => patients.of({ kind: 'cases', id: idOf(at) }));
  const outcomes = await Promise.allSettled(rows);
  assertEach(asked, ({ body }) => (body as Body).cases.length, [25, 6]);
  assert.is(outcomes.filter(({ status }) => status === 'rejected').length, 6);
});

test.run();
