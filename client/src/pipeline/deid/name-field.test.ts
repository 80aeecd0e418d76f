/** The fields of texts that a person has to read are named in words. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadKeywords } from '#shared/dicom/dictionary.ts';
import { nameField } from './name-field.ts';

test('a field has the standard’s name in words, also inside a sequence', async () => {
  const keywords = await loadKeywords();
  assert.is(nameField('0008,0070', keywords), 'Manufacturer');
  assert.is(nameField('0008,103e', keywords), 'Series description');
  assert.is(nameField('0008,1010', keywords), 'Station name');
  assert.is(nameField('0008,0055', keywords), 'Station AE title');
  assert.is(nameField('0040,a730[2]>0040,a160', keywords), 'Content sequence › Text value');
});

test('a field without a name keeps its tag', async () => {
  const keywords = await loadKeywords();
  assert.is(nameField('0009,1010', keywords), 'Private element (0009,1010)');
  assert.is(nameField('0008,fffe', keywords), 'Not in the DICOM standard (0008,fffe)');
});

test.run();
