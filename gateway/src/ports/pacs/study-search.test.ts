/** Answers about studies, as a PACS may give them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseStudyAnswer, studyQuery } from './study-search.ts';
import type { StudyKey } from './pacs.ts';
import { fieldsOf } from '../../testing/fields-of.ts';

const test = suite('the search for studies');

const readStudies = (rows: readonly unknown[], key: StudyKey) =>
  parseStudyAnswer(Buffer.from(JSON.stringify(rows)), key, 100) ?? [];

const row = (uid: string, more: Record<string, unknown>) => ({
  '0020000D': { vr: 'UI', Value: [uid] },
  ...more,
});

test('reads names of all three kinds, and cuts and cleans what is too long or odd', () => {
  const [study] = readStudies(
    [
      row('1.2', {
        '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' }] },
        '00100020': { vr: 'LO', Value: ['PID\u0000 7 '] },
        '00081030': { vr: 'LO', Value: ['x'.repeat(5000)] },
        '00100040': { vr: 'CS' },
      }),
    ],
    { studyInstanceUID: '1.2' },
  );
  assert.equal([study?.patientName, study?.patientId, study?.sex], ['Yamada^Tarou=山田^太郎', 'PID 7', null]);
  assert.is(study?.description?.length, 200);
});

test('believes only rows that have exactly what was asked for', () => {
  const rows = [
    null,
    'page',
    {},
    row('1.2', { '00080050': { vr: 'SH', Value: ['A1'] } }),
    row('1.3', { '00080050': { vr: 'SH', Value: ['A11'] } }),
    row('1.4', { '00080050': { vr: 'SH', Value: [{ toString: 'A1' }] } }),
  ];
  const found = readStudies(rows, { accessionNumber: 'A1' });
  assert.equal(fieldsOf(found, 'studyInstanceUID'), ['1.2']);
});

test('an identifier cannot change the query', () => {
  const query = new URLSearchParams(studyQuery({ patientId: 'a&limit=9999#' }, 5));
  assert.equal([query.get('PatientID'), query.getAll('limit')], ['a&limit=9999#', ['5']]);
  assert.ok(query.getAll('includefield').includes('00100010'));
});

test('a name is asked for by its longest word, and has all of them in any order, without case and accents', () => {
  const query = new URLSearchParams(studyQuery({ patientName: 'Zoë *Müller^' }, 5));
  assert.is(query.get('PatientName'), '*Müller*');
  const named = (uid: string, name: string) =>
    row(uid, { '00100010': { vr: 'PN', Value: [{ Alphabetic: name }] } });
  const rows = [
    named('1.1', 'MULLER^Zoe'),
    named('1.2', 'Müller^Anna'),
    named('1.3', 'Weber'),
    row('1.4', {}),
  ];
  const found = (patientName: string) =>
    readStudies(rows, { patientName }).map(({ studyInstanceUID }) => studyInstanceUID);
  assert.equal(found('zoë müller'), ['1.1']);
  assert.equal(found('Müll'), ['1.1', '1.2']);
  assert.equal(found('*^ '), [], 'no word is in every name');
});

test.run();
