import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, cleaned, listed, raw, saysOf } from '#testing/cleaned-text.ts';
import { text } from '#testing/deidentified-elements.ts';
import type { NewElement } from '../../dicom/encode.ts';
import { findElement } from '../../dicom/values.ts';
import { KNOWN_CHARACTERS_LIMIT, KNOWN_LIMIT } from './known-values.ts';

const test = suite('cleaned text');
const STUDY_DESCRIPTION = 0x00081030;

const GONE: Readonly<Record<string, string>> = {
  // names of the header, in every form
  'CT abdomen for Müller-Lüdenscheidt, Jürgen': 'CT abdomen for [removed]',
  'MULLER LUDENSCHEIDT head': '[removed] head',
  'knee of Mueller, J.': 'knee of [removed].',
  'JMüller thorax': '[removed] thorax',
  MÜLLERJÜRGEN_thorax: '[removed]_thorax',
  'Jürgen K. Müller-Lüdenscheidt left hip': '[removed] left hip',
  'for J.M. only': 'for [removed] only',
  '胸部CT 山田太郎': '胸部CT [removed]',
  'as asked by Esperanza Delgado Ruiz': 'as asked by [removed]',
  // identifiers, places, telephones of the header
  'pat MRN 445566 supine': 'pat [removed] supine',
  'acc ACC778812, station CT-99': 'acc [removed], station [removed]',
  'from St Marien Hospital Bonn, ward': 'from [removed], ward',
  'lives 12 Elm Street, Springfield': 'lives [removed]',
  'her number is 555 0187': 'her number is [removed]',
  // what is known by its form
  'seen by Dr. Hansen today': 'seen by Dr. [removed] today',
  'performed by Anna Schmidt left knee': 'performed by [removed] left knee',
  'Operator: K. Olsen': 'Operator: [removed]',
  'write to x.y@clinic.example or call +49 228 1234567': 'write to [removed] or call [removed]',
  'tel. 0171 2345678 or (217) 555-0199': 'tel. [removed] or [removed]',
  'ID: AB-1234 and 12345678': 'ID: [removed] and [removed]',
  'at Hauptstraße 5, 53111 Bonn': 'at [removed]',
  'see 1.2.840.113619.2.55.3.2831': 'see [removed]',
  // dates, which the plain profile keeps nowhere
  'born 2 May 1961, prior of 14.03.2024': 'born [removed], prior of [removed]',
  'compare 3/14/24 and March 14th, 2024': 'compare [removed] and [removed]',
  'on 14MAR2024 and 2024-03-14T10:00': 'on [removed] and [removed]T10:00',
  'exam 20240314101500': 'exam [removed]',
  'since März 2024': 'since [removed]',
  'a 92-year-old man': 'a [removed]-year-old man',
  'scan 14.03.24-15.03.24 done': 'scan [removed] done',
  'am 14. 03. 2024 nativ': 'am [removed] nativ',
  'x14.03.2024': 'x[removed]',
  '2024-03 baseline': '[removed] baseline',
  'Jürgens Knie links': '[removed] Knie links',
  'geb 2.5.61': 'geb [removed]',
  'pat 445-566': 'pat [removed]',
  'ruft an: schmidt@home': 'ruft an: [removed]',
  'Reported by Anna Schmidt': 'Reported by [removed]',
  'nurse: K. Olsen': 'nurse: [removed]',
  'on 05/3/24 and 5/03/24': 'on [removed] and [removed]',
  'seen 14MAR': 'seen [removed]',
};

test('loses values of the header and text that identifies by its form, and nothing else', async () => {
  for (const [said, left] of Object.entries(GONE)) assert.is(await saysOf(said), left, said);
});

const KEPT = listed(`
  T1 2D SE 512x512 b=1000 TR 4500.5 TE 12 | DR CHEST PA | MR HEAD
  L4/L5 disc, 3/4 views, 1.5 T, 120 kVp, 64 slice CT | Abdomen 1.0 B30f | ax T2 TSE FS | MS protocol
  may show 5 mm nodule, see 3 | AP/LAT 10:30 | Thorax 5.0 MPR cor | IM0001 SE12
  diff b0-1000 3DIR ADC | post gd 7.5 ml | RM 2.1 cm x 3.4 cm | year 2019 | MAG 2 | Dosis 0.125 mSv
  5/10/15 min | ribs 10/11/12 | 10-12-14 mm | at 12:30 | Thorax a.p. | i.v. contrast | Prostate, RT
  Series name: Ax T2 | Patient: Supine | seen by ICU | tube ID 7.5 | HU 150-3000 | 512 512 1000
  TR 10000 | Thorax500 | b0b50b400b800 | Version 3.5.1.0 | Set 1 of 3 | May 5 mm | OCT 3
  stent 3 years | suivi 5 ans | Gallenweg 5 mm | mA 100 | Image 123 | CT 16 slice | AP/PA
  Mother: Breast cancer | done by Seldinger technique | duct 10 mm | 250000 counts
  Patient: Sitting | lot 14.03.1700 | Kernel B1.02.03 | JUL 45 | Jun 00
`);

test('keeps the words of the trade, measurements, sequences and years', async () => {
  for (const said of KEPT) assert.is(await saysOf(said), said);
});

test('tells ages up to 90 where patient characteristics are retained', async () => {
  assert.is(
    await saysOf('a 92-year-old man, 55 y/o wife, aged 101', 'retain-patient-characteristics'),
    'a 90-year-old man, 55 y/o wife, aged 90',
  );
});

test('values that the policy keeps may stay in the text', async () => {
  assert.is(
    await saysOf('from St. Marien Hospital Bonn', 'retain-institution-identity'),
    'from St. Marien Hospital Bonn',
  );
  assert.is(await saysOf('see 1.2.840.113619.2.55.3.2831', 'retain-uids'), 'see 1.2.840.113619.2.55.3.2831');
});

/** A header, and texts before and after cleaning under it. */
const PEOPLE: readonly (readonly [header: NewElement, texts: Readonly<Record<string, string>>])[] = [
  [
    text(0x00100010, 'PN', "O'Brien^Sean"),
    { 'OBRIEN knee': '[removed] knee', "O'Brien, S.": '[removed].', 'Sean OBrien': '[removed]' },
  ],
  [text(0x00100010, 'PN', 'OBrien^Sean'), { "O'Brien": '[removed]' }],
  [
    text(0x00100010, 'PN', 'de la Cruz^María José'),
    {
      'DELACRUZ head': '[removed] head',
      'RM de la rodilla': 'RM de la rodilla',
      'Maria Jose de la Cruz': '[removed]',
    },
  ],
  [
    text(0x00100010, 'PN', 'van der Berg^Jan'),
    { 'CT der Lunge': 'CT der Lunge', 'J. van der Berg': '[removed]' },
  ],
  [text(0x00100010, 'PN', 'Mueller^Joerg'), { 'Jörg Müller': '[removed]', 'Knie Muller': 'Knie [removed]' }],
  [text(0x00100010, 'PN', 'Peters^Anna'), { 'Becken a.p.': 'Becken a.p.', 'signed A.P.': 'signed A.P.' }],
  [
    text(0x00100010, 'PN', 'Li^Wei'),
    { 'for W. Li': 'for [removed]', 'Li, W. supine': '[removed] supine', 'LI wrist': 'LI wrist' },
  ],
  [text(0x00100010, 'PN', 'Smith^John'), { 胸部Smith様: '胸部[removed]様' }],
  [text(0x00100010, 'PN', 'Kim^Hee=김^희'), { '흉부 김희': '흉부 [removed]' }],
  [
    text(0x00100010, 'PN', 'Lindqvist^Per'),
    {
      'xLindqvistq5 knee': 'x[removed]q5 knee',
      'Lindqvists knä': '[removed] knä',
      'perifer oedem': 'perifer oedem',
    },
  ],
  [text(0x00100010, 'PN', 'Test^Patient'), { 'Patient supine': 'Patient supine' }],
  [text(0x00100010, 'PN', 'John Smith'), { 'J. Smith, knee': '[removed], knee', 'Smith, John': '[removed]' }],
  [text(0x00081010, 'SH', 'US12'), { 'plus 12 mm': 'plus 12 mm', 'at US12': 'at [removed]' }],
  [text(0x00100010, 'UN', 'Lindqvist^Per'), { 'knee of Lindqvist': 'knee of [removed]' }],
  [text(0x00100010, 'PN', 'Schmidtke77^Jane'), { 'Schmidtke knee': '[removed] knee' }],
  [
    text(0x00100010, 'PN', 'Frau Lindqvist^Eva'),
    { 'Frau mit Husten': 'Frau mit Husten', 'Lindqvist E': '[removed]' },
  ],
  [text(0x00100010, 'PN', 'Anna Maria Lindqvist'), { 'Lindqvist AM knee': '[removed] knee' }],
  [text(0x00100010, 'PN', 'Lindqvist^An Li'), { 'knee of An Li': 'knee of [removed]' }],
  [
    text(0x00100010, 'PN', 'Yamada^Taro=山田^太郎=やまだ^たろう'),
    { '胸部 ヤマダ': '胸部 [removed]', '胸部 ガンマ': '胸部 ガンマ' },
  ],
  [text(0x00080055, 'AE', 'STOREQX'), { 'sent to STOREQX': 'sent to [removed]' }],
  [text(0x00080055, 'AE', 'MÜNCHENQX'), { 'sent to MÜNCHENQX': 'sent to [removed]' }],
  [
    text(0x00080080, 'LO', 'Abdomen Zentrum Bonn'),
    { 'CT Abdomen': 'CT Abdomen', 'aus Bonn': 'aus [removed]' },
  ],
  [text(0x00080080, 'LO', 'Klinik Ulm'), { 'from Klinik Ulm': 'from [removed]' }],
  [text(0x00080050, 'SH', '12-34'), { 'TR 1234': 'TR 1234', 'TE 12-34': 'TE 12-34' }],
  [
    text(0x00101040, 'LO', 'Lindenallee 7, 50968 Köln-Bayenthal'),
    { 'wohnt in Koeln': 'wohnt in [removed]', 'PLZ 50968': 'PLZ [removed]' },
  ],
  [
    {
      tag: 0x00080096,
      vr: 'SQ',
      value: [
        [
          {
            tag: 0x00401101,
            vr: 'SQ',
            value: [[text(0x00080100, 'SH', 'DOC7771'), text(0x00080104, 'LO', 'Kowalska, Eva')]],
          },
        ],
      ],
    },
    { 'by Eva Kowalska': 'by [removed]' },
  ],
];

test('finds people as they are written, and leaves the words that only look like them', async () => {
  for (const [header, texts] of PEOPLE) {
    for (const [said, left] of Object.entries(texts)) {
      const { of } = await cleaned(
        [header, text(ADDITIONAL_PATIENT_HISTORY, 'LT', said)],
        'clean-descriptors',
      );
      assert.is(of(ADDITIONAL_PATIENT_HISTORY), left, said);
    }
  }
});

test('is no longer than its VR allows', async () => {
  const { of } = await cleaned(
    [text(STUDY_DESCRIPTION, 'LO', `${'head '.repeat(11)}Jürgen`)],
    'clean-descriptors',
  );
  assert.is(of(STUDY_DESCRIPTION), `${'head '.repeat(11)}[removed]`);
  const { of: short } = await cleaned([text(0x30060002, 'SH', 'Jürgen and Karl2')], 'clean-descriptors');
  assert.is(short(0x30060002), '[-] and [-]2');
});

test('each of several values is cleaned separately', async () => {
  const { instance } = await cleaned(
    [text(0x00081080, 'LO', 'fracture', 'pain of Jürgen', 'A')],
    'clean-descriptors',
  );
  assert.is(
    new TextDecoder().decode(findElement(instance.elements, 0x00081080)!.bytes!).trim(),
    'fracture\\pain of [removed]\\A',
  );
  // In a report: Strain Description, UC.
  const item = [text(0x00100212, 'UC', 'Jürgen', 'Müller')];
  const report = await cleaned([{ tag: 0x0040a730, vr: 'SQ', value: [item] }], 'clean-structured-content');
  const [content] = findElement(report.instance.elements, 0x0040a730)!.items!;
  assert.is(
    new TextDecoder().decode(findElement(content!.elements, 0x00100212)!.bytes!).trim(),
    '[removed]\\[removed]',
  );
});

/**
 * Specific Character Set, the name as it stands in Patient's Name, and in a description between words; by
 * hand, in bytes.
 */
const ascii = (said: string): number[] => [...said].map((character) => character.charCodeAt(0));
const encoded: Readonly<Record<string, { readonly name: number[]; readonly word: number[] }>> = {
  'ISO_IR 100': { name: [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72], word: [0x4d, 0xdc, 0x4c, 0x4c, 0x45, 0x52] },
  'ISO_IR 144': { name: [0xbb, 0xee, 0xda, 0xe1, 0xd5, 0xdc], word: [0xbb, 0xee, 0xda, 0xe1, 0xd5, 0xdc] },
  'ISO_IR 166': { name: [0xca, 0xc1, 0xc8, 0xd1, 0xa1], word: [0xca, 0xc1, 0xc8, 0xd1, 0xa1] },
  GB18030: { name: [0xcd, 0xf5, 0xd0, 0xa1, 0xb6, 0xab], word: [0xcd, 0xf5, 0xd0, 0xa1, 0xb6, 0xab] },
  '\\ISO 2022 IR 87': {
    name: [0x1b, 0x24, 0x42, 0x3b, 0x33, 0x45, 0x44, 0x1b, 0x28, 0x42],
    word: [0x1b, 0x24, 0x42, 0x3b, 0x33, 0x45, 0x44, 0x1b, 0x28, 0x42],
  },
  '\\ISO 2022 IR 149': {
    name: [0x1b, 0x24, 0x29, 0x43, 0xfb, 0xf3, 0xd1, 0xce, 0xd4, 0xd7],
    word: [0x1b, 0x24, 0x29, 0x43, 0xfb, 0xf3, 0xd1, 0xce, 0xd4, 0xd7],
  },
};

test('in every character set, with the surrounding text kept bit for bit', async () => {
  for (const [set, { name, word }] of Object.entries(encoded)) {
    const { of, bytes } = await cleaned(
      [
        text(0x00080005, 'CS', set),
        raw(0x00100010, 'PN', ...name),
        raw(0x00081030, 'LO', ...ascii('head of '), ...word, ...ascii(', 3 mm')),
        text(0x00080080, 'LO', 'X'),
        text(0x00080090, 'PN', 'Y'),
      ],
      'clean-descriptors',
    );
    assert.is(of(STUDY_DESCRIPTION), 'head of [removed], 3 mm', set);
    assert.not.ok(Buffer.from(bytes).includes(Buffer.from(name)), set);
  }
});

test('Japanese around a name keeps its escapes', async () => {
  // 胸部 山田 像 in ISO 2022 IR 87, the name in the middle
  const jis = [
    0x1b, 0x24, 0x42, 0x36, 0x3b, 0x49, 0x74, 0x3b, 0x33, 0x45, 0x44, 0x41, 0x7c, 0x1b, 0x28, 0x42,
  ];
  const { of } = await cleaned(
    [
      text(0x00080005, 'CS', '', 'ISO 2022 IR 87'),
      raw(0x00100010, 'PN', 0x1b, 0x24, 0x42, 0x3b, 0x33, 0x45, 0x44, 0x1b, 0x28, 0x42),
      raw(0x00081030, 'LO', ...jis),
    ],
    'clean-descriptors',
  );
  assert.is(of(STUDY_DESCRIPTION), '胸部[removed]像');
});

test('text that cannot be decoded cannot be cleaned: it is treated as under the profile', async () => {
  const { of } = await cleaned(
    [text(0x00080005, 'CS', 'ISO_IR 6'), raw(STUDY_DESCRIPTION, 'LO', ...ascii('head '), 0xff, 0xfe)],
    'clean-descriptors',
  );
  assert.is(of(STUDY_DESCRIPTION), null);
});

/** No value of it could be held against its names, so nothing of it leaves: under the plain profile neither. */
async function isHeld(elements: readonly NewElement[]): Promise<void> {
  for (const options of [[], ['clean-descriptors']]) {
    const outcome = await cleaned(elements, ...options).catch((error: Error) => error.message);
    assert.is(typeof outcome === 'string' ? outcome : 'ready', 'too-much-to-deidentify');
  }
}

test('a header with more names than any real one is held', async () => {
  const letters = (at: number): string =>
    [...String(at)].map((digit) => 'bcdfghjklm'[Number(digit)]).join('');
  const names = (count: number) =>
    text(0x00081048, 'PN', ...Array.from({ length: count }, (_, at) => `Quux${letters(at)}`));
  const said = text(STUDY_DESCRIPTION, 'LO', 'head');
  assert.is((await cleaned([names(100), said], 'clean-descriptors')).of(STUDY_DESCRIPTION), 'head');
  await isHeld([names(KNOWN_LIMIT + 100), said]);
  // Each of these elements is short enough to be read, and none of the names is many names.
  const long = (each: number) =>
    [0x00081048, 0x00081050, 0x00081060, 0x00081070].map((tag, of) =>
      text(
        tag,
        'PN',
        ...Array.from({ length: each }, (_, at) => `${letters(1000 * of + at)}${'quux'.repeat(20)}`),
      ),
    );
  assert.is((await cleaned([...long(10), said], 'clean-descriptors')).of(STUDY_DESCRIPTION), 'head');
  await isHeld([...long(KNOWN_CHARACTERS_LIMIT / 300), said]);
  // Ways of writing them count, not names alone.
  const double = (count: number) =>
    text(
      0x00081048,
      'PN',
      ...Array.from(
        { length: count },
        (_, at) => `Quux${letters(at)} Quuz${letters(at)}^Anna${letters(at)} Lena`,
      ),
    );
  assert.is((await cleaned([double(5), said], 'clean-descriptors')).of(STUDY_DESCRIPTION), 'head');
  await isHeld([double(KNOWN_CHARACTERS_LIMIT / 100), said]);
});

test('a name that swallowed the elements after it is searched word by word', async () => {
  const swallowed = text(
    0x00081050,
    'PN',
    `Quuxman^${Array.from({ length: 40 }, (_, at) => `w${'abcdefgh'[at % 8]}rd${'klmnopqr'[at % 8]}`).join(' ')}`,
  );
  assert.is(
    (await cleaned([swallowed, text(STUDY_DESCRIPTION, 'LO', 'head of Quuxman')], 'clean-descriptors')).of(
      STUDY_DESCRIPTION,
    ),
    'head of [removed]',
  );
});

test('codes of the standard stay in a cleaned procedure, and its own codes are cleaned', async () => {
  const code = (value: string, scheme: string, meaning: string): NewElement[] => [
    text(0x00080100, 'SH', value),
    text(0x00080102, 'SH', scheme),
    text(0x00080104, 'LO', meaning),
  ];
  const { bytes } = await cleaned(
    [
      {
        tag: 0x00081084,
        vr: 'SQ',
        value: [code('386661006', 'SCT', 'Fever'), code('F1', '99LOCAL', 'Fever of Jürgen')],
      },
    ],
    'clean-descriptors',
  );
  const out = Buffer.from(bytes);
  for (const kept of ['386661006', 'SCT', 'Fever', '99LOCAL', 'Fever of [removed]'])
    assert.ok(out.includes(kept), kept);
});

test('any cleaned text is unchanged when cleaned again', async () => {
  const word = fc.constantFrom(
    ...listed(`
      Jürgen | Müller | MRN445566 | 14.03.2024 | 3/4/24 | March 14 | 20240314 | Dr. Hansen | a@b.cd
      555-0187 | head | [removed] | 山田 | 92-year-old | J. | , | - | CT | 12345678 | Elm Street
      seen by | ID | 5
    `),
  );
  const said = fc
    .array(fc.tuple(word, fc.constantFrom(' ', '', ', ', '_', '\\', '\n')), { maxLength: 12 })
    .map((parts) => parts.flat().join(''));
  const options = fc.subarray([
    'retain-longitudinal-modified-dates',
    'retain-patient-characteristics',
    'retain-institution-identity',
  ]);
  await fc.assert(
    fc.asyncProperty(said, options, async (each, some) => void (await saysOf(each, ...some))),
    { numRuns: 300, seed: 1 },
  );
});

test.run();
