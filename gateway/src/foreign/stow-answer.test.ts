/** The answer to STOW-RS as XML is well-formed whatever host a request named. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toXml } from './stow-answer.ts';

test('an address that names a host with an ampersand is escaped', () => {
  const xml = toXml({ '00081190': { vr: 'UR', Value: ['https://a&b/dicom-web/studies/1.2?a<b>'] } });
  assert.match(xml, '<Value number="1">https://a&amp;b/dicom-web/studies/1.2?a&lt;b&gt;</Value>');
});

test.run();
