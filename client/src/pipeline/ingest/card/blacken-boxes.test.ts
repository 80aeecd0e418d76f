/** The preview agrees in every pixel with the picture of the covered file: a person decides by what is sent. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Box } from '#shared/dicom/boxes.ts';
import { thumbnail, type FramePicture } from '#shared/pixels/thumbnail.ts';
import { burnedInFile } from '#testing/burned-in-file.ts';
import { covered, DECODING } from '#testing/covered-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { blackenBoxes } from './blacken-boxes.ts';

const FILM = { seed: 5, number: 1, rows: 40, columns: 150, frames: 1, coding: 'native' } as const;
const BOXES: readonly Box[] = [
  { x: 7, y: 3, width: 61, height: 11, frames: null },
  { x: 149, y: 39, width: 1, height: 1, frames: null },
  { x: 0, y: 21, width: 150, height: 1, frames: null },
];

test('at every size the blackened picture is the picture of the covered file', async () => {
  const before = await parsed(burnedInFile(FILM));
  const after = (await covered(before, BOXES))!.instance;
  for (const maxSide of [150, 149, 97, 64, 13, 1]) {
    const [was, is] = (await Promise.all(
      [before, after].map((each) => thumbnail(each, each.dataSet, { maxSide, range: [0, 1] }, DECODING)),
    )) as [FramePicture, FramePicture];
    assert.equal(blackenBoxes(was, BOXES).rgba, is.rgba, `${maxSide}`);
  }
});

test('a picture without boxes is the same one', async () => {
  const before = await parsed(burnedInFile(FILM));
  const picture = (await thumbnail(before, before.dataSet, { maxSide: 20 }, DECODING)) as FramePicture;
  assert.is(blackenBoxes(picture, []), picture);
});

test.run();
