/**
 * Names are read in the writing of their country, as the standard's own examples and the corpus have them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { bytesSource } from './byte-source.ts';
import { canonicalCharacterSet, textReader } from './character-sets.ts';
import { encodeText } from './encode-text.ts';
import { readInstance } from './part10.ts';
import { PATIENT_NAME } from './tags.ts';
import { findElement, rawText } from './values.ts';

const test = suite('character sets');
const { corpus } = testEnvironment();

/** Bytes in hexadecimal, or text for the ASCII between them, as the tables of PS3.5 print them. */
function bytesOf(...parts: string[]): Uint8Array {
  const hexadecimal = (digits: string): number[] =>
    digits.match(/../g)!.map((hex) => Number.parseInt(hex, 16));
  return Uint8Array.from(
    parts.flatMap((part) =>
      part.startsWith('0x') ? hexadecimal(part.slice(2)) : [...new TextEncoder().encode(part)],
    ),
  );
}

type Example = { what: string; sets: string[]; bytes: Uint8Array; text: string };

const EXAMPLES: Example[] = [
  {
    what: 'PS3.5 H.3.1: Kanji and Hiragana by code extension',
    sets: ['', 'ISO 2022 IR 87'],
    bytes: bytesOf(
      'Yamada^Tarou=',
      ...['0x1b2442', ';3ED', '0x1b2842', '^', '0x1b2442', 'B@O:', '0x1b2842', '='],
      ...['0x1b2442', '$d$^$@', '0x1b2842', '^', '0x1b2442', '$?$m$&', '0x1b2842'],
    ),
    text: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
  },
  {
    what: 'PS3.5 H.3.2: half-width Katakana first, then Kanji',
    sets: ['ISO 2022 IR 13', 'ISO 2022 IR 87'],
    bytes: bytesOf(
      ...['0xd4cfc0de', '^', '0xc0dbb3', '='],
      ...['0x1b2442', ';3ED', '0x1b284a', '^', '0x1b2442', 'B@O:', '0x1b284a', '='],
      ...['0x1b2442', '$d$^$@', '0x1b284a', '^', '0x1b2442', '$?$m$&', '0x1b284a'],
    ),
    text: 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
  },
  {
    what: 'PS3.5 I.2: Hanja and Hangul, announced again after each delimiter',
    sets: ['', 'ISO 2022 IR 149'],
    bytes: bytesOf(
      'Hong^Gildong=',
      '0x1b242943fbf3',
      '^',
      '0x1b242943d1ced4d7',
      '=',
      '0x1b242943c8ab',
      '^',
      '0x1b242943b1e6b5bf',
    ),
    text: 'Hong^Gildong=洪^吉洞=홍^길동',
  },
  {
    what: 'PS3.5 J.1: Chinese in UTF-8',
    sets: ['ISO_IR 192'],
    bytes: bytesOf('Wang^XiaoDong=', '0xe78e8b', '^', '0xe5b08fe69db1'),
    text: 'Wang^XiaoDong=王^小東',
  },
  {
    what: 'PS3.5 J.2: Chinese in GB18030',
    sets: ['GB18030'],
    bytes: bytesOf('Wang^XiaoDong=', '0xcdf5', '^', '0xd0a1b6ab'),
    text: 'Wang^XiaoDong=王^小东',
  },
  {
    what: 'PS3.5 K.2: Chinese by code extension',
    sets: ['', 'ISO 2022 IR 58'],
    bytes: bytesOf('Zhang^XiaoDong=', '0x1b242941d5c5', '^', '0x1b242941d0a1b6ab'),
    text: 'Zhang^XiaoDong=张^小东',
  },
  {
    what: 'JIS X 0212',
    sets: ['', 'ISO 2022 IR 159'],
    bytes: bytesOf('0x1b2428443021', '0x1b2842'),
    text: '丂',
  },
  {
    what: 'Latin-1',
    sets: ['ISO_IR 100'],
    bytes: bytesOf('Buc^J', '0xe9', 'r', '0xf4', 'me'),
    text: 'Buc^Jérôme',
  },
  { what: 'Cyrillic', sets: ['ISO_IR 144'], bytes: bytesOf('0xbbeeda'), text: 'Люк' },
  { what: 'Hebrew', sets: ['ISO_IR 138'], bytes: bytesOf('0xf9f8e5ef'), text: 'שרון' },
  { what: 'Turkish', sets: ['ISO_IR 148'], bytes: bytesOf('0xddf0'), text: 'İğ' },
  {
    what: 'two single-byte sets in one value',
    sets: ['ISO 2022 IR 100', 'ISO 2022 IR 144'],
    bytes: bytesOf('0xe9', '^', '0x1b2d4cbbeeda', '=', '0xe9'),
    text: 'é^Люк=é',
  },
];

for (const { what, sets, bytes, text } of EXAMPLES) {
  test(what, () => {
    assert.equal(textReader(sets).decode(bytes, true), { text, damaged: false });
    assert.is(textReader(sets).known, true);
  });
  test(`${what}, written`, () => {
    assert.equal(encodeText(sets, text, true), bytes);
  });
}

test('a character that no set of the Data Set has is not written', () => {
  for (const sets of [[], ['ISO_IR 100'], ['', 'ISO 2022 IR 149'], ['GBK'], ['NONE']])
    assert.is(encodeText(sets, 'Łódź^丂'), null, sets.join());
  // NEC's, in a row that JIS X 0208 leaves free.
  assert.is(encodeText(['', 'ISO 2022 IR 87'], '髙'), null);
});

test('several values are written with the sets announced again in each', () => {
  const sets = ['', 'ISO 2022 IR 149'];
  const written = encodeText(sets, '김희중\\洪', false)!;
  assert.equal(written, bytesOf('0x1b242943b1e8c8f1c1df', '\\', '0x1b242943fbf3'));
});

test('terms that real writers misspell are understood', () => {
  const terms = {
    'ISO-IR 100': '100',
    'ISO IR 192': 'utf-8',
    iso_ir_144: '144',
    'ISO 2022 149': '149',
    'UTF-8': 'utf-8',
    'ISO 8859-1': '100',
    ' ISO_IR 6 ': '6',
  };
  for (const [term, set] of Object.entries(terms)) assert.is(canonicalCharacterSet(term), set, term);
  for (const term of ['UTF-7', 'EBCDIC', 'ISO_IR 999', 'ISO_IR 100 or so'])
    assert.is(canonicalCharacterSet(term), null, term);
  assert.is(textReader(['UTF-7']).known, false);
});

test('bytes that cannot be decoded are reported and never throw', () => {
  for (const sets of [[], ['ISO_IR 192'], ['', 'ISO 2022 IR 87'], ['GB18030'], ['ISO_IR 13'], ['NONE']]) {
    const { damaged } = textReader(sets).decode(Uint8Array.of(0x41, 0x1b, 0x24, 0xff, 0x1b), true);
    assert.is(damaged, true, sets.join());
  }
});

test('a two-byte set that is not left before the end is reported', () => {
  assert.is(textReader(['', 'ISO 2022 IR 87']).decode(bytesOf('0x1b2442', ';3ED')).damaged, true);
});

test('a backslash that is half of a Chinese character separates nothing', () => {
  assert.equal(textReader(['GBK']).decode(Uint8Array.of(0x81, 0x5c)).text, '乗');
});

const NAMES: Readonly<Record<string, string>> = {
  'charsets/chrArab.dcm': 'قباني^لنزار',
  'charsets/chrFren.dcm': 'Buc^Jérôme',
  'charsets/chrGreek.dcm': 'Διονυσιος',
  'charsets/chrH31.dcm': 'Yamada^Tarou=山田^太郎=やまだ^たろう',
  'charsets/chrJapMulti.dcm': 'やまだ^たろう',
  'charsets/chrKoreanMulti.dcm': '김희중',
  'charsets/chrX1.dcm': 'Wang^XiaoDong=王^小東=',
  'charsets/chrX2.dcm': 'Wang^XiaoDong=王^小东=',
  'derived-charsets/latin2.dcm': 'Żółć^Gęślą',
  'derived-charsets/sjis-halfwidth.dcm': 'ﾃｽﾄ^ﾀﾛｳ',
  'derived-charsets/thai.dcm': 'สมชาย^ทดสอบ',
  'derived-charsets/utf8-astral.dcm': 'Test^𠮷野👩‍⚕️=𠮷野^花子',
};

if (corpus) {
  for (const [file, name] of Object.entries(NAMES)) {
    test(`the patient's name in ${file}`, async () => {
      const outcome = await readInstance(
        bytesSource(new Uint8Array(readFileSync(join(corpus, 'dev', file)))),
      );
      assert.is(outcome.kind, 'ready');
      if (outcome.kind === 'ready')
        assert.is(rawText(findElement(outcome.instance.elements, PATIENT_NAME), outcome.instance), name);
    });
  }
} else skipped('character sets of real files', 'the corpus is not there');

test.run();
