/** Names of the header that a text does not write as the header does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, cleaned, raw } from '#testing/cleaned-text.ts';
import { text } from '#testing/deidentified-elements.ts';
import { isOneTypo } from './near-words.ts';

const test = suite('names that are written otherwise');

/** By patient: texts and what is left of them. */
const SAID: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // one letter wrong, too many, missing, changed with its neighbour; two are another word
  'Lindqvist^Jürgen': {
    'knee of Lindqvst': 'knee of [removed]',
    'knee of Lindqvvist': 'knee of [removed]',
    'knee of Limdqvist': 'knee of [removed]',
    'knee of Lindvqist': 'knee of [removed]',
    'knee of Lundquist': 'knee of Lundquist',
    'knee of Lind\u00adqvist': 'knee of [removed]',
    'knee of Lind\u200bqvist': 'knee of [removed]',
    'knee of Lind-\r\nqvist': 'knee of [removed]',
    'knee of Lind\r\nqvist': 'knee of [removed]',
    'knee of Lind qvist': 'knee of [removed]',
    'knee of L i n d q v i s t, left': 'knee of [removed], left',
    'knee of L-I-N-D-Q-V-I-S-T': 'knee of [removed]',
  },
  "O'Brien-Nakamura^Siobhan": {
    'OBrien left': '[removed] left',
    'for O’Brien': 'for [removed]',
    'O Brien Nakamura': '[removed]',
    OBrienNakamura: '[removed]',
  },
  'Иванова^Анна': {
    'колено Ивановой': 'колено [removed]',
    'для Иванову': 'для [removed]',
    'Ивановское озеро': 'Ивановское озеро',
    'IVANOVA knee': '[removed] knee',
    'kolano Ivanovoy': 'kolano [removed]',
  },
  'Щербаков^Юрий': {
    'Shcherbakov, Yuriy': '[removed]',
    'Iurii came': '[removed] came',
    'Shchetinin came': 'Shchetinin came',
  },
  'Παπαδόπουλος^Νίκος': {
    'του Παπαδόπουλου': 'του [removed]',
    'γόνατο Νίκου': 'γόνατο [removed]',
    'Papadopoulos knee': '[removed] knee',
  },
  'Lüdenscheidt^Jörn': { 'LÃ¼denscheidt knee': 'REMOVED', 'Ã¼ber knee': 'Ã¼ber knee' },
  'Lovelace^Ada': { 'Protokol adı': 'Protokol adı' },
  'Kowalska^Katarzyna': {
    'kolano Kowalskiej': 'kolano [removed]',
    'dla Katarzyny': 'dla [removed]',
    'z Kowalską': 'z [removed]',
  },
  'Virtanen^Marek': {
    'Virtasen polvi': '[removed] polvi',
    Virtaselle: '[removed]',
    'kolano Marka': 'kolano [removed]',
    'market scan': 'market scan',
  },
  'Virtanen^Aino': { 'polvi Virtasellekin': 'polvi [removed]', 'Virtasten polvi': '[removed] polvi' },
  'Lehto^Aino': { 'Lehdon polvi': '[removed] polvi' },
  'Niemi^Aino': { 'polvi Niemessäkin': 'polvi [removed]' },
  'Król^Jan': { 'kolano Królowi': 'kolano [removed]', 'kolano Króla': 'kolano [removed]' },
  'Bąk^Jan': { 'kolano Bąkiem': 'kolano [removed]' },
  'Novotný^Jan': { 'koleno Novotného': 'koleno [removed]', 'u Novotnými': 'u [removed]' },
  'Dvořák^Jan': { 'koleno Dvořákovými': 'koleno [removed]' },
  'Müller^Jürgen': { 'Müllersches Knie': '[removed] Knie' },
  'Bach^Uwe': { 'Bachsche Aufnahme': '[removed] Aufnahme', Bachenbülach: 'Bachenbülach' },
  'Szabó^Pál': { 'Szabóéknál térd': '[removed] térd', Szabónénak: '[removed]' },
  'Kovács^Pál': { Kováccsal: '[removed]' },
  'Demir^Ali': { 'Demirlerden diz': '[removed] diz' },
  'Kazlauskas^Jonas': { Kazlauskui: '[removed]' },
  'Horvat^Ivan': { Horvatovima: '[removed]' },
  'Popescu^Ion': { Popescului: '[removed]' },
  'Stern^Kor': { 'sternal notch, sternum, coronal': 'sternal notch, sternum, coronal' },
  'Horváth^Szabolcs': { 'Horváthnak térd': '[removed] térd', Horváthtal: '[removed]' },
  'Mann^Hans^Kai': {
    'signed H.K.M. today': 'signed [removed] today',
    'signed M. H. K. today': 'signed [removed] today',
    'Hand, manual': 'Hand, manual',
    'HKM came': '[removed] came',
    'AHKM, H/KM, HKM_2': 'AHKM, H/KM, HKM_2',
  },
  'Virtanen^Pekka^Timo': { 'PTV came': '[removed] came', 'VPT and CTV': '[removed] and CTV' },
  'Center^Long': {
    'long axis, center of the lesion': 'long axis, center of the lesion',
    'centre of rotation, longer delay': 'centre of rotation, longer delay',
    'seen by Mr. Center': 'seen by [removed]',
  },
};

test('one wrong letter, endings, split and spaced letters, three initials', async () => {
  for (const [name, texts] of Object.entries(SAID)) {
    for (const [said, left] of Object.entries(texts)) {
      const { of } = await cleaned(
        [
          text(0x00100010, 'PN', name),
          text(0x00080090, 'PN', 'Y'),
          text(ADDITIONAL_PATIENT_HISTORY, 'LT', said),
        ],
        'clean-descriptors',
      );
      assert.is(of(ADDITIONAL_PATIENT_HISTORY), left, `${name}: ${said}`);
    }
  }
});

test('a name in another encoding than the declared one leaves in no text and in no short value', async () => {
  const utf8 = [...new TextEncoder().encode('Kopf Müllerová')];
  const cyrillic = [...'Kopf ']
    .map((character) => character.charCodeAt(0))
    .concat([0xc8, 0xe2, 0xe0, 0xed, 0xee, 0xe2]);
  for (const [name, bytes] of [
    ['Müllerová^Eva', utf8],
    ['Иванов^Пётр', cyrillic],
  ] as const) {
    for (const tag of [ADDITIONAL_PATIENT_HISTORY, 0x00281055]) {
      for (const options of [['clean-descriptors'], []]) {
        const { of } = await cleaned(
          [
            text(0x00080005, 'CS', 'ISO_IR 100'),
            text(0x00100010, 'PN', 'X'),
            // The name itself is right in an item that declares its own set.
            {
              tag: 0x00101002,
              vr: 'SQ',
              value: [[text(0x00080005, 'CS', 'ISO_IR 192'), text(0x00100010, 'PN', name)]],
            },
            raw(tag, tag === 0x00281055 ? 'LO' : 'LT', ...bytes),
          ],
          ...options,
        );
        assert.ok([null, 'REMOVED'].includes(of(tag)), `${name} ${of(tag)}`);
      }
    }
  }
});

test('four digits of a Patient ID, half of an accession number, the birth date as one number', async () => {
  const header = [
    text(0x00100020, 'LO', '4711'),
    text(0x00080050, 'SH', 'A2024-5817'),
    text(0x00100030, 'DA', '19610502'),
  ];
  for (const [number, said, left] of [
    ['12345678', 'ref 5678/5678 knee', 'ref [removed] knee'],
    ['12345678', 'ref 5678 5678', 'ref [removed]'],
    ['12345678', 'TR 5678 knee', 'TR 5678 knee'],
    ['AC123456789', 'ref 6789-6789', 'ref [removed]'],
    ['AC123456789', 'ref 56789', 'ref [removed]'],
    ['CT24-7731942', 'ref 7731942.7731942', 'ref [removed]'],
  ] as const) {
    const own = text(0x00080050, 'SH', number);
    const { of } = await cleaned([own, text(ADDITIONAL_PATIENT_HISTORY, 'LT', said)], 'clean-descriptors');
    assert.is(of(ADDITIONAL_PATIENT_HISTORY), left, `${number}: ${said}`);
  }
  for (const [said, left] of [
    ['pat 4711, head', 'pat [removed], head'],
    ['no 5817', 'no [removed]'],
    ['v 610502 b', 'v [removed] b'],
    ['TR 4711.5', 'TR 4711.5'],
    ['TR 2000, matrix 1024', 'TR 2000, matrix 1024'],
  ] as const) {
    const { of } = await cleaned([...header, text(0x00281055, 'LO', said)], 'clean-descriptors');
    assert.is(of(0x00281055), left, said);
  }
});

test('one typo is one letter', () => {
  for (const other of ['berger', 'bergmr', 'bergre', 'bergera', 'erger'])
    assert.is(isOneTypo('berger', other), true, other);
  for (const other of ['bermer2', 'regber', 'begrre', 'berg'])
    assert.is(isOneTypo('berger', other), false, other);
});

test.run();
