/** The small picture of a series: drawn from any coding that is read here, or known not to be drawn. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import type { TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { untilRead } from '../../testing/open-api.ts';
import { openIngest } from '../../testing/open-ingest.ts';

const test = suite('the small picture of a series');
const JPEG_2000 = '1.2.840.10008.1.2.4.90' as TransferSyntaxUID;
const { identifiers } = syntheticStudy({ seed: 77 }).instances[0]!;

async function pictureOf(codestream: Uint8Array) {
  const { store } = await openIngest();
  const image = { rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8, bitsStored: 8 } as const;
  const film = concatBytes(
    buildInstance({
      ...{ identifiers, elements: [], transferSyntaxUID: JPEG_2000 },
      image: { ...image, pixels: [codestream] },
    }),
  );
  await store.addFiles([new File([new Uint8Array(film)], 'film.dcm')]);
  const [series] = store.studies.value[0]!.series;
  store.showThumbnail(series!.seriesInstanceUID);
  assert.is(series!.thumbnail.value, 'making');
  assert.ok(await untilRead(() => series!.thumbnail.value !== 'making'));
  return series!.thumbnail.value;
}

test('is drawn from a film in JPEG 2000', async () => {
  const picture = await pictureOf(CODED.jpeg2000);
  assert.ok(typeof picture === 'object' && picture !== null);
  assert.ok(new Set(picture.rgba).size > 3, 'no black tile');
});

test('is known not to come where the film cannot be decoded', async () => {
  const damaged = CODED.jpeg2000.slice();
  damaged.fill(0, damaged.length / 2, -2);
  assert.is(await pictureOf(damaged.subarray(0, damaged.length / 3)), null);
});

test.run();
