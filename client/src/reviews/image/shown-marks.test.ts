/** The names by which readers speak of marks: a mark has one, whatever became of others. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation, PlaceAnnotations } from '#shared/protocol/annotations.ts';
import { ownMarks, readerMarks, saidOfNone } from './shown-marks.ts';

const mark = (number: number): Annotation => ({
  ...{ id: randomUUID(), number, kind: 'point', frame: 1, points: [[1, 2]], label: '' },
  ...{ studyInstanceUID: '1.2', seriesInstanceUID: '1.2.3', sopInstanceUID: '1.2.3.4' },
});
const of = (place: number, ...numbers: number[]): PlaceAnnotations => ({
  ...{ place, version: 1, annotations: numbers.map(mark), lastNumber: 9, state: 'signed', stored: null },
});

test('marks are named by their own numbers, and by the letter of the reader where several people’s are shown', () => {
  const own = [mark(2), mark(5)];
  const named = (about: { place: number | null; hasOthers: boolean }) =>
    ownMarks(own, new Map(), about).map(({ number }) => number);
  assert.equal(named({ place: 1, hasOthers: false }), ['2', '5']);
  assert.equal(named({ place: 1, hasOthers: true }), ['A2', 'A5']);
  assert.equal(
    readerMarks([of(0, 6), of(2, 3, 4)], new Map()).map(({ marks }) => marks.map(({ number }) => number)),
    [['B3', 'B4'], ['X6']],
  );
});

test('that nobody has drawn a mark is said only where none is shown, of the reader’s own neither', () => {
  const own = ownMarks([mark(1)], new Map(), { place: 1, hasOthers: true });
  const none = readerMarks([of(2)], new Map());
  assert.is(saidOfNone([], none), 'There are no marks.');
  assert.is(saidOfNone(own, none), 'Other readers have not drawn any marks.');
  assert.is(saidOfNone(own, readerMarks([of(2, 1)], new Map())), null);
});

test.run();
