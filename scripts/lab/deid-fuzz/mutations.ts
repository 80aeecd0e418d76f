/**
 * Damage that a bad disk, a bad program or an attacker does to a file: single bits, cut ends, lengths
 * that swallow what follows, other VRs, elements that come twice, not at all, elsewhere or under another tag.
 */
import fc from 'fast-check';
import { concatBytes } from '#shared/dicom/encode.ts';
import type { PlantedFile, Stretch } from './files.ts';

/** Numbers below 2^32 are taken modulo what there is. */
export type Mutation =
  | { readonly kind: 'bit'; readonly at: number; readonly bit: number }
  | { readonly kind: 'number'; readonly at: number; readonly width: 2 | 4; readonly number: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'repeat' | 'drop'; readonly at: number; readonly length: number }
  | { readonly kind: 'vr'; readonly at: number; readonly vr: string }
  | { readonly kind: 'element-twice' | 'element-gone' | 'element-last'; readonly element: number }
  | { readonly kind: 'retag'; readonly element: number; readonly tag: number }
  | { readonly kind: 'swallow'; readonly element: number; readonly following: number };

const VRS =
  'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(
    ' ',
  );
const NUMBERS = [0, 1, 2, 3, 8, 0xff, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0xfffffffe, 0xffffffff];
/**
 * Where identities stand, where they must not, sequences, pixels, groups of files and messages, private,
 * repeating and delimiting tags.
 */
const TAGS = [
  0x00100010, 0x00100020, 0x00080080, 0x00081140, 0x00091001, 0x00400275, 0x7fe00010, 0x00020010, 0x00000002,
  0x50000005, 0x60003000, 0xfffee000, 0xfffee00d, 0xfffee0dd, 0xfffcfffc, 0x00280010, 0x00080018, 0x0040a730,
  0x00700001, 0x0012aaaa,
];

const anywhere = fc.nat(0xffffffff);
/** Headers are where a change changes the meaning; pixels only fill. */
const element = fc.nat(0xffff);

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('bit' as const), at: anywhere, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant('number' as const),
    at: anywhere,
    width: fc.constantFrom(2 as const, 4 as const),
    number: fc.constantFrom(...NUMBERS),
  }),
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: anywhere }) },
  fc.record({
    kind: fc.constantFrom('repeat' as const, 'drop' as const),
    at: anywhere,
    length: fc.integer({ min: 1, max: 64 }),
  }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('vr' as const), at: anywhere, vr: fc.constantFrom(...VRS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('element-twice' as const, 'element-gone' as const, 'element-last' as const),
      element,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('retag' as const), element, tag: fc.constantFrom(...TAGS) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('swallow' as const), element, following: fc.nat(30) }),
  },
);

/** The file after all of them, one after the other. Places of elements are those of the file as it was. */
export function mutated({ bytes, stretches }: PlantedFile, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce((changed, one) => mutate(changed, stretches, one), bytes);
}

function mutate(bytes: Uint8Array, stretches: readonly Stretch[], mutation: Mutation): Uint8Array {
  if (bytes.length === 0) return bytes;
  if ('at' in mutation) return mutateAt(bytes, mutation.at % bytes.length, mutation);
  const stretch = stretches[mutation.element % Math.max(1, stretches.length)];
  return stretch === undefined || stretch.endOffset > bytes.length
    ? bytes
    : mutateElement(bytes, stretches, stretch, mutation);
}

const without = (bytes: Uint8Array, from: number, to: number): Uint8Array =>
  concatBytes([bytes.subarray(0, from), bytes.subarray(to)]);
const withInserted = (bytes: Uint8Array, at: number, inserted: Uint8Array): Uint8Array =>
  concatBytes([bytes.subarray(0, at), inserted, bytes.subarray(at)]);

function mutateAt(bytes: Uint8Array, at: number, mutation: Extract<Mutation, { at: number }>): Uint8Array {
  const copy = bytes.slice();
  switch (mutation.kind) {
    case 'bit':
      copy[at]! ^= 1 << mutation.bit;
      return copy;
    case 'number':
      for (let byte = 0; byte < mutation.width && at + byte < copy.length; byte += 1)
        copy[at + byte] = (mutation.number >>> (8 * byte)) & 0xff;
      return copy;
    case 'cut':
      return copy.subarray(0, at);
    case 'repeat':
      return withInserted(bytes, at, bytes.subarray(at, at + mutation.length));
    case 'drop':
      return without(bytes, at, at + mutation.length);
    case 'vr': {
      const found = vrFrom(copy, at);
      if (found >= 0) copy.set([mutation.vr.charCodeAt(0), mutation.vr.charCodeAt(1)], found);
      return copy;
    }
  }
}

/** The first place from `at` on where two letters stand that are a VR. */
function vrFrom(bytes: Uint8Array, at: number): number {
  for (let place = at; place + 1 < bytes.length; place += 1) {
    if (VRS.includes(String.fromCharCode(bytes[place]!, bytes[place + 1]!))) return place;
  }
  return -1;
}

function mutateElement(
  bytes: Uint8Array,
  stretches: readonly Stretch[],
  stretch: Stretch,
  mutation: Exclude<Mutation, { at: number }>,
): Uint8Array {
  const { offset, valueOffset, endOffset } = stretch;
  const whole = bytes.slice(offset, endOffset);
  switch (mutation.kind) {
    case 'element-twice':
      return withInserted(bytes, endOffset, whole);
    case 'element-gone':
      return without(bytes, offset, endOffset);
    case 'element-last':
      return concatBytes([without(bytes, offset, endOffset), whole]);
    case 'retag': {
      const copy = bytes.slice();
      const view = new DataView(copy.buffer);
      // The byte order of the tag that stands there.
      const isLittle = view.getUint16(offset, true) === stretch.tag >>> 16;
      view.setUint16(offset, mutation.tag >>> 16, isLittle);
      view.setUint16(offset + 2, mutation.tag & 0xffff, isLittle);
      return copy;
    }
    case 'swallow': {
      // The length ends where a later element does: the elements between become part of the value, and the
      // walk continues as if nothing had happened.
      const last = stretches[stretches.indexOf(stretch) + mutation.following] ?? stretch;
      const copy = bytes.slice();
      const view = new DataView(copy.buffer);
      const isLittle = view.getUint16(offset, true) === stretch.tag >>> 16;
      const length = Math.max(0, Math.min(last.endOffset, bytes.length) - valueOffset);
      const hasShortLength =
        /^[A-Z]{2}$/.test(String.fromCharCode(copy[offset + 4]!, copy[offset + 5]!)) &&
        valueOffset - offset === 8;
      if (hasShortLength) view.setUint16(offset + 6, length & 0xffff, isLittle);
      else view.setUint32(valueOffset - 4, length, isLittle);
      return copy;
    }
  }
}
