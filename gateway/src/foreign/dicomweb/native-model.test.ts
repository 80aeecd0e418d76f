/** XML of Data Sets is well-formed, whatever is in them, and says what the JSON says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadToXml } from './native-model.ts';

test('an address that names a host with an ampersand is escaped', async () => {
  const toXml = await loadToXml();
  const xml = toXml({ '00081190': { vr: 'UR', Value: ['https://a&b/dicom-web/studies/1.2?a<b>'] } });
  assert.match(xml, '<Value number="1">https://a&amp;b/dicom-web/studies/1.2?a&lt;b&gt;</Value>');
});

test('names, empty values, sequences and bulk data are those of the DICOM JSON Model', async () => {
  const toXml = await loadToXml();
  const xml = toXml({
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'DOE^JANE^^DR', Ideographic: '山田^太郎' }] },
    '00080060': { vr: 'CS', Value: ['CT', null, '<&>\u0007"'] },
    '00081115': { vr: 'SQ', Value: [{ '0020000E': { vr: 'UI', Value: ['1.2'] } }, {}] },
    '00280010': { vr: 'US', Value: [512] },
    '00091001': { vr: 'LO' },
    '7FE00010': { vr: 'OW', BulkDataURI: 'https://gateway/bulk?a=1&b="2"' },
    'not a tag"/>': { vr: 'LO', Value: ['x'] },
  });
  const inside = /<NativeDicomModel[^>]*>(.*)<\/NativeDicomModel>$/s.exec(xml)?.[1];
  assert.is(
    inside,
    [
      '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1"><Alphabetic>',
      '<FamilyName>DOE</FamilyName><GivenName>JANE</GivenName><NamePrefix>DR</NamePrefix></Alphabetic>',
      '<Ideographic><FamilyName>山田</FamilyName><GivenName>太郎</GivenName></Ideographic></PersonName></DicomAttribute>',
      '<DicomAttribute tag="00080060" vr="CS" keyword="Modality"><Value number="1">CT</Value>',
      '<Value number="3">&lt;&amp;&gt;\uFFFD&quot;</Value></DicomAttribute>',
      '<DicomAttribute tag="00081115" vr="SQ" keyword="ReferencedSeriesSequence"><Item number="1">',
      '<DicomAttribute tag="0020000E" vr="UI" keyword="SeriesInstanceUID"><Value number="1">1.2</Value></DicomAttribute>',
      '</Item><Item number="2"></Item></DicomAttribute>',
      '<DicomAttribute tag="00280010" vr="US" keyword="Rows"><Value number="1">512</Value></DicomAttribute>',
      '<DicomAttribute tag="00091001" vr="LO"></DicomAttribute>',
      '<DicomAttribute tag="7FE00010" vr="OW" keyword="PixelData">',
      '<BulkData uri="https://gateway/bulk?a=1&amp;b=&quot;2&quot;"/></DicomAttribute>',
    ].join(''),
  );
});

test.run();
