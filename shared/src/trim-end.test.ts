import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { trimEnd } from './trim-end.ts';

test('signs are taken off the end of a text, and of nothing else', () => {
  for (const [text, signs, expected] of [
    ['https://pacs/dicom-web//', '/', 'https://pacs/dicom-web'],
    ['Doe^Jane^ ^', '^ ', 'Doe^Jane'],
    ['==', '=', ''],
    ['', '=', ''],
    ['a=b', '=', 'a=b'],
    ['a-', '.', 'a-'],
  ] as const)
    assert.is(trimEnd(text, signs), expected);
});

test.run();
