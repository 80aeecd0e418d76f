/** A study whose Sequences and Items end with delimiters, and the same Data Sets as other writers encode them. */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { concatBytes, textValue } from '#shared/dicom/encode.ts';
import { openPart10, readDataSet } from '#shared/dicom/part10.ts';
import { encodingOf } from '#shared/dicom/registry.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { encodeVariously, type PlainElement, type PlainItem } from './encode-variously.ts';
import { newStudy } from './open-study.ts';

export type DelimitedInstance = SyntheticInstance & {
  /** The Data Set with explicit lengths, group lengths and padding. */
  readonly otherwise: Buffer;
};

const code = (value: string): PlainItem => [
  { tag: 0x00080100, vr: 'SH', value: textValue('SH', value) },
  { tag: 0x00080102, vr: 'SH', value: textValue('SH', 'DCM') },
];
const reference = (nth: number): PlainItem => [
  { tag: 0x00081150, vr: 'UI', value: textValue('UI', '1.2.840.10008.5.1.4.1.1.2') },
  { tag: 0x00081155, vr: 'UI', value: textValue('UI', `2.25.77${nth}`) },
  { tag: 0x0040a170, vr: 'SQ', value: { items: [code('121311'), code('121312')] } },
];
const SEQUENCES: readonly PlainElement[] = [
  { tag: 0x00081140, vr: 'SQ', value: { items: [reference(1), reference(2)] } },
  { tag: 0x00082112, vr: 'SQ', value: { items: [] } },
];

const isNever = (): boolean => false;
const isAlways = (): boolean => true;

export const delimitedStudy = (count: number): Promise<readonly DelimitedInstance[]> =>
  Promise.all(newStudy(count).map(withSequences));

async function withSequences(instance: SyntheticInstance): Promise<DelimitedInstance> {
  const opened = await openPart10(bytesSource(instance.bytes), undefined, 'checked');
  const read = opened.kind === 'opened' ? await readDataSet(opened) : null;
  if (opened.kind !== 'opened' || read?.kind !== 'data-set')
    throw new Error('a synthetic instance is readable');
  const plain = read.unexamined.elements
    .filter(({ items }) => items === null)
    .map(
      ({ tag, vr, valueOffset, valueLength }): PlainElement => ({
        ...{ tag, vr, value: instance.bytes.slice(valueOffset, valueOffset + valueLength) },
      }),
    );
  const elements = [...plain, ...SEQUENCES].toSorted((a, b) => a.tag - b.tag);
  const encoding = encodingOf(instance.transferSyntaxUID)!;
  const own = { encoding, isDelimited: isAlways, hasGroupLength: isNever, padding: 0 };
  const others = { encoding, isDelimited: isNever, hasGroupLength: isAlways, padding: 64 };
  const meta = instance.bytes.subarray(0, opened.beginning.dataSetOffset);
  return {
    ...instance,
    bytes: concatBytes([meta, encodeVariously(elements, own)]) as Uint8Array<ArrayBuffer>,
    otherwise: Buffer.from(encodeVariously(elements, others)),
  };
}
