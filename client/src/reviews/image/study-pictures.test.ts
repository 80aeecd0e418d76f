import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readPictures } from './study-pictures.ts';
import { valuesOf } from '../../testing/values-of.ts';

const row = (sopClass: unknown, instance: unknown, number: unknown = 1, series = '1.2.3') => ({
  '00080016': { vr: 'UI', Value: [sopClass] },
  '00080018': { vr: 'UI', Value: [instance] },
  '0020000E': { vr: 'UI', Value: [series] },
  '00200013': { vr: 'IS', Value: [number] },
});
const DX = '1.2.840.10008.5.1.4.1.1.1.1';

test('images come in their order; what models made of the study does not come', () => {
  const made = ['7', '7.4', '88.33', '66.4', '11.1', '104.1'].map((end, at) =>
    row(`1.2.840.10008.5.1.4.1.1.${end}`, `1.9.${at}`),
  );
  const answer = [
    row(DX, '1.5', 2),
    ...made,
    row(DX, '1.4', '1'),
    row('1.2.840.10008.5.1.4.1.1.77.1.1', '1.6', 3),
  ];
  assert.equal(valuesOf(readPictures('1.2', answer).pictures, 'sopInstanceUID'), ['1.4', '1.5', '1.6']);
});

test('secondary captures are the images of a study that has no others, and a heat map is none', () => {
  const capture = '1.2.840.10008.5.1.4.1.1.7';
  const heatMap = { ...row(capture, '1.7', 1, '1.2.4'), '00200011': { vr: 'IS', Value: [9003] } };
  const captured = [row(capture, '1.5'), row(`${capture}.4`, '1.6', 2), heatMap];
  const shown = (rows: readonly object[]) =>
    readPictures('1.2', rows).pictures.map(({ sopInstanceUID }) => sopInstanceUID);
  assert.equal(shown(captured), ['1.5', '1.6']);
  assert.equal(shown([...captured, row(DX, '1.4')]), ['1.4']);
  assert.equal(shown([heatMap]), []);
  assert.ok(readPictures('1.2', [heatMap]).isThere);
});

test('an answer that is none gives no picture, and no address is made of what a PACS made up', () => {
  for (const answer of [null, {}, [null], [{}], [row(DX, '../../admin')], [row(DX, 7)], [row(null, '1.4')]])
    assert.equal(readPictures('1.2', answer).pictures, []);
});

test.run();
