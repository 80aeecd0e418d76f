import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readPictures } from './study-pictures.ts';

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
  assert.equal(
    readPictures('1.2', answer).pictures.map(({ sopInstanceUID }) => sopInstanceUID),
    ['1.4', '1.5', '1.6'],
  );
});

test('an answer that is none gives no picture, and no address is made of what a PACS made up', () => {
  for (const answer of [null, {}, [null], [{}], [row(DX, '../../admin')], [row(DX, 7)], [row(null, '1.4')]])
    assert.equal(readPictures('1.2', answer).pictures, []);
});

test.run();
