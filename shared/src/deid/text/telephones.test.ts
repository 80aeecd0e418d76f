import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listed, saysOf } from '#testing/cleaned-text.ts';

const test = suite('telephones in text');

/**
 * The example of a mobile number that Google's libphonenumber has for each of 27 countries, as it is written there:
 * US CA GB IE DE AT CH FR BE NL LU ES PT IT PL CZ SE FI TR IN JP BR AU RU AE SA EG.
 */
const EXAMPLES = listed(`
  (201) 555-0123 | (506) 234-5678 | 07400 123456 | 085 012 3456 | 01512 3456789 | 0664 123456
  078 123 45 67 | 06 12 34 56 78 | 0450 00 12 34 | 06 12345678 | 628 123 456 | 612 34 56 78
  912 345 678 | 312 345 6789 | 512 345 678 | 601 123 456 | 070-123 45 67 | 041 2345678
  0501 234 56 78 | 081234 56789 | 090-1234-5678 | (11) 96123-4567 | 0412 345 678 | 8 (912) 345-67-89
  050 123 4567 | 051 234 5678 | 010 01234567
`);

const NUMBERS = listed(`
  +49 228 1234567 | 0049 228 1234567 | 555 867 5309 | (217) 555-0199 | 217-555-0199 | 020 7946 0958
  07700 900123 | 0171 2345678 | 0228/123456 | 030 1234-567 | 01 42 34 56 78 | 06.12.34.56.78
  04-91-23-45-67 | 612 345 678 | 91 234 56 78 | (011) 4123-4567 | 06 1234 5678 | (11) 91234-5678
  21 123 4567 | 912 345 678 | 020-1234567 | 22 123 45 67 | (22) 123-45-67 | 600 123 456
  8 (495) 123-45-67 | 8 916 123 45 67 | 123-45-67 | 555-0140 | 555-0185 | (0312) 123 45 67
  532 123 45 67 | 91 123 45 67 89 | ٠١٢ ٣٤٥ ٦٧٨٩ | (03)1234-5678 | ０３－１２３４－５６７８ | 98765 43210
`);

test('a telephone number goes, as the countries of the twelve languages write it', async () => {
  for (const number of [...EXAMPLES, ...NUMBERS])
    assert.is(await saysOf(`ruf ${number}, left`), 'ruf [removed], left', number);
});

const ANNOUNCED: Readonly<Record<string, string>> = {
  'DECT 12345': 'DECT [removed]',
  'Durchwahl 4711': 'Durchwahl [removed]',
  'poste 4512': 'poste [removed]',
  'доб. 4512': 'доб. [removed]',
  '内線 4512': '内線 [removed]',
  'Tél. 12 34 56': 'Tél. [removed]',
  'тел: 123456': 'тел: [removed]',
  'هاتف: ١٢٣٤٥٦٧': 'هاتف: [removed]',
  '電話：1234567': '電話：[removed]',
  'j.doe AT example DOT org': '[removed]',
  'j (at) example (dot) org': '[removed]',
  'on pacs01.clinic-bonn.de': 'on [removed]',
  'ws.radio.example.org down': '[removed] down',
  'Host: WSRADIO7': 'Host: [removed]',
  'Springfield, IL 62704': '[removed]',
};

test('a number that a word announces goes, and so do addresses of mail, hosts and towns', async () => {
  for (const [said, left] of Object.entries(ANNOUNCED)) assert.is(await saysOf(said), left, said);
});

const OTHERS = listed(`
  256-512-1024 | 512 512 1000 | TI 150 225 350 | TR 4500 TE 120 FA 150 | b 0 500 1000
  FOV 240 240 120 | slices 100 200 300 400 | ext rotation 30 | 12.5 mm 13.75 mm | post.contrast
  liver.no lesion | e.g. axial | L1-2 L2-3 | AP 120-80-60 | R3.2.2 Enhanced | 0.5 1.25 3.75 mm
  Acq 012 034
`);

test('settings of a device and words with a full stop are none', async () => {
  for (const said of OTHERS) assert.is(await saysOf(said), said, said);
});

test.run();
