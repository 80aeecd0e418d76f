/** A Data Set has one digest in all of its encodings, and no other Data Set has it. */
import fc from 'fast-check';
import { deflateRawSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes } from '#shared/dicom/encode.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  encodingOf,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
} from '#shared/dicom/registry.ts';
import { encodeVariously, type PlainElement, type PlainItem } from '../testing/encode-variously.ts';
import { createDigestReader } from './digest-reader.ts';

const test = suite('the digest of a Data Set');

async function outcomeOf(bytes: Uint8Array, uid: string = EXPLICIT_VR_LITTLE_ENDIAN, piece = bytes.length) {
  const reader = createDigestReader(uid);
  for (let at = 0; at < bytes.length; at += piece) {
    const some = bytes.slice(at, at + piece);
    await reader.take(some);
    // The reader may keep nothing of what it was given.
    some.fill(0xff);
  }
  return reader.end();
}
async function digestOf(bytes: Uint8Array, uid?: string, piece?: number): Promise<string> {
  const outcome = await outcomeOf(bytes, uid, piece);
  if (outcome.kind !== 'digest') throw new Error(outcome.because);
  return outcome.digest;
}

const SYNTAXES = [
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  JPEG_BASELINE,
];
/** By their VR under PS3.6, so that Implicit VR reads them alike. */
const VALUES = [
  [0x00080060, 'CS'],
  [0x00100010, 'PN'],
  [0x00110010, 'UN'],
  [0x00280010, 'US'],
  [0x00420011, 'OB'],
] as const;
const SEQUENCES = [
  [0x00081115, 'SQ'],
  [0x00091010, 'UN'],
  [0x0040a730, 'SQ'],
] as const;

const bytes = fc.uint8Array({ maxLength: 24 }).map((some) => some.subarray(0, some.length & ~1));
const { item } = fc.letrec<{ item: PlainItem }>((tie) => ({
  item: fc
    .tuple(
      fc
        .subarray([...VALUES])
        .chain((some) =>
          fc.tuple(...some.map(([tag, vr]) => bytes.map((value): PlainElement => ({ tag, vr, value })))),
        ),
      fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constant<PlainItem>([]),
        fc
          .subarray([...SEQUENCES])
          .chain((some) =>
            fc.tuple(
              ...some.map(([tag, vr]) =>
                fc
                  .array(tie('item'), { maxLength: 3 })
                  .map((items): PlainElement => ({ tag, vr, value: { items } })),
              ),
            ),
          ),
      ),
    )
    .map((lists) => lists.flat().toSorted((a, b) => a.tag - b.tag)),
}));
const fragments = fc.option(fc.array(bytes, { minLength: 1, maxLength: 4 }), { nil: null });
const dataSet = fc
  .tuple(item, fragments)
  .map(
    ([elements, some]): PlainItem =>
      some === null ? elements : [...elements, { tag: 0x7fe00010, vr: 'OB', value: { fragments: some } }],
  );

/** The writer's choices, in the order in which it is asked. */
const choices = fc.record({
  delimited: fc.infiniteStream(fc.boolean()),
  lengths: fc.infiniteStream(fc.boolean()),
  spaces: fc.infiniteStream(fc.constantFrom(0, 2, 8)),
  padding: fc.constantFrom(0, 2, 300),
});
type Drawn = typeof choices extends fc.Arbitrary<infer T> ? T : never;
const written = (
  elements: PlainItem,
  uid: string,
  { delimited, lengths, spaces, padding }: Drawn,
): Uint8Array =>
  encodeVariously(elements, {
    encoding: encodingOf(uid)!,
    isDelimited: () => delimited.next().value!,
    hasGroupLength: () => lengths.next().value!,
    spaces: () => spaces.next().value!,
    padding,
  });
/** With delimiters, or with explicit lengths, and nothing else that a writer may add. */
const plainly = (
  elements: PlainItem,
  uid: string = EXPLICIT_VR_LITTLE_ENDIAN,
  isDelimited = true,
): Uint8Array =>
  encodeVariously(elements, {
    encoding: encodingOf(uid)!,
    isDelimited: () => isDelimited,
    hasGroupLength: () => false,
    padding: 0,
  });
const pieces = fc.constantFrom(1, 7, 64, 1_000_000);

test('is that of each of its encodings, in whatever pieces it comes', async () => {
  const property = fc.asyncProperty(
    ...([dataSet, fc.constantFrom(...SYNTAXES), fc.tuple(choices, choices), pieces] as const),
    async (elements, uid, [one, other], piece) => {
      const first = await digestOf(written(elements, uid, one), uid, piece);
      assert.is(first, await digestOf(written(elements, uid, other), uid));
    },
  );
  await fc.assert(property, { seed: 21, numRuns: 400 });
});

/** Every Data Set with one thing changed: a byte of a value, or an element, Item or fragment less or twice. */
function* changed(elements: PlainItem): Generator<PlainItem> {
  for (const [at, element] of elements.entries()) {
    yield elements.toSpliced(at, 1);
    for (const value of changedValues(element)) yield elements.with(at, { ...element, value });
  }
}

function* changedValues({ value }: PlainElement): Generator<PlainElement['value']> {
  if (value instanceof Uint8Array) {
    for (const [at, byte] of value.entries()) yield value.with(at, byte ^ 1);
    yield concatBytes([value, Uint8Array.of(1, 0)]);
  } else if ('items' in value) {
    for (const items of changedLists(value.items, changed)) yield { items };
    yield { items: [...value.items, []] };
  } else
    for (const some of changedLists(value.fragments, (one) => [one.map((byte) => byte ^ 1)]))
      yield { fragments: some };
}

function* changedLists<T>(list: readonly T[], changes: (one: T) => Iterable<T>): Generator<readonly T[]> {
  for (const [at, one] of list.entries()) {
    yield list.toSpliced(at, 1);
    yield list.toSpliced(at, 0, one);
    for (const other of changes(one)) yield list.with(at, other);
  }
}

test('is another for each byte of a value, and for each element, Item and fragment more or less', async () => {
  let compared = 0;
  const property = fc.asyncProperty(
    ...([dataSet, fc.constantFrom(...SYNTAXES), choices] as const),
    async (elements, uid, drawn) => {
      const own = plainly(elements, uid);
      const digest = await digestOf(own, uid);
      for (const other of changed(elements)) {
        // A fragment of nothing, changed, is the same.
        if (Buffer.from(plainly(other, uid)).equals(own)) continue;
        compared += 1;
        assert.is.not(await digestOf(written(other, uid, drawn), uid), digest);
      }
    },
  );
  await fc.assert(property, { seed: 22, numRuns: 80 });
  assert.ok(compared > 1_500, `${compared} compared`);
});

test('counts each byte of a value of UN that begins like an Item and is no Sequence', async () => {
  const inner = Uint8Array.from([
    ...itemOf(48),
    // A text, whose padding is counted here, a group length, and a Sequence of UN in it.
    ...[0x08, 0, 0x60, 0, ...word(4), 0x41, 0x20, 0x20, 0x20],
    ...[0x09, 0, 0, 0, ...word(4), 1, 2, 3, 4],
    ...[0x09, 0, 0x10, 0x10, ...word(16), ...itemOf(8, 0x09, 0, 0x11, 0x10, ...word(0))],
    ...[1, 2, 3, 4, 5, 6, 7, 8],
  ]);
  const valued = (value: Uint8Array): Uint8Array =>
    plainly([
      { tag: 0x00091010, vr: 'UN', value },
      { tag: 0x00280010, vr: 'US', value: Uint8Array.of(1, 0) },
    ]);
  const digests = new Set([await digestOf(valued(inner))]);
  for (const [at, byte] of inner.entries())
    for (const bit of [1, 2, 16, 128]) digests.add(await digestOf(valued(inner.with(at, byte ^ bit))));
  assert.is(digests.size, 4 * inner.length + 1);
});

test('counts a text without its padding, and every other value with it', async () => {
  const valued = (vr: string, ...value: number[]): Uint8Array =>
    plainly([{ tag: 0x00090010, vr, value: Uint8Array.from(value) }]);
  for (const vr of ['SH', 'LT', 'UI', 'UT', 'PN']) {
    const digest = await digestOf(valued(vr, 0x41));
    for (const padding of [[0x20], [0], [0x20, 0x20, 0x20, 0x20, 0x20], [0x20, 0]])
      assert.is(await digestOf(valued(vr, 0x41, ...padding), undefined, 3), digest, vr);
    for (const other of [[0x20, 0x41], [0x41, 0x20, 0x41], [0x42, 0x20], []])
      assert.is.not(await digestOf(valued(vr, ...other)), digest, vr);
  }
  for (const vr of ['OB', 'UN', 'US'])
    assert.is.not(await digestOf(valued(vr, 0x41, 0x20)), await digestOf(valued(vr, 0x41)), vr);
});

test('is the same behind zero bytes, and where the Pixel Data has no delimiter', async () => {
  const element: PlainElement = {
    tag: 0x7fe00010,
    vr: 'OB',
    value: { fragments: [new Uint8Array(0), Uint8Array.of(1, 2)] },
  };
  const whole = plainly([element], JPEG_BASELINE);
  const digest = await digestOf(whole, JPEG_BASELINE);
  for (const zeros of [1, 8, 700])
    assert.is(await digestOf(concatBytes([whole, new Uint8Array(zeros)]), JPEG_BASELINE, 13), digest);
  assert.is(await digestOf(whole.subarray(0, -8), JPEG_BASELINE), digest);
  assert.is.not(
    await digestOf(concatBytes([whole.subarray(0, -18), whole.subarray(-8)]), JPEG_BASELINE),
    digest,
  );
  const followed = await outcomeOf(concatBytes([whole, new Uint8Array(9), Uint8Array.of(1)]), JPEG_BASELINE);
  assert.equal(followed, { kind: 'refused', because: 'trailing-data' });
});

test('of a deflated one is that of what it inflates to, however it was deflated', async () => {
  const item: PlainItem = [{ tag: 0x00280010, vr: 'US', value: Uint8Array.of(1, 0) }];
  const elements: PlainItem = [{ tag: 0x00081115, vr: 'SQ', value: { items: Array(200).fill(item) } }];
  const one = plainly(elements);
  const other = plainly(elements, undefined, false);
  const uid = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
  const digest = await digestOf(deflateRawSync(one, { level: 1 }), uid, 11);
  const padded = concatBytes([deflateRawSync(other, { level: 9 }), new Uint8Array(1)]);
  assert.is(await digestOf(padded, uid), digest);
  assert.is(await digestOf(padded, uid, 1), digest);
  assert.is(digest, await digestOf(one));
  const refused = { kind: 'refused', because: 'not-inflatable' };
  for (const piece of [1, 1_000]) {
    assert.equal(await outcomeOf(padded.subarray(0, 20), uid, piece), refused);
    assert.equal(await outcomeOf(new Uint8Array(300).fill(0xff), uid, piece), refused);
    assert.equal(await outcomeOf(new Uint8Array(0), uid, piece), refused);
  }
});

const sequence = (length: number, ...content: readonly number[]): readonly number[] => [
  ...[0x08, 0, 0x15, 0x11, 0x53, 0x51, 0, 0],
  ...word(length),
  ...content,
];
const itemOf = (length: number, ...content: readonly number[]): readonly number[] => [
  ...[0xfe, 0xff, 0x00, 0xe0],
  ...word(length),
  ...content,
];
const word = (value: number): readonly number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const UNDEFINED = 0xffffffff;
const ROWS = [0x28, 0, 0x10, 0, 0x55, 0x53, 2, 0, 1, 0];

const HOSTILE: readonly (readonly [what: string, bytes: readonly number[], because: string])[] = [
  ['a value past the end', [0x28, 0, 0x10, 0, 0x55, 0x53, 9, 0, 1, 0], 'truncated'],
  ['half a header', ROWS.slice(0, 5), 'truncated'],
  ['a Sequence past the end', sequence(1_000_000, ...itemOf(10, ...ROWS)), 'truncated'],
  [
    'an Item longer than its Sequence',
    sequence(18, ...itemOf(4_000_000_000, ...ROWS)),
    'inconsistent-length',
  ],
  ['a value longer than its Item', sequence(18, ...itemOf(9, ...ROWS)), 'inconsistent-length'],
  ['a header longer than its Item', sequence(18, ...itemOf(4, ...ROWS)), 'inconsistent-length'],
  ['a Sequence without an end', sequence(UNDEFINED, ...itemOf(10, ...ROWS)), 'missing-delimiter'],
  ['an Item without an end', sequence(UNDEFINED, ...itemOf(UNDEFINED, ...ROWS)), 'missing-delimiter'],
  ['an Item whose Sequence ends before', sequence(18, ...itemOf(UNDEFINED, ...ROWS)), 'inconsistent-length'],
  ['a Sequence of elements', sequence(10, ...ROWS), 'missing-delimiter'],
  ['an end of nothing', [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0], 'inconsistent-length'],
  [
    'a number of undefined length',
    [0x28, 0, 0x10, 0, 0x55, 0x43, 0, 0, ...word(UNDEFINED)],
    'inconsistent-length',
  ],
  ['no VR', [0x28, 0, 0x10, 0, 1, 2, 2, 0, 1, 0], 'not-parseable'],
  [
    'too many levels',
    Array.from({ length: 100_000 }, () => [...sequence(UNDEFINED), ...itemOf(UNDEFINED)]).flat(),
    'nesting-too-deep',
  ],
];

for (const [what, some, because] of HOSTILE)
  test(`is refused to ${what}`, async () => {
    for (const piece of [1, 5, 1_000_000])
      assert.equal(await outcomeOf(Uint8Array.from(some), undefined, piece), { kind: 'refused', because });
  });

test('has an answer for any bytes, the same in any pieces', async () => {
  const tag = fc.constantFrom(
    0xfffee000,
    0xfffee00d,
    0xfffee0dd,
    0x00091010,
    0x00081115,
    0x00280010,
    0x7fe00010,
  );
  const vr = fc.constantFrom('UN', 'SQ', 'OB', 'US');
  const length = fc.oneof(fc.nat(60), fc.constantFrom(UNDEFINED, 0x7fffffff));
  const some = fc.array(
    fc.oneof(
      fc.tuple(tag, vr, length).map(([at, name, long]) => {
        const tagBytes = [(at >>> 16) & 255, at >>> 24, at & 255, (at >>> 8) & 255];
        if (at >>> 16 === 0xfffe) return Uint8Array.from([...tagBytes, ...word(long)]);
        const named = [...tagBytes, name.charCodeAt(0), name.charCodeAt(1)];
        const isShort = name === 'US';
        return Uint8Array.from([...named, ...(isShort ? [long & 63, 0] : [0, 0, ...word(long)])]);
      }),
      fc.uint8Array({ maxLength: 12 }),
    ),
    { maxLength: 30 },
  );
  let read = 0;
  const property = fc.asyncProperty(some, fc.constantFrom(...SYNTAXES), pieces, async (parts, uid, piece) => {
    const input = concatBytes(parts);
    const outcome = await outcomeOf(input, uid);
    assert.equal(outcome, await outcomeOf(input, uid, piece));
    if (outcome.kind === 'digest') read += 1;
  });
  await fc.assert(property, { seed: 23, numRuns: 1_500 });
  assert.ok(read > 10, `${read} could be read`);
});
test.run();
