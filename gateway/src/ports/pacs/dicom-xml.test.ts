/** The Native DICOM Model: what PACSs write is read, and no text is larger, deeper or stranger than a model. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNativeModel } from './dicom-xml.ts';

const test = suite('the Native DICOM Model');

const attribute = (tag: string, content: string, more = ''): string =>
  `<DicomAttribute tag="${tag}" vr="UI"${more}>${content}</DicomAttribute>`;
const model = (content: string): string => `<NativeDicomModel>${content}</NativeDicomModel>`;
const UID = attribute('00081155', '<Value number="1">1.2.3</Value>');

test('is read with its sequences, whatever stands around its parts', () => {
  const item = `<Item number="1">${UID}</Item><Item number="2"/>`;
  const xml = `<?xml version="1.0"?>\n<!-- a PACS -->\n${model(` ${attribute('00081199', item, ' keyword="x"')}\n`)}`;
  assert.equal(parseNativeModel(xml), {
    '00081199': {
      vr: 'UI',
      Value: [{ '00081155': { vr: 'UI', Value: ['1.2.3'] } }, {}],
    },
  });
  assert.equal(parseNativeModel(model('')), {});
  assert.equal(parseNativeModel(model(attribute('0008115a', '<Value>a &amp; b</Value>'))), {
    '0008115A': { vr: 'UI', Value: ['a & b'] },
  });
});

test('is nothing else: another document, a cut one, one with entities of its own', () => {
  const others = [
    ...['', '{}', '<html></html>', '<a/>', model(UID).slice(0, -5), `${model(UID)}${model(UID)}`],
    ...[model('<Value>'), model('&x;'), `<!DOCTYPE x [<!ENTITY x "y">]>${model('&x;')}`],
    `<!DOCTYPE x>${model(UID)}`,
  ];
  for (const other of others) assert.is(parseNativeModel(other), null, other);
});

test('has limits: depth, elements, attributes of one; and a start that never ends is refused at once', () => {
  const nested = (depth: number): string =>
    depth === 0 ? UID : attribute('00081199', `<Item>${nested(depth - 1)}</Item>`);
  assert.is.not(parseNativeModel(model(nested(14))), null);
  assert.is(parseNativeModel(model(nested(20))), null);
  assert.is(parseNativeModel(model('<Item/>'.repeat(300_000))), null);
  const many = Array.from({ length: 20 }, (_, at) => ` a${at}=""`).join('');
  assert.is(parseNativeModel(model(attribute('00081155', '', many))), null);
  // For each start of a tag the rest was searched for its end: minutes, now a moment.
  for (const start of ['<DicomAttribute ', '<Item ', '<Value>', '<!--', '<', '<DicomAttribute a="'])
    assert.is(parseNativeModel(`<NativeDicomModel ${start.repeat(200_000)}`), null, start);
});

test.run();
