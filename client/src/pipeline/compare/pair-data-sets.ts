/**
 * Compares an instance before and after the policy, element by element, by tag path, with the action and the
 * reason from the report. Elements shown as kept were compared byte for byte; the report alone is not trusted.
 * Pure; runs in a worker.
 */
import { groupOf, type Group } from '#shared/deid/groups.ts';
import { profileRows } from '#shared/deid/profile.ts';
import type { TagAction } from '#shared/deid/report.ts';
import { dictionaryEntry, dictionaryVR, isPrivate, tagName } from '#shared/dicom/dictionary.ts';
import type { DicomElement, ParsedInstance } from '#shared/dicom/data-set.ts';
import { characterSetsOf, type ValueContext } from '#shared/dicom/values.ts';
import type { Change, ComparedRow, NotShown, RowReason, ShownValue } from './comparison.ts';
import { showValue } from './show-value.ts';

/**
 * The header of a CT slice has 300 elements, an enhanced MR of some hundred frames 20 000. More would take a
 * tablet's page seconds to receive; fewer would hide parts of common objects.
 */
const SHOWN_ROWS = 20_000;

interface ToPair {
  readonly before: ParsedInstance;
  readonly after: ParsedInstance;
  /** null: the policy changes nothing (`identified`). */
  readonly report: readonly TagAction[] | null;
  /** Without a report: an order was picked, and accounts for what changes in the Data Set. */
  readonly isOrdered?: boolean;
  readonly keywords: ReadonlyMap<number, string>;
  readonly limit?: number;
}

type Side = { readonly elements: readonly DicomElement[]; readonly context: ValueContext };

/** An element, or nothing, with the context in which its value is read. */
type Place = { readonly element: DicomElement; readonly context: ValueContext } | null;

/** The surroundings of an element. */
interface Around {
  readonly path: string;
  readonly depth: number;
  /** The reason for an element that the report does not name. */
  readonly because: RowReason;
  /** Set where the whole sequence was removed or added: its content goes under the same heading. */
  readonly group: Group | null;
}

/** A row while its sequence is still being compared. */
type Growing = { -readonly [Key in keyof ComparedRow]: ComparedRow[Key] };

const ROWS = profileRows();
const TEMPORAL = new Set(['DA', 'DT', 'TM']);

interface Pairing {
  readonly actions: ReadonlyMap<string, TagAction>;
  readonly keywords: ReadonlyMap<number, string>;
  readonly limit: number;
  readonly otherwise: RowReason;
  /** The reason for a change where there is no report; null: as for what stays. */
  readonly changedBy: RowReason | null;
  readonly rows: Growing[];
  readonly notShown: { changed: number; kept: number };
}

export function pairDataSets({ before, after, report, isOrdered, keywords, limit = SHOWN_ROWS }: ToPair): {
  rows: readonly ComparedRow[];
  notShown: NotShown;
} {
  const pairing: Pairing = {
    actions: new Map((report ?? []).map((action) => [action.path, action])),
    keywords,
    limit,
    otherwise: report === null ? 'identified' : 'not-needed',
    changedBy: report === null && isOrdered ? 'ordered' : null,
    rows: [],
    notShown: { changed: 0, kept: 0 },
  };
  const top = (because: RowReason): Around => ({ path: '', depth: 0, because, group: null });
  const inMeta: Pairing = { ...pairing, changedBy: report === null ? 'file-meta' : null };
  pair(inMeta, metaOf(before), metaOf(after), top(report === null ? 'identified' : 'file-meta'));
  pair(
    pairing,
    { elements: before.elements, context: before },
    { elements: after.elements, context: after },
    top(pairing.otherwise),
  );
  return { rows: pairing.rows, notShown: pairing.notShown };
}

/** Returns whether anything inside was changed. */
function pair(pairing: Pairing, before: Side | null, after: Side | null, around: Around): boolean {
  let changed = false;
  for (const [one, other] of inStep(before?.elements ?? [], after?.elements ?? [])) {
    const left = one && before && { element: one, context: before.context };
    const right = other && after && { element: other, context: after.context };
    if (pairElement(pairing, left, right, around)) changed = true;
  }
  return changed;
}

function pairElement(pairing: Pairing, before: Place, after: Place, around: Around): boolean {
  const row = elementRow(pairing, before, after, around);
  add(pairing, row);
  const isWhole = before === null || after === null;
  const inside: Around = {
    path: row.path,
    depth: around.depth + 1,
    because: after === null ? 'around' : before === null ? row.because : pairing.otherwise,
    group: isWhole ? row.group : around.group,
  };
  if (pairItems(pairing, before, after, inside) && row.change === 'kept') markInside(row);
  return row.change !== 'kept';
}

function elementRow(pairing: Pairing, before: Place, after: Place, around: Around): Growing {
  const element = (before ?? after)!.element;
  const { tag } = element;
  const path = around.path + tagName(tag);
  const action = pairing.actions.get(path);
  const vr = vrOf(element);
  const change = changeOf(before?.element ?? null, after?.element ?? null, vr, action);
  const unreported = change === 'kept' ? around.because : (pairing.changedBy ?? around.because);
  const because = action?.because ?? unreported;
  return {
    path,
    tag,
    vr,
    group: around.group ?? groupOf(tag, vr),
    depth: around.depth,
    item: null,
    keyword: pairing.keywords.get(canonical(tag)) ?? null,
    before: before && showValue(before.element, before.context),
    after: after && showValue(after.element, after.context),
    change,
    because: change === 'kept' && because === 'file-meta' ? 'not-needed' : because,
    action: action?.action ?? null,
    profile: profileOf(tag),
  };
}

function pairItems(pairing: Pairing, before: Place, after: Place, around: Around): boolean {
  const count = Math.max(before?.element.items?.length ?? 0, after?.element.items?.length ?? 0);
  const { tag } = (before ?? after)!.element;
  let changed = false;
  for (let at = 0; at < count; at += 1) {
    const left = itemOf(before, at);
    const right = itemOf(after, at);
    const path = `${around.path}[${at + 1}]`;
    // The only item of a sequence needs no line of its own.
    const row = count > 1 ? itemRow({ path, item: at + 1, tag }, left, right, around) : null;
    if (row) add(pairing, row);
    const within = { ...around, path: `${path}>`, depth: around.depth + (row ? 1 : 0) };
    const isChanged = pair(pairing, left, right, within);
    if (isChanged && row?.change === 'kept') markInside(row);
    changed ||= isChanged || (left === null) !== (right === null);
  }
  return changed;
}

function add({ rows, limit, notShown }: Pairing, row: Growing): void {
  if (rows.length < limit) rows.push(row);
  else if (row.item === null) notShown[row.change === 'kept' ? 'kept' : 'changed'] += 1;
}

/** A sequence turns out to be changed after it was counted. */
function markInside(row: Growing): void {
  row.change = 'inside';
}

/** Elements of both in ascending order, paired where they have the same tag. A repeated tag stays alone. */
function* inStep(
  left: readonly DicomElement[],
  right: readonly DicomElement[],
): Generator<readonly [DicomElement | null, DicomElement | null]> {
  const ours = ascending(left);
  const theirs = ascending(right);
  let at = 0;
  let beside = 0;
  while (at < ours.length || beside < theirs.length) {
    const one = ours[at] ?? null;
    const other = theirs[beside] ?? null;
    const isFirst = one !== null && (other === null || one.tag <= other.tag);
    const isOther = other !== null && (one === null || other.tag <= one.tag);
    yield [isFirst ? one : null, isOther ? other : null];
    if (isFirst) at += 1;
    if (isOther) beside += 1;
  }
}

/** Files that break the order of PS3.5 §7.1 are read too (`tag-order`), and keep their order when written. */
function ascending(elements: readonly DicomElement[]): readonly DicomElement[] {
  return elements.every((element, at) => at === 0 || elements[at - 1]!.tag <= element.tag)
    ? elements
    : elements.toSorted((a, b) => a.tag - b.tag);
}

function changeOf(
  one: DicomElement | null,
  other: DicomElement | null,
  vr: string,
  action: TagAction | undefined,
): Change {
  if (other === null) return 'removed';
  if (one === null) return 'added';
  // The length may be the same, and long values are not read here.
  if (action?.because === 'unseen-bytes') return 'bytes-cleared';
  if (isSame(one, other)) return 'kept';
  if (isEmpty(other)) return 'emptied';
  if (vr === 'UI') return 'new-uid';
  if (action?.action !== 'C') return 'replaced';
  return TEMPORAL.has(vr) ? 'date-moved' : 'text-cleaned';
}

/** Whether the value is the same; for sequences, the number of items: their content is compared item by item. */
function isSame(one: DicomElement, other: DicomElement): boolean {
  if (one.items !== null && other.items !== null) return one.items.length === other.items.length;
  if ((one.items === null) !== (other.items === null)) return isEmpty(one) && isEmpty(other);
  if (one.bytes === null || other.bytes === null)
    return one.bytes === other.bytes && one.valueLength === other.valueLength;
  const { bytes } = other;
  return one.bytes.length === bytes.length && one.bytes.every((byte, at) => byte === bytes[at]);
}

function isEmpty({ items, fragments, valueLength }: DicomElement): boolean {
  return items === null ? valueLength === 0 && fragments === null : items.length === 0;
}

/** The VR of the dictionary where a writer wrote UN. */
function vrOf({ tag, vr }: DicomElement): string {
  return dictionaryEntry(tag) && !isPrivate(tag) && vr === 'UN' ? dictionaryVR(tag) : vr;
}

/** The choices of a row with slashes between them, as the table prints them. */
function profileOf(tag: number): string | null {
  const basic = ROWS.get(tag)?.basic;
  return basic === undefined ? null : [...basic].join('/').replace('/*', '*');
}

/** PS3.5 §7.6: curves and overlays repeat; the dictionary names the first of them. */
function canonical(tag: number): number {
  const family = tag >>> 24;
  return family === 0x50 || family === 0x60 ? (tag & 0xff00ffff) >>> 0 : tag;
}

function itemOf(place: Place, at: number): Side | null {
  const item = place?.element.items?.[at];
  if (!item) return null;
  const characterSets = characterSetsOf(item.elements, place.context.characterSets);
  return { elements: item.elements, context: { characterSets, encoding: item.encoding } };
}

function metaOf({ meta, encoding }: ParsedInstance): Side {
  return {
    elements: meta ?? [],
    context: { characterSets: [], encoding: { ...encoding, bigEndian: false } },
  };
}

function itemRow(
  { path, item, tag }: Pick<ComparedRow, 'path' | 'item' | 'tag'>,
  before: Side | null,
  after: Side | null,
  around: Around,
): Growing {
  const shown = (side: Side | null): ShownValue | null =>
    side && { kind: 'items', items: side.elements.length };
  return {
    path,
    item,
    tag,
    depth: around.depth,
    keyword: null,
    vr: '',
    before: shown(before),
    after: shown(after),
    change: after === null ? 'removed' : before === null ? 'added' : 'kept',
    because: around.because,
    action: null,
    group: around.group ?? groupOf(tag, 'SQ'),
    profile: null,
  };
}
