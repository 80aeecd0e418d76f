/**
 * A structured report as a tree (PS3.3 §A.35, §C.17): its title and flags, who verified it, and its content items with
 * their concepts, values and units. The content is returned as it is and not validated: relationships and value types
 * are those that the report states. Missing parts are null or empty.
 */
import type { DicomElement, DicomItem, ParsedInstance } from './data-set.ts';
import { findElement, textOf, uidText, type ValueContext } from './values.ts';

/** PS3.3 §8: a coded concept. */
export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

type ContentValue =
  /** `nothing`: a container, or a value type without text (coordinates, waveforms). */
  | { readonly kind: 'nothing' }
  /** TEXT, DATE, TIME, DATETIME. */
  | { readonly kind: 'text'; readonly text: string }
  /** PNAME, as written: `Family^Given`. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'code'; readonly code: Code }
  /** NUM, as written (DS). `unit` is null if the item states none. */
  | { readonly kind: 'number'; readonly number: string; readonly unit: Code | null }
  | { readonly kind: 'uid'; readonly uid: string }
  /** IMAGE, COMPOSITE, WAVEFORM. */
  | { readonly kind: 'reference'; readonly sopClassUID: string; readonly sopInstanceUID: string };

export interface ContentItem {
  /** PS3.3 Table C.17.3-8, for example `CONTAINS`, `HAS OBS CONTEXT`; '' at the root. */
  readonly relationship: string;
  readonly name: Code | null;
  readonly value: ContentValue;
  readonly items: readonly ContentItem[];
}

export interface StructuredReport {
  readonly content: ContentItem;
  /** PARTIAL or COMPLETE. */
  readonly completion: string;
  readonly completionDescription: string;
  /** UNVERIFIED or VERIFIED. */
  readonly verification: string;
  /** PRELIMINARY or FINAL; '' if the report does not say. */
  readonly preliminary: string;
  /** `name` as a PN, `at` as a DT. */
  readonly verifiers: readonly { readonly name: string; readonly at: string }[];
  /** SOP Instance UIDs of the documents that it completes or corrects. */
  readonly predecessors: readonly string[];
}

const CONTENT = 0x0040a730;
const VALUE_TYPE = 0x0040a040;
const REFERENCED_SOP = 0x00081199;

/** Null if it has no content tree. */
export function readReport(instance: ParsedInstance): StructuredReport | null {
  const { elements } = instance;
  if (findElement(elements, VALUE_TYPE) === null) return null;
  const said = (tag: number): string => textOf(findElement(elements, tag), instance) ?? '';
  return {
    content: contentOf(elements, instance),
    completion: said(0x0040a491),
    completionDescription: said(0x0040a492),
    verification: said(0x0040a493),
    preliminary: said(0x0040a496),
    verifiers: itemsOf(elements, 0x0040a073).map((item) => {
      const context = contextOf(item, instance);
      return {
        name: textOf(findElement(item.elements, 0x0040a075), context) ?? '',
        at: textOf(findElement(item.elements, 0x0040a030), context) ?? '',
      };
    }),
    predecessors: itemsOf(elements, 0x0040a360)
      .flatMap((study) => itemsOf(study.elements, 0x00081115))
      .flatMap((series) => itemsOf(series.elements, REFERENCED_SOP))
      .map(({ elements: referenced }) => uidText(findElement(referenced, 0x00081155))),
  };
}

/** The code in the first item of a code sequence; null if there is none. */
export function codeOf(elements: readonly DicomElement[], tag: number, context: ValueContext): Code | null {
  const [item] = itemsOf(elements, tag);
  if (item === undefined) return null;
  const said = (of: number): string => textOf(findElement(item.elements, of), contextOf(item, context)) ?? '';
  // PS3.3 §8.1: a value of more than 16 characters, or a URI, is stored in another attribute.
  return {
    value: said(0x00080100) || said(0x00080119) || said(0x00080120),
    scheme: said(0x00080102),
    meaning: said(0x00080104),
  };
}

export function itemsOf(elements: readonly DicomElement[], tag: number): readonly DicomItem[] {
  return findElement(elements, tag)?.items ?? [];
}

export function contextOf(item: DicomItem, { characterSets }: ValueContext): ValueContext {
  return { characterSets, encoding: item.encoding };
}

/** The content tree from this item down, as deep as the reader accepts (`NESTING_LIMIT`). */
function contentOf(elements: readonly DicomElement[], context: ValueContext): ContentItem {
  return {
    relationship: textOf(findElement(elements, 0x0040a010), context) ?? '',
    name: codeOf(elements, 0x0040a043, context),
    value: contentValueOf(elements, context),
    items: itemsOf(elements, CONTENT).map((item) => contentOf(item.elements, contextOf(item, context))),
  };
}

function contentValueOf(elements: readonly DicomElement[], context: ValueContext): ContentValue {
  const said = (tag: number): string => textOf(findElement(elements, tag), context) ?? '';
  switch (said(VALUE_TYPE)) {
    case 'TEXT':
      return { kind: 'text', text: said(0x0040a160) };
    case 'DATETIME':
      return { kind: 'text', text: said(0x0040a120) };
    case 'DATE':
      return { kind: 'text', text: said(0x0040a121) };
    case 'TIME':
      return { kind: 'text', text: said(0x0040a122) };
    case 'PNAME':
      return { kind: 'name', name: said(0x0040a123) };
    case 'UIDREF':
      return { kind: 'uid', uid: uidText(findElement(elements, 0x0040a124)) };
    case 'CODE': {
      const code = codeOf(elements, 0x0040a168, context);
      return code === null ? { kind: 'nothing' } : { kind: 'code', code };
    }
    case 'NUM': {
      const [measured] = itemsOf(elements, 0x0040a300);
      if (measured === undefined) return { kind: 'nothing' };
      const inside = contextOf(measured, context);
      return {
        kind: 'number',
        number: textOf(findElement(measured.elements, 0x0040a30a), inside) ?? '',
        unit: codeOf(measured.elements, 0x004008ea, inside),
      };
    }
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM': {
      const [referenced] = itemsOf(elements, REFERENCED_SOP);
      const uid = (tag: number): string => uidText(findElement(referenced?.elements ?? [], tag));
      return referenced === undefined
        ? { kind: 'nothing' }
        : { kind: 'reference', sopClassUID: uid(0x00081150), sopInstanceUID: uid(0x00081155) };
    }
    default:
      return { kind: 'nothing' };
  }
}
