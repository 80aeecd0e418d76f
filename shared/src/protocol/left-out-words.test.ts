import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { leftOutLines } from './left-out-words.ts';

test('a set says how many instances it lacks, and why', () => {
  const left = [
    { because: 'burned-in-annotation', count: 1 },
    { because: 'gone', count: 1200 },
    { because: 'read-blinded', count: 2 },
  ];
  assert.equal(leftOutLines(left), [
    '1 image or document: This image is marked as showing a name or other identifying text.',
    '1,200 images and documents: The PACS no longer has it.',
    '2 images and documents: It is hidden from you until you have signed its case. After that, a new export contains it.',
  ]);
});

test.run();
