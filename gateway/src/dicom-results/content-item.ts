/**
 * Content items of a structured report (PS3.3 §C.17.3), as simple elements: relationship, value type, concept
 * name, value, children.
 */
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { codeItem, PERCENT, type Code } from './codes.ts';
import { oneValue, toAscii } from './result-text.ts';

export type ContentItem = readonly SimpleElement[];

/** PS3.3 Table C.17.3-8. */
type Relationship =
  | 'CONTAINS'
  | 'HAS OBS CONTEXT'
  | 'HAS CONCEPT MOD'
  | 'HAS PROPERTIES'
  | 'INFERRED FROM'
  | 'SELECTED FROM';

/** The contents of an item: its value's elements, and the items below it. */
type Held = { readonly value: readonly SimpleElement[]; readonly children?: readonly ContentItem[] };

function item(
  relationship: Relationship,
  type: string,
  name: Code | null,
  { value, children = [] }: Held,
): ContentItem {
  return [
    [0x0040a010, 'CS', relationship],
    [0x0040a040, 'CS', type],
    ...(name === null ? [] : [[0x0040a043, 'SQ', codeItem(name)] as const]),
    ...value,
    ...(children.length === 0 ? [] : [[0x0040a730, 'SQ', ...children] as const]),
  ];
}

/** Zero or one of it. */
export function maybe<T>(
  value: T | null | undefined,
  make: (value: T) => ContentItem,
): readonly ContentItem[] {
  return value === null || value === undefined ? [] : [make(value)];
}

/** `template`: the number of the one of PS3.16 that it follows. */
export function container(name: Code, children: readonly ContentItem[], template?: string): ContentItem {
  const follows: SimpleElement[] = template === undefined ? [] : [templateOf(template)];
  const value: SimpleElement[] = [[0x0040a050, 'CS', 'SEPARATE'], ...follows];
  return item('CONTAINS', 'CONTAINER', name, { value, children });
}

/** PS3.3 §C.18.8: Content Template Sequence. */
export function templateOf(number: string): SimpleElement {
  const named: SimpleElement[] = [
    [0x00080105, 'CS', 'DCMR'],
    [0x0040db00, 'CS', number],
  ];
  return [0x0040a504, 'SQ', named];
}

export function codeValue(
  name: Code,
  value: Code,
  relationship: Relationship = 'CONTAINS',
  children: readonly ContentItem[] = [],
): ContentItem {
  return item(relationship, 'CODE', name, { value: [[0x0040a168, 'SQ', codeItem(value)]], children });
}

/** Text of ours: ASCII in the character set of the source, whatever that is. */
export function textValue(name: Code, text: string, relationship: Relationship = 'CONTAINS'): ContentItem {
  return item(relationship, 'TEXT', name, { value: [[0x0040a160, 'UT', toAscii(text)]] });
}

/** Text of a person, in whose letters the report can be written (`lettersFor`). */
export function personText(name: Code, text: string): ContentItem {
  return item('CONTAINS', 'TEXT', name, { value: [[0x0040a160, 'UT', text]] });
}

export function personName(
  name: Code,
  person: string,
  relationship: Relationship = 'HAS OBS CONTEXT',
): ContentItem {
  return item(relationship, 'PNAME', name, { value: [[0x0040a123, 'PN', oneValue(person)]] });
}

export function uidValue(
  name: Code,
  uid: string,
  relationship: Relationship = 'HAS OBS CONTEXT',
): ContentItem {
  return item(relationship, 'UIDREF', name, { value: [[0x0040a124, 'UI', uid]] });
}

/** Four decimals: with more, two processors that round differently would give different results. */
export function decimal(value: number): string {
  return String(Math.round(value * 10_000) / 10_000);
}

/** A probability or a fraction, in percent: that is how people read it. */
export function percentage(name: Code, part: number, children: readonly ContentItem[] = []): ContentItem {
  return measurement(name, { text: String(Math.round(part * 10_000) / 100), unit: PERCENT }, children);
}

/** `text`: a DS. */
export function measurement(
  name: Code,
  { text, unit }: { readonly text: string; readonly unit: Code },
  children: readonly ContentItem[],
): ContentItem {
  const measured: readonly SimpleElement[] = [
    [0x004008ea, 'SQ', codeItem(unit)],
    [0x0040a30a, 'DS', text],
  ];
  return item('CONTAINS', 'NUM', name, { value: [[0x0040a300, 'SQ', measured]], children });
}

/** PS3.3 §C.18.6: `[column, row]`, (0, 0) is the top left corner of the top left pixel. */
export type Graphic = {
  readonly type: 'POINT' | 'POLYLINE' | 'ELLIPSE';
  readonly points: readonly (readonly [number, number])[];
};

/** A mark on the image of `referenced`, an item of Referenced SOP Sequence (0008,1199). */
export function spatialCoordinates(
  name: Code,
  { type, points }: Graphic,
  referenced: readonly SimpleElement[],
  relationship: 'CONTAINS' | 'INFERRED FROM',
): ContentItem {
  const value: SimpleElement[] = [
    [0x00700022, 'FL', ...points.flat()],
    [0x00700023, 'CS', type],
  ];
  const children = [imageReference(null, referenced, 'SELECTED FROM')];
  return item(relationship, 'SCOORD', name, { value, children });
}

/**
 * `referenced`: the item of Referenced SOP Sequence (0008,1199). `name` null: PS3.3 Table C.17.3-1 wants none of an
 * IMAGE, and PS3.16 TID 1601 gives it none.
 */
export function imageReference(
  name: Code | null,
  referenced: readonly SimpleElement[],
  relationship: Relationship = 'CONTAINS',
): ContentItem {
  return item(relationship, 'IMAGE', name, { value: [[0x00081199, 'SQ', referenced]] });
}
