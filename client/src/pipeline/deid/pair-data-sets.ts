/**
 * Lays an instance beside what the policy made of it: element by element, by tag path, with the report's word
 * of what was done and why. What is called kept was compared byte for byte; the report alone is not believed.
 * Pure; runs in a worker.
 */
import { groupOf, type Group } from '#shared/deid/groups.ts';
import { profileRows } from '#shared/deid/profile.ts';
import type { TagAction } from '#shared/deid/report.ts';
import { dictionaryEntry, dictionaryVR, isPrivate, tagName } from '#shared/dicom/dictionary.ts';
import type { DicomElement, DicomItem, ParsedInstance } from '#shared/dicom/data-set.ts';
import { characterSetsOf, type ValueContext } from '#shared/dicom/values.ts';
import type { Change, ComparedRow, NotShown, RowReason, ShownValue } from './comparison.ts';
import { showValue } from './show-value.ts';

/**
 * The header of a CT slice has 300 elements, an enhanced MR of some hundred frames 20 000. More would take a
 * tablet's page seconds to receive; fewer would hide parts of common objects.
 */
export const SHOWN_ROWS = 20_000;

export interface ToPair {
  readonly before: ParsedInstance;
  readonly after: ParsedInstance;
  /** null: the policy changes nothing (`identified`). */
  readonly report: readonly TagAction[] | null;
  readonly keywords: ReadonlyMap<number, string>;
  readonly limit?: number;
}

type Side = { readonly elements: readonly DicomElement[]; readonly context: ValueContext };

/** What holds an element, and what became of it. */
interface Around {
  readonly path: string;
  readonly depth: number;
  readonly because: RowReason;
  /** Set where the whole around it went or came: its content goes under the same heading. */
  readonly group: Group | null;
}

/** A row while its sequence is still being looked through. */
type Growing = { -readonly [Key in keyof ComparedRow]: ComparedRow[Key] };

const ROWS = profileRows();
const TEMPORAL = new Set(['DA', 'DT', 'TM']);

export function pairDataSets({ before, after, report, keywords, limit = SHOWN_ROWS }: ToPair): {
  rows: readonly ComparedRow[];
  notShown: NotShown;
} {
  const actions = new Map((report ?? []).map((action) => [action.path, action]));
  const rows: Growing[] = [];
  const notShown = { changed: 0, kept: 0 };
  const otherwise: RowReason = report === null ? 'identified' : 'not-needed';

  /** True where something in it was changed. */
  function pair(left: Side | null, right: Side | null, around: Around): boolean {
    let changed = false;
    for (const [one, other] of inStep(left?.elements ?? [], right?.elements ?? []))
      if (pairElement(one, other, left, right, around)) changed = true;
    return changed;
  }

  function pairElement(
    one: DicomElement | null,
    other: DicomElement | null,
    left: Side | null,
    right: Side | null,
    around: Around,
  ): boolean {
    const { tag } = (one ?? other)!;
    const path = around.path + tagName(tag);
    const action = actions.get(path);
    const vr = vrOf((one ?? other)!);
    const isWhole = one === null || other === null;
    const group = around.group ?? groupOf(tag, vr);
    const row: Growing = {
      path,
      tag,
      vr,
      group,
      depth: around.depth,
      item: null,
      keyword: keywords.get(canonical(tag)) ?? null,
      before: one && left && showValue(one, left.context),
      after: other && right && showValue(other, right.context),
      change: changeOf(one, other, vr, action),
      because: action?.because ?? around.because,
      action: action?.action ?? null,
      profile: profileOf(tag),
    };
    if (row.change === 'kept' && row.because === 'file-meta') row.because = 'not-needed';
    add(row);
    const inside: Around = {
      path,
      depth: around.depth + 1,
      because: other === null ? 'around' : one === null ? row.because : otherwise,
      group: isWhole ? group : around.group,
    };
    if (pairItems(one, other, left, right, inside) && row.change === 'kept') setInside(row);
    return row.change !== 'kept';
  }

  function pairItems(
    one: DicomElement | null,
    other: DicomElement | null,
    left: Side | null,
    right: Side | null,
    around: Around,
  ): boolean {
    const count = Math.max(one?.items?.length ?? 0, other?.items?.length ?? 0);
    let changed = false;
    for (let at = 0; at < count; at += 1) {
      const [before, after] = [sideOf(one?.items?.[at], left), sideOf(other?.items?.[at], right)];
      const path = `${around.path}[${at + 1}]`;
      // The only item of a sequence needs no line of its own.
      const row = count > 1 ? itemRow(path, at + 1, before, after, around, (one ?? other)!.tag) : null;
      if (row) add(row);
      const within = { ...around, path: `${path}>`, depth: around.depth + (row ? 1 : 0) };
      const isChanged = pair(before, after, within);
      if (isChanged && row?.change === 'kept') setInside(row);
      changed ||= isChanged || (before === null) !== (after === null);
    }
    return changed;
  }

  function add(row: Growing): void {
    if (rows.length < limit) rows.push(row);
    else if (row.item === null) notShown[row.change === 'kept' ? 'kept' : 'changed'] += 1;
  }

  /** A sequence turns out to be changed after it was counted. */
  function setInside(row: Growing): void {
    row.change = 'inside';
  }

  const top = (path: string, because: RowReason): Around => ({ path, depth: 0, because, group: null });
  const meta: RowReason = report === null ? 'identified' : 'file-meta';
  pair(metaOf(before), metaOf(after), top('', meta));
  pair(
    { elements: before.elements, context: before },
    { elements: after.elements, context: after },
    top('', otherwise),
  );
  return { rows, notShown };
}

/**
 * Elements of both in ascending order, side by side where they have the same tag. A tag that occurs again
 * stands by itself.
 */
function* inStep(
  left: readonly DicomElement[],
  right: readonly DicomElement[],
): Generator<readonly [DicomElement | null, DicomElement | null]> {
  const [ours, theirs] = [ascending(left), ascending(right)];
  let [at, beside] = [0, 0];
  while (at < ours.length || beside < theirs.length) {
    const [one, other] = [ours[at] ?? null, theirs[beside] ?? null];
    const isFirst = one !== null && (other === null || one.tag <= other.tag);
    const isOther = other !== null && (one === null || other.tag <= one.tag);
    yield [isFirst ? one : null, isOther ? other : null];
    if (isFirst) at += 1;
    if (isOther) beside += 1;
  }
}

/**
 * Files that break the order of PS3.5 §7.1 are read all the same (`tag-order`); what is written of them keeps
 * theirs.
 */
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
  if (isSame(one, other)) return 'kept';
  if (isEmpty(other)) return 'emptied';
  if (vr === 'UI') return 'new-uid';
  if (action?.action !== 'C') return 'replaced';
  return TEMPORAL.has(vr) ? 'date-moved' : 'text-cleaned';
}

/**
 * Whether the value stayed; of sequences, whether there are as many items: what is in them is compared item
 * by item.
 */
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

/** What an attribute is does not change with a VR that a writer got wrong. */
function vrOf({ tag, vr }: DicomElement): string {
  return dictionaryEntry(tag) && !isPrivate(tag) && vr === 'UN' ? dictionaryVR(tag) : vr;
}

/** The choices of a row with their strokes, as the table prints them. */
function profileOf(tag: number): string | null {
  const basic = ROWS.get(tag)?.basic;
  return basic === undefined ? null : [...basic].join('/').replace('/*', '*');
}

/** PS3.5 §7.6: curves and overlays repeat; the dictionary names the first of them. */
function canonical(tag: number): number {
  const family = tag >>> 24;
  return family === 0x50 || family === 0x60 ? (tag & 0xff00ffff) >>> 0 : tag;
}

function sideOf(item: DicomItem | undefined, side: Side | null): Side | null {
  if (!item || !side) return null;
  return {
    elements: item.elements,
    context: {
      characterSets: characterSetsOf(item.elements, side.context.characterSets),
      encoding: item.encoding,
    },
  };
}

function metaOf({ meta, encoding }: ParsedInstance): Side {
  return {
    elements: meta ?? [],
    context: { characterSets: [], encoding: { ...encoding, bigEndian: false } },
  };
}

function itemRow(
  path: string,
  item: number,
  before: Side | null,
  after: Side | null,
  around: Around,
  tag: number,
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
