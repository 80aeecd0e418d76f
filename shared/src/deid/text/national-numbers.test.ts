import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listed, saysOf } from '#testing/cleaned-text.ts';

const test = suite('national numbers');

/** Examples of the specifications and of public registers' own pages, none of a person. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  US: ['123-45-6789', '123 45 6789'],
  CA: ['046 454 286', '046-454-286'],
  GB: ['943 476 5919', 'QQ 12 34 56 C'],
  IE: ['1234567 FA'],
  DE: ['86 095 742 719', '15 070649 C 103', 'A123 456 780'],
  AT: ['1237 010180', '1237 01 01 80'],
  CH: ['756.9217.0769.85'],
  FR: [
    ...['2 55 08 14 168 025 38', '2 55 08 14 168 025', '255081416802538'],
    // the key is too short or wrong
    ...['2 55 08 14 168 025 3', '2 55 08 14 168 025 99', '2 55 08 2A 168 025 99', '2-55-08-14-168-025-9'],
    ...['2 5508 14168 025 99', '2 55 08 14168025 99', '2 55 08 14 168 025 (38)', '2 55 08 14 168 025 clé 99'],
  ],
  BE: ['85.07.30-033.28'],
  NL: ['1112.22.333', '111 222 333'],
  LU: ['18931201 05732', '1893 12 01 057 32'],
  ES: ['54362315-K', '54.362.315-K', 'X-2482300-W', '28/12345678/40'],
  PT: ['501 964 843'],
  IT: ['RSS MRA 85T10 A562 S', 'RSSMRA85T10A562S'],
  PL: ['440514 01359'],
  CZ: ['710319/2745'],
  DK: ['211062-5629'],
  NO: ['151086 95088'],
  SE: ['880320-0016', '19880320-0016'],
  FI: ['311280-888Y', '010594Y9032'],
  TR: ['172 917 160 60'],
  IN: ['2341 2341 2346'],
  JP: ['1234 5678 9018'],
  BR: ['390.533.447-05', '701 0098 6497 8597', '12.345.678-9'],
  AU: ['2123 45670 1', '123 456 782'],
  RU: ['112-233-445 95'],
};

test('a national or insurance number goes as a whole, as 26 countries write it', async () => {
  for (const [country, numbers] of Object.entries(NUMBERS))
    for (const number of numbers)
      assert.is(await saysOf(`noted ${number}, left`), 'noted [removed], left', `${country} ${number}`);
});

test('in the digits of other scripts', async () => {
  assert.is(await saysOf('٩٤٣ ٤٧٦ ٥٩١٩'), '[removed]');
  assert.is(await saysOf('１２３４ ５６７８ ９０１８'), '[removed]');
});

const NO_NUMBERS = listed(`
  512 512 256 | 100 200 300 | 256 256 128 64 | 123 456 789 mm | TE 120 240 360 | b 100 500 800
  1024 1024 2048 | HU 150-3000 | TR 2500 TE 85 FA 90 | FOV 240 180 ST 3 | 120 kV 250 mAs 1.25 mm
  12.5 10.25 8.75
`);

test('settings of a device are no such numbers', async () => {
  for (const said of NO_NUMBERS) assert.is(await saysOf(said), said);
});

test.run();
