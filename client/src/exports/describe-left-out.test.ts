import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeLeftOut } from './describe-left-out.ts';

test('a set says how many instances it lacks, and why', () => {
  assert.is(describeLeftOut([]), null);
  const left = [
    { because: 'burned-in-annotation', count: 1 },
    { because: 'gone', count: 1200 },
  ];
  assert.is(
    describeLeftOut(left),
    'Left out: 1 image or document: This image is marked as showing a name or other identifying text. ' +
      '1,200 images and documents: The PACS no longer has it.',
  );
});

test.run();
