/**
 * Files that users of other DICOM projects reported in public: what a PACS takes is sent, under a policy that keeps
 * names with its bytes as they are and a warning; where names are removed the odd part goes too, or a person decides.
 * Each kind has inputs of its own here; the reported files are rebuilt in `corpus/field`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { holds } from '#testing/deidentified-elements.ts';
import { pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { itemsIn } from '#testing/odd-files.ts';
import { bytesSource } from '../dicom/byte-source.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { concatBytes, encodeElement, encodeElements, encodeHeader, textValue } from '../dicom/encode.ts';
import type { NewElement } from '../dicom/encode.ts';
import { readInstance } from '../dicom/part10.ts';
import {
  encodingOf,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../dicom/registry.ts';
import {
  SERIES_INSTANCE_UID,
  SOP_INSTANCE_UID,
  STUDY_INSTANCE_UID,
  TRANSFER_SYNTAX_UID,
} from '../dicom/tags.ts';
import { irregularitiesIn } from '../protocol/irregularities.ts';
import { REASONS } from '../protocol/reasons.ts';
import { ingestFile, type DevicePolicy } from './ingest-file.ts';

const test = suite('files from the field');
const { corpus } = testEnvironment();
const IDENTIFIED: DevicePolicy = { kind: 'identified' };
const DEIDENTIFIED: DevicePolicy = {
  kind: 'deidentified',
  rules: rulesOf(),
  pseudonyms: await pseudonymsOf(1),
};
const PLANTED = /ZEBRAFINK|Musterfrau|FLD-/;
const EXPLICIT = encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!;
const IMPLICIT = encodingOf(IMPLICIT_VR_LITTLE_ENDIAN)!;

/** The odd warnings of a file that is sent, or why it is not; and whether its bytes left as they are. */
async function ending(
  bytes: Uint8Array,
  policy: DevicePolicy,
): Promise<{ readonly said: string; readonly isSame: boolean }> {
  const outcome = await ingestFile(Uint8Array.from(bytes), { policy, inFolder: false });
  if (outcome.kind !== 'ready') return { said: `${outcome.kind}: ${outcome.because}`, isSame: false };
  const sent = new Uint8Array(
    await new Blob([outcome.instance.bytes as Uint8Array<ArrayBuffer>]).arrayBuffer(),
  );
  if (policy.kind === 'deidentified') assert.not.match(Buffer.from(sent).toString('latin1'), PLANTED);
  const read = await readInstance(bytesSource(sent));
  assert.is(read.kind, 'ready', 'the gateway reads it');
  const odd = irregularitiesIn(outcome.warnings).join(' ');
  return { said: `sent ${odd}`.trim(), isSame: Buffer.from(sent).equals(bytes) };
}

async function endsAs(bytes: Uint8Array, identified: string, deidentified: string, what: string) {
  const kept = await ending(bytes, IDENTIFIED);
  assert.equal(kept, { said: identified, isSame: identified.startsWith('sent') }, what);
  assert.is((await ending(bytes, DEIDENTIFIED)).said, deidentified, what);
}

const PATIENT: readonly SimpleElement[] = [
  [0x00080060, 'CS', 'CT'],
  [0x00100010, 'PN', 'Musterfrau^Erika'],
  [0x00100020, 'LO', 'FLD-001'],
];
const IMAGE = { rows: 4, columns: 4, bitsAllocated: 16, pixels: new Uint8Array(32).fill(5) } as const;
const CT = '1.2.840.10008.5.1.4.1.1.2';
const ct = (elements: readonly SimpleElement[] = [], syntax: string = EXPLICIT_VR_LITTLE_ENDIAN) =>
  builtFile([...PATIENT, ...elements], { image: IMAGE, sopClass: CT, syntax });

/** First byte of the Data Set of a file with a right header. */
const endOfHeader = (bytes: Uint8Array): number =>
  144 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(140, true);

function behindHeader(bytes: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array {
  const end = endOfHeader(bytes);
  return concatBytes([bytes.subarray(0, end), ...more, bytes.subarray(end)]);
}

test('classes that are stored are sent: retired ones, and ones that this list does not have', async () => {
  const HELD = 'quarantined: undeclared-text';
  for (const [sopClass, deidentified] of [
    ['1.2.840.10008.5.1.1.29', HELD],
    ['1.2.840.10008.5.1.1.30', HELD],
    ['1.2.840.10008.5.1.1.27', 'sent'],
    ['1.2.840.10008.5.1.1.41', 'sent'],
    ['1.2.840.10008.5.1.4.34.9', 'sent'],
    ['1.2.840.10008.5.1.4.99.1', 'sent'],
    ['1.2.840.10008.5.1.4.1.1.999', 'sent'],
    ['1.2.840.10008.9.1', 'sent'],
  ] as const)
    await endsAs(builtFile(PATIENT, { image: IMAGE, sopClass }), 'sent', deidentified, sopClass);
});

test('classes that no file can hold stay refused', async () => {
  for (const sopClass of [
    '1.2.840.10008.1.1',
    '1.2.840.10008.1.3.10',
    '1.2.840.10008.1.20.1',
    '1.2.840.10008.5.1.1.16.376',
    '1.2.840.10008.5.1.4.1.2.2.1',
    '1.2.840.10008.5.1.4.31',
  ])
    await endsAs(
      builtFile(PATIENT, { image: IMAGE, sopClass }),
      'refused: sop-class-not-storage',
      'refused: sop-class-not-storage',
      sopClass,
    );
});

const meta = (tag: number, vr: string, value: string): NewElement => ({
  tag,
  vr,
  value: textValue(vr, value),
});
const SYNTAX = meta(TRANSFER_SYNTAX_UID, 'UI', IMPLICIT_VR_LITTLE_ENDIAN);
const TITLE = meta(0x00020016, 'AE', 'ZEBRAFINK');

test('of two headers the first one counts, and the second one goes with the names', async () => {
  const odd = 'sent file-meta-twice';
  const explicit = (...elements: readonly NewElement[]) => encodeElements(elements, EXPLICIT);
  const length = (bytes: Uint8Array) =>
    concatBytes([
      encodeElement({ tag: 0x00020000, vr: 'UL', value: Uint8Array.of(bytes.length, 0, 0, 0) }, EXPLICIT),
      bytes,
    ]);
  const own = (bytes: Uint8Array) => bytes.subarray(132, endOfHeader(bytes));
  const implicit = ct([], IMPLICIT_VR_LITTLE_ENDIAN);
  for (const [what, bytes] of [
    ['part of an older one', behindHeader(ct(), explicit(SYNTAX, TITLE))],
    ['one with its length', behindHeader(ct(), length(explicit(SYNTAX)))],
    ['the same again', behindHeader(ct(), own(ct()))],
    ['two more', behindHeader(ct(), own(ct()), explicit(SYNTAX, TITLE))],
    ['encoded as the Data Set', behindHeader(implicit, encodeElements([SYNTAX, TITLE], IMPLICIT))],
    ['explicit before a Data Set that is implicit', behindHeader(implicit, explicit(SYNTAX, TITLE))],
  ] as const)
    await endsAs(bytes, odd, odd, what);
});

test('a header without its length counts before the second one', async () => {
  const bytes = ct();
  const first = bytes.subarray(144, endOfHeader(bytes));
  const twice = concatBytes([
    bytes.subarray(0, 132),
    first,
    encodeElements([SYNTAX, TITLE], EXPLICIT),
    bytes.subarray(endOfHeader(bytes)),
  ]);
  await endsAs(twice, 'sent file-meta-twice', 'sent file-meta-twice', 'without its length');
});

test('group 0002 in the middle of a Data Set stays refused', async () => {
  const bytes = ct();
  const at = Buffer.from(bytes).indexOf(encodeHeader(0x00100010, 'PN', 16, EXPLICIT));
  const inside = concatBytes([bytes.subarray(0, at), encodeElements([TITLE], EXPLICIT), bytes.subarray(at)]);
  await endsAs(inside, 'refused: file-meta-in-data-set', 'refused: file-meta-in-data-set', 'in the middle');
});

/** The header in implicit VR. */
function withImplicitHeader(syntax: string, hasPreamble = true): Uint8Array {
  const bytes = ct([], syntax);
  const content = encodeElements(
    [
      meta(0x00020002, 'UI', CT),
      meta(0x00020003, 'UI', '1.2.3.1'),
      meta(TRANSFER_SYNTAX_UID, 'UI', syntax),
      meta(0x00020012, 'UI', '2.25.4711'),
    ],
    IMPLICIT,
  );
  const group = encodeElement(
    { tag: 0x00020000, vr: 'UL', value: Uint8Array.of(content.length, 0, 0, 0) },
    IMPLICIT,
  );
  return concatBytes([
    bytes.subarray(0, hasPreamble ? 132 : 0),
    group,
    content,
    bytes.subarray(endOfHeader(bytes)),
  ]);
}

test('a header in implicit VR is read, and written again as the standard asks', async () => {
  for (const [syntax, hasPreamble] of [
    [IMPLICIT_VR_LITTLE_ENDIAN, true],
    [EXPLICIT_VR_LITTLE_ENDIAN, true],
    [EXPLICIT_VR_BIG_ENDIAN, true],
    [IMPLICIT_VR_LITTLE_ENDIAN, false],
    [EXPLICIT_VR_LITTLE_ENDIAN, false],
  ] as const) {
    const what = `${syntax} ${hasPreamble}`;
    const bytes = withImplicitHeader(syntax, hasPreamble);
    const outcome = await ingestFile(Uint8Array.from(bytes), { policy: IDENTIFIED, inFolder: false });
    if (outcome.kind !== 'ready') throw new Error(`${what}: ${outcome.because}`);
    assert.equal(outcome.warnings, ['file-meta-written'], what);
    assert.is(outcome.instance.transferSyntaxUID, syntax);
    const sent = outcome.instance.bytes as Uint8Array;
    const right = ct([], syntax);
    assert.equal(sent.subarray(endOfHeader(sent)), right.subarray(endOfHeader(right)), what);
    const read = await readInstance(bytesSource(sent));
    assert.equal(read.kind === 'ready' && read.instance.warnings, [], what);
    assert.is((await ending(bytes, DEIDENTIFIED)).said, 'sent', what);
  }
});

/** Written as `own`, and named as another. */
function namedAs(syntax: string, own: string): Uint8Array {
  const bytes = ct([], own);
  const header = encodeElements(
    [meta(0x00020002, 'UI', CT), meta(0x00020003, 'UI', '1.2.3.1'), meta(TRANSFER_SYNTAX_UID, 'UI', syntax)],
    EXPLICIT,
  );
  const group = { tag: 0x00020000, vr: 'UL', value: Uint8Array.of(header.length, 0, 0, 0) };
  return concatBytes([
    bytes.subarray(0, 132),
    encodeElement(group, EXPLICIT),
    header,
    bytes.subarray(endOfHeader(bytes)),
  ]);
}

test('private transfer syntaxes are sent as they are, and held where names are removed', async () => {
  for (const [syntax, own] of [
    ['1.2.840.113619.5.2', IMPLICIT_VR_LITTLE_ENDIAN],
    ['1.3.46.670589.33.1.4.1', EXPLICIT_VR_LITTLE_ENDIAN],
    ['1.2.276.0.7230010.3.1.9.1', EXPLICIT_VR_BIG_ENDIAN],
    ['2.25.330927760802857196733575788086978331', IMPLICIT_VR_LITTLE_ENDIAN],
    ['1.2.840.10008.1.2.4.999', EXPLICIT_VR_LITTLE_ENDIAN],
  ] as const)
    await endsAs(
      namedAs(syntax, own),
      'sent transfer-syntax-unknown',
      'quarantined: transfer-syntax-unknown',
      syntax,
    );
});

test('a transfer syntax that nobody can have defined, or behind which nothing can be read, is refused', async () => {
  const unreadable = concatBytes([
    namedAs('1.2.840.113619.5.999', EXPLICIT_VR_LITTLE_ENDIAN).subarray(0, 300),
    new Uint8Array(400).fill(0x9d),
  ]);
  unreadable.fill(0x9d, endOfHeader(unreadable));
  for (const bytes of [
    namedAs('1.2.3.4.5.6', EXPLICIT_VR_LITTLE_ENDIAN),
    namedAs('../../etc', EXPLICIT_VR_LITTLE_ENDIAN),
    unreadable,
  ])
    await endsAs(
      bytes,
      'refused: transfer-syntax-unknown',
      'refused: transfer-syntax-unknown',
      'no transfer syntax',
    );
});

const WORD: NewElement = { tag: 0x00080104, vr: 'LO', value: textValue('LO', 'ZEBRAFINK') };
const SPECIES = 0x00102202;

test('items of a UN that cannot be read are sent as they are, and go with the names', async () => {
  const explicit = itemsIn(EXPLICIT_VR_LITTLE_ENDIAN, WORD);
  const odd = 'sent sequence-unreadable';
  for (const [what, elements] of [
    ['explicit VR', [[SPECIES, 'UN', explicit]]],
    [
      'big endian items behind an item tag',
      [[SPECIES, 'UN', concatBytes([explicit.subarray(0, 8), itemsIn(EXPLICIT_VR_BIG_ENDIAN, WORD)])]],
    ],
    ['two items', [[SPECIES, 'UN', concatBytes([explicit, explicit])]]],
    ['another sequence', [[0x00081140, 'UN', explicit]]],
    [
      'words behind an item tag',
      [[SPECIES, 'UN', concatBytes([explicit.subarray(0, 8), textValue('LO', 'ZEBRAFINK')])]],
    ],
    ['in an item of a sequence', [[0x00400275, 'SQ', [[SPECIES, 'UN', explicit]]]]],
  ] as const) {
    const bytes = ct(elements as readonly SimpleElement[]);
    assert.ok(holds(bytes, 'ZEBRAFINK'));
    await endsAs(bytes, odd, odd, what);
  }
});

test('identifiers of 65 to 80 characters are sent as they are, and replaced where a person releases them', async () => {
  const long = (length: number) => `1.2.276.0.7230010.3.${'1'.repeat(length - 20)}`;
  const identified = 'sent uid-form';
  const tags = [STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_INSTANCE_UID];
  for (const [tag, length] of [
    ...tags.map((each) => [each, 66] as const),
    [tags[0]!, 65],
    [tags[0]!, 80],
  ] as const) {
    const bytes = withIdentifier(tag, long(length));
    await endsAs(bytes, identified, 'quarantined: uid-form', `${tag} ${length}`);
    const released = await ingestFile(Uint8Array.from(bytes), {
      policy: DEIDENTIFIED,
      inFolder: false,
      looked: ['form'],
    });
    if (released.kind !== 'ready') throw new Error(released.because);
    const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = released.instance;
    for (const uid of [studyInstanceUID, seriesInstanceUID, sopInstanceUID]) assert.ok(uid.length <= 64, uid);
  }
  await endsAs(withIdentifier(tags[0]!, long(82)), 'refused: invalid-uid', 'refused: invalid-uid', '82');
});

/** A CT image in which one identifier of the Data Set is replaced. */
function withIdentifier(tag: number, uid: string): Uint8Array {
  const bytes = ct();
  const own = tag === SOP_INSTANCE_UID ? '1.2.3.1' : tag === SERIES_INSTANCE_UID ? '1.2.3.2' : '1.2.3.3';
  const element = (value: string) =>
    encodeElement({ tag, vr: 'UI', value: textValue('UI', value) }, EXPLICIT);
  const at = Buffer.from(bytes).indexOf(element(own));
  return concatBytes([bytes.subarray(0, at), element(uid), bytes.subarray(at + element(own).length)]);
}

test('a UID of more than 64 characters that names no instance is sent as it is, and replaced with the names', async () => {
  const long = `1.2.276.0.7230010.3.${'123456789.'.repeat(6)}1`;
  for (const elements of [
    [[0x00200052, 'UI', long]],
    [[0x00080014, 'UI', long]],
    [[0x00200200, 'UI', long]],
    [
      [
        0x00081140,
        'SQ',
        [
          [0x00081150, 'UI', CT],
          [0x00081155, 'UI', long],
        ],
      ],
    ],
    [[0x00081155, 'UI', `${long}.2`]],
  ] as const) {
    const bytes = ct(elements as readonly SimpleElement[]);
    await endsAs(bytes, 'sent', 'sent', JSON.stringify(elements));
    const read = await readInstance(bytesSource(bytes));
    assert.equal(read.kind === 'ready' && read.instance.warnings, ['value-too-long']);
  }
});

test('items of a UN that are as they should be are read, and limits hold inside it', async () => {
  const right = itemsIn(IMPLICIT_VR_LITTLE_ENDIAN, { ...WORD, value: textValue('LO', 'Human') });
  await endsAs(ct([[SPECIES, 'UN', right]]), 'sent', 'sent', 'implicit VR');
  const OPEN = Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff);
  const nested = concatBytes(
    Array.from({ length: 300 }, () => concatBytes([OPEN, encodeHeader(SPECIES, 'SQ', 0xffffffff, IMPLICIT)])),
  );
  const deep = 'refused: nesting-too-deep';
  await endsAs(ct([[SPECIES, 'UN', nested]]), deep, deep, 'nested');
});

test('the image of a disc is named, alone and in a folder, and a file that only looks like one is not', async () => {
  const image = (at: number, mark: string, bytes = 40_960): Uint8Array<ArrayBuffer> => {
    const made = new Uint8Array(bytes);
    made.set(Buffer.from(mark), at);
    return made;
  };
  const bootable = image(32_769, 'CD001');
  bootable.set([0xeb, 0x63, 0x90]);
  const blob = new Blob([image(32_769, 'CD001', 3 * 2 ** 20)]);
  for (const [file, because] of [
    [image(32_769, 'CD001'), 'not-dicom-disc'],
    [image(32_769, 'BEA01'), 'not-dicom-disc'],
    [image(32_769, 'CD001', 32_774), 'not-dicom-disc'],
    [bootable, 'not-dicom-disc'],
    [blob, 'not-dicom-disc'],
    [image(32_768, 'CD001'), 'not-dicom'],
    [image(0, 'CD001'), 'not-dicom'],
    [image(32_764, 'CD001', 32_769), 'not-dicom'],
  ] as const)
    for (const inFolder of [false, true]) {
      const outcome = await ingestFile(file, { policy: IDENTIFIED, inFolder });
      assert.is(outcome.kind, inFolder ? 'skipped' : 'refused');
      assert.is(outcome.kind !== 'ready' && outcome.because, because);
    }
});

test('no refusal says that there is nothing to do while an image may stay behind', () => {
  for (const [code, { next }] of Object.entries(REASONS))
    if (code !== 'left-out') assert.not.match(next, /^You don’t have to do anything/, code);
});

const HELD_TEXT = 'quarantined: undeclared-text';
const CLEAR = 'quarantined: pixel-data-not-clearable';
/** Under a policy that keeps names, and under one that removes them. */
const RIGHT: Readonly<Record<string, readonly [identified: string, deidentified: string]>> = {
  '03-un-sequence-explicit-inside/a': ['sent sequence-unreadable', 'sent sequence-unreadable'],
  '04-implicit-element-in-explicit/a': ['refused: not-parseable', 'refused: not-parseable'],
  '05-signature-and-padding/a': ['sent', 'sent'],
  '08-iso2022-ir58/escapes': ['sent', 'sent'],
  '08-iso2022-ir58/single': ['sent', 'sent'],
  '09-length-200a/meta': ['sent', 'sent'],
  '12-hardcopy-image/hardcopy-color': ['sent', HELD_TEXT],
  '12-hardcopy-image/hardcopy-grayscale': ['sent', HELD_TEXT],
  '12-hardcopy-image/stored-print': ['sent', HELD_TEXT],
  '13-private-transfer-syntax/1.2.276.0.50.1.2.1': ['sent transfer-syntax-unknown', CLEAR],
  '13-private-transfer-syntax/ge-dlx': [
    'sent transfer-syntax-unknown',
    'quarantined: transfer-syntax-unknown',
  ],
  '14-last-fragment-empty/a': ['sent', HELD_TEXT],
  '15-fragments-differ-from-frames/five-of-four': ['sent pixel-data-not-decodable', HELD_TEXT],
  '15-fragments-differ-from-frames/four-of-six': ['sent pixel-data-length', HELD_TEXT],
  '22-second-file-meta/a': ['sent file-meta-twice', 'sent file-meta-twice'],
  '22-second-file-meta/b': ['sent file-meta-twice', 'sent file-meta-twice'],
};

if (corpus === null) skipped('the reported files', 'the corpus is not there');
else {
  const read = (name: string) => readFileSync(join(corpus, 'field', `${name}.dcm`));
  for (const [name, [identified, deidentified]] of Object.entries(RIGHT))
    test(`${name}: ${identified}`, () => endsAs(read(name), identified, deidentified, name));
  for (const name of ['09-length-200a/headless', '11-implicit-file-meta/a'])
    test(`${name} gets a header`, async () => {
      const bytes = read(name);
      const outcome = await ingestFile(Uint8Array.from(bytes), { policy: IDENTIFIED, inFolder: false });
      assert.ok(outcome.kind === 'ready' && outcome.warnings.includes('file-meta-written'));
      assert.is((await ending(bytes, DEIDENTIFIED)).said, 'sent');
    });
}

test.run();
