/** The studies in the filter of results can be told apart, as their rows can. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Result } from '#shared/protocol/inference.ts';
import { recordedFinding, recordedResult } from '../../testing/recorded-answers.ts';
import type { About } from '../parts/previews.store.ts';
import { studyOptions } from './study-options.ts';

const test = suite('the filter of results by study');
const NOW = new Date(2026, 10, 25, 18);
const UIDS = ['2.25.11111111', '2.25.22222222'];

const RESULTS = UIDS.map((studyInstanceUID, nth) =>
  recordedResult(
    nth + 1,
    { createdAt: NOW.toISOString() },
    { input: { ...recordedFinding().input, studyInstanceUID } },
  ),
);
const aboutOf = (studyDate: string): About => ({
  studyDate,
  bodyPart: 'CHEST',
  patient: { name: null, id: 'RP-7Q3MX', isPseudonym: true },
});
const namesOf = (results: readonly Result[], preview: (id: string) => About | null) =>
  studyOptions(UIDS, { results, aboutOf: preview, nameOf: () => 'Study in the PACS' }, NOW).map(
    ({ name }) => name,
  );

test('two studies of one patient differ by their dates', () => {
  const dates = new Map(RESULTS.map(({ id }, nth) => [id, `2026-03-0${nth + 1}`]));
  const [first, second] = namesOf(RESULTS, (id) => aboutOf(dates.get(id)!));
  assert.match(first!, /RP-7Q3MX, DX, Chest, Mar 1, 2026, /);
  assert.not.match(first!, 'UID');
  assert.is.not(first, second);
});

test('studies of which nothing else differs have the ends of their UIDs', () => {
  const names = namesOf(RESULTS, () => null);
  assert.ok(names.every((name, nth) => name.endsWith(`, UID …${UIDS[nth]!.slice(-8)}`)));
  assert.equal(
    namesOf([], () => null),
    UIDS.map((uid) => `Study in the PACS, UID …${uid.slice(-8)}`),
  );
});

test.run();
