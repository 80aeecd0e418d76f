import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DescribedInstance } from '../../ports/pacs/pacs.ts';
import { placesIn } from './image-places.ts';
import { fieldsOf } from '../../testing/fields-of.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const SR = '1.2.840.10008.5.1.4.1.1.88.33';
const instance = (
  study: string,
  uid: string,
  instanceNumber: number,
  sopClassUID = CT,
): DescribedInstance => ({
  ...{ studyInstanceUID: study, seriesInstanceUID: `${study}.1`, sopInstanceUID: uid, sopClassUID },
  ...{ modality: null, seriesNumber: 1, frames: uid === 'cine' ? 4 : null, instanceNumber },
});
/** Instances in the order in which a PACS lists them. */
const HELD: Readonly<Record<string, readonly DescribedInstance[]>> = {
  '1.2': [
    ...[instance('1.2', 'third', 3), instance('1.2', 'report', 1, SR)],
    ...[instance('1.2', 'first', 1), instance('1.2', 'second', 2)],
  ],
  '1.3': [instance('1.3', 'cine', 1)],
};

test('a report counts images as the page of a review does: by their numbers, over the studies of the case', async () => {
  const pacs = { describeStudy: async (study: string) => HELD[study] ?? [] };
  const placeOf = await placesIn(pacs, ['1.2', '1.3'], new AbortController().signal);
  const places = ['second', 'third', 'cine', 'report', 'gone'].map((sopInstanceUID) =>
    placeOf({ sopInstanceUID }),
  );
  assert.equal(fieldsOf(places, 'nth'), [2, 3, 4, null, null]);
  assert.equal([places[0]!.frames, places[2]!.frames], [null, 4]);
});

test.run();
