import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boundaryOf } from './boundary-of.ts';

test('a boundary is read quoted or bare, wherever it stands, of the subtype that was asked for', () => {
  assert.is(boundaryOf('multipart/related; boundary=a-b_1', 'related'), 'a-b_1');
  assert.is(
    boundaryOf('Multipart/Related; type="application/dicom"; boundary="a b;c"; start=x', 'related'),
    'a b;c',
  );
  assert.is(boundaryOf('multipart/form-data;boundary=x', 'form-data'), 'x');
  assert.is(boundaryOf('multipart/form-data; boundary=x', 'related'), null);
  assert.is(boundaryOf('multipart/related; type="application/dicom"', 'related'), null);
  assert.is(boundaryOf('application/dicom', 'related'), null);
});

test('a boundary has 1 to 70 characters, and none of a line break', () => {
  assert.is(boundaryOf(`multipart/related; boundary="${'x'.repeat(70)}"`, 'related'), 'x'.repeat(70));
  assert.is(boundaryOf(`multipart/related; boundary="${'x'.repeat(71)}"`, 'related'), null);
  assert.is(boundaryOf('multipart/related; boundary=""', 'related'), null);
  assert.is(boundaryOf('multipart/related; boundary="a\r\nb"', 'related'), null);
});

test.run();
