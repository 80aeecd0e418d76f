/** Addresses of people, files, machines and places go for their form alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, cleaned, saysOf } from '#testing/cleaned-text.ts';
import { text } from '#testing/deidentified-elements.ts';

const test = suite('addresses in text');

test('addresses of files, machines, accounts and places go, and what looks like one stays', async () => {
  for (const [said, left] of Object.entries({
    'from pacs01.Quillfeather.org': 'from [removed]',
    'host CTscan7.quill.local': 'host [removed]',
    '12 rue des Lilas 75011 Paris': '[removed]',
    'calle Mayor 12, 28013 Madrid': '[removed]',
    'file C:\\Users\\Quill\\a.dcm read': 'file [removed] read',
    'see \\\\nas7\\scans\\Quill': 'see [removed]',
    '/home/Quill/a.dcm': '[removed]',
    'in /mnt/data/quill': 'in [removed]',
    'mac 00:1A:2B:3C:4D:5E': 'mac [removed]',
    'mac 001a.2b3c.4d5e': 'mac [removed]',
    'GPS 51.5007 N 0.1246 W': 'GPS [removed]',
    'at 51°30\'02" N': 'at [removed]',
    'Latitude: 51.5007, -0.1246': 'Latitude: [removed]',
    'plate @quillfeather_8 told': 'plate @[removed] told',
  }))
    assert.is(await saysOf(said), left, said);
  for (const said of [
    'HR @rest, AX @ISO @3T @ 3mm',
    'T1/T2/PD, and/or, w/o, /knee/',
    'ratio 10:11:12, A:B/C',
    'lat 12.345, TR 51.50 TE 0.12',
    'head.Lateral view, adeno.carcinoma',
    'FOV 1024.1024.1024',
  ])
    assert.is(await saysOf(said), said);
});

test('half of a long Patient ID or accession number goes, a year or a round number in it stays', async () => {
  const header = [text(0x00100020, 'LO', 'KX919266447'), text(0x00080050, 'SH', 'CT2024771994')];
  for (const [said, left] of Object.entries({
    'the last of it KX9192': 'the last of it [removed]',
    'no KX 9192': 'no [removed]',
    'CT2024, KX91 and 9192': 'CT2024, KX91 and 9192',
  })) {
    const { of } = await cleaned(
      [...header, text(ADDITIONAL_PATIENT_HISTORY, 'LT', said)],
      'clean-descriptors',
    );
    assert.is(of(ADDITIONAL_PATIENT_HISTORY), left, said);
  }
  const { of } = await cleaned([...header, text(0x00200012, 'IS', '771994')]);
  assert.is(of(0x00200012), '0');
});

test.run();
