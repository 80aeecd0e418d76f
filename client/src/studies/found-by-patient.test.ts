/** Studies of the site that the PACS was asked for: told apart by their patients, unless names are hidden. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMoment } from '../kit/format.ts';
import { hideNames } from '../kit/identities.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { assertEach } from '../testing/assert-each.ts';
import { chooseEntries } from './choose-entries.ts';
import { EVERYTHING, type Choice } from './list-choice.ts';
import { createEntries } from './day-entry.ts';
import { listedNow, toldStudy } from '../testing/told-study.ts';

const test = suite('studies found by their patient');
test.after.each(() => hideNames(false));
const NOW = new Date(2026, 10, 25, 18);

// The minute in which four films were sent.
const AT = new Date(2026, 10, 25, 17, 45);
const found = (nth: number, patientName: string | null, patientId: string) =>
  toldStudy([], {
    ...{ studyInstanceUID: `1.2.${nth}`, firstSentAt: AT.toISOString(), lastSentAt: AT.toISOString() },
    sopClassUIDs: ['1.2.840.10008.5.1.4.1.1.1.1'],
    patient: { patientName, patientId, birthDate: null, studyDate: '20261120', description: 'Chest PA' },
    foundBy: ['zoe fontaine'],
  });
const FOUND = [
  found(1, 'FONTAINE^ZOE', 'P-4715'),
  found(2, 'Fontaine^Zoe', 'P-4716'),
  found(3, null, 'RP-7'),
];
const open = () => listedNow({ sent: FOUND }, NOW);
const shown = (choice: Partial<Choice>) =>
  chooseEntries(open(), { ...EVERYTHING, ...choice }, NOW).flatMap(({ entries }) => entries);

test('rows of one minute are told apart by what the PACS says', () => {
  const [one, other, nameless] = shown({});
  assert.match(`${one?.name} ${other?.name}`, /FONTAINE, ZOE Fontaine, Zoe/);
  assert.match(nameless!.name, /^DX study/);
  assertEach([one, other, nameless], (entry) => entry!.person, [['ID P-4715'], ['ID P-4716'], ['ID RP-7']]);
  assert.ok(one!.about.includes('Chest PA'));
});

test('are found by what the PACS was asked for, and by what it answered', () => {
  const texts = ['zoe fontaine', 'P-4716', 'chest', 'Oberhuber'];
  assertEach(texts, (text) => shown({ text }).length, [3, 1, 3, 0]);
});

test('are found by the time in their rows, before and after their names are known', () => {
  const when = formatMoment(AT, NOW);
  assert.match(open()[2]!.name, when, 'of whom no name is known');
  assert.is(shown({ text: when }).length, 3);
});

test('say nothing of their patients while names are hidden, and are not found by them', () => {
  hideNames(true);
  const said = JSON.stringify(shown({}).map(({ name, person, about }) => [name, person, about]));
  assert.not.match(said, /Fontaine|4715|4716|RP-7|Chest/i);
  assert.is(shown({ text: 'fontaine' }).length, 0);
  assert.is(shown({ text: 'P-4715' }).length, 0);
});

test('on this device no hidden name, ID, description or label finds a row', () => {
  const title = {
    ...{ patientName: 'Meier^Anna', patientId: 'P-100', patientBirthDate: '19700131' },
    ...{ studyDate: '20261121', description: 'Thorax nativ', accessionNumber: 'ACC77' },
    ...{ modalities: ['CT'], bodyParts: ['CHEST'] },
  };
  const studies = [queuedStudy({ id: 'a', title }), queuedStudy({ id: 'b', label: 'P. D. …234' })];
  const entries = createEntries();
  const found = (text: string) => {
    const all = listedNow({ studies }, NOW, entries);
    return chooseEntries(all, { ...EVERYTHING, text }, NOW).flatMap((section) => section.entries).length;
  };
  const NAMING = ['Meier', 'P-100', 'nativ', 'ACC77', 'Doe, Peter', 'P.D.', '98890234'];
  for (const text of NAMING) assert.is(found(text), 1, text);
  hideNames(true);
  for (const text of NAMING) assert.is(found(text), 0, text);
  for (const text of ['chest', '2026-11-21', 'CT chest']) assert.is(found(text), 1, text);
});

test.run();
