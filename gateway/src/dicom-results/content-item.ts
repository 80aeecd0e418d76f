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

/** The contents of an item: the elements of its value, and its child items. */
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

/** The item for `value` as a list: empty if there is no value. */
export function maybe<T>(
  value: T | null | undefined,
  make: (value: T) => ContentItem,
): readonly ContentItem[] {
  return value === null || value === undefined ? [] : [make(value)];
}

/** `template`: the number of the PS3.16 template that the container follows. */
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

/** The gateway's own text. It is ASCII, which is valid in every character set that the source may use. */
export function textValue(name: Code, text: string, relationship: Relationship = 'CONTAINS'): ContentItem {
  return item(relationship, 'TEXT', name, { value: [[0x0040a160, 'UT', toAscii(text)]] });
}

/** Text that a person wrote. The report must be able to represent its letters (`lettersFor`). */
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

/** Rounds to four decimals. With more, two processors that round differently would give different results. */
export function decimal(value: number): string {
  return String(Math.round(value * 10_000) / 10_000);
}

/** A probability or a fraction as a percentage, because that is how people read it. */
export function percentage(name: Code, part: number, children: readonly ContentItem[] = []): ContentItem {
  return measurement(name, { text: String(Math.round(part * 10_000) / 100), unit: PERCENT }, children);
}

/** `text`: the number as a DS. */
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

/** PS3.3 §C.18.6: points are `[column, row]`; (0, 0) is the top left corner of the top left pixel. */
export type Graphic = {
  readonly type: 'POINT' | 'POLYLINE' | 'ELLIPSE';
  readonly points: readonly (readonly [number, number])[];
};

/** A mark on an image. `referenced`: the item of Referenced SOP Sequence (0008,1199) that names the image. */
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
 * `referenced`: the item of Referenced SOP Sequence (0008,1199). `name` may be null, because PS3.3 Table C.17.3-1
 * requires no concept name for an IMAGE and PS3.16 TID 1601 gives it none.
 */
export function imageReference(
  name: Code | null,
  referenced: readonly SimpleElement[],
  relationship: Relationship = 'CONTAINS',
): ContentItem {
  return item(relationship, 'IMAGE', name, { value: [[0x00081199, 'SQ', referenced]] });
}
