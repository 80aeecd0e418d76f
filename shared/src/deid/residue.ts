/**
 * The gateway's check of instances that a device calls de-identified: applying the same rules and key must find
 * nothing left to change. Values that a keyed function replaced are recognised by their tag; for shifted dates, only
 * the form can be checked. The check shares the planner with the device, so it finds what was left out, tampered with
 * or made under another policy, but not what both overlook (`deid-score` is for that).
 */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { tagName } from '../dicom/dictionary.ts';
import {
  RELAYPACS_IMPLEMENTATION_CLASS_UID,
  RELAYPACS_IMPLEMENTATION_VERSION_NAME,
} from '../dicom/encode.ts';
import { FILE_META_GROUP_LENGTH, PIXEL_DATA } from '../dicom/tags.ts';
import { clearBulk } from './bytes/clear-bulk.ts';
import { isHeldForPixels } from '../protocol/reason-kinds.ts';
import { resolvePlan, type ResolvedPlan } from './deidentify-instance.ts';
import { reasonToQuarantine } from './reason-to-quarantine.ts';
import { asciiOf } from './element-text.ts';
import { isMethodCodeSequence } from './method-markers.ts';
import type { PlannedElement } from './plan.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { replacementOf } from './rewrite-plan.ts';
import type { DeidRules } from './rules.ts';

/** One leftover: a tag, `preamble`, or OVER_LIMITS. */
interface Residue {
  readonly tag: string;
}

/** The header needs more work than the limits allow, so nothing is known about the instance. */
export const OVER_LIMITS = 'over-limits';

/**
 * The values that `encodeFileMeta` writes; null if any value is accepted (`readInstance` compares those values with
 * the Data Set).
 */
const FILE_META: ReadonlyMap<number, string | null> = new Map([
  [0x00020000, null],
  [0x00020001, null],
  [0x00020002, null],
  [0x00020003, null],
  [0x00020010, null],
  [0x00020012, RELAYPACS_IMPLEMENTATION_CLASS_UID],
  [0x00020013, RELAYPACS_IMPLEMENTATION_VERSION_NAME],
]);
const METHOD_CODE_SEQUENCE = 0x00120064;

/**
 * The places where an instance still differs from its de-identified form; empty if there are none. Contains no values.
 * Pixel data is read piece by piece; throws the signal's reason between two pieces.
 */
export async function checkResidue(
  instance: ParsedInstance,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
  signal?: AbortSignal,
): Promise<Residue[]> {
  const remaining = residueBeforeDataSet(instance);
  const because = reasonToQuarantine(instance, rules);
  if (because === 'pixel-data-not-clearable') remaining.push(PIXEL_DATA);
  else if (because !== null) remaining.push(isHeldForPixels(because) ? 0x00280301 : 0x00420011);
  const plan = await resolvePlan(instance, rules, pseudonyms);
  if (plan === null) return [{ tag: OVER_LIMITS }];
  const { elements } = plan;
  collect(elements, plan, rules, remaining);
  const cleared = await clearBulk(instance, elements, plan.known, signal);
  if (cleared === null) remaining.push(PIXEL_DATA);
  for (const { tag } of cleared?.keys() ?? []) remaining.push(tag);
  return [...new Set(remaining)].map((tag) => ({ tag: tag === PREAMBLE ? 'preamble' : tagName(tag) }));
}

const PREAMBLE = -1;

function residueBeforeDataSet({ meta, warnings }: ParsedInstance): number[] {
  const remaining = (meta ?? []).filter((element) => !isOurFileMeta(element)).map(({ tag }) => tag);
  if (warnings.includes('non-zero-preamble')) remaining.push(PREAMBLE);
  if (warnings.includes('file-meta-twice')) remaining.push(FILE_META_GROUP_LENGTH);
  return remaining;
}

function isOurFileMeta(element: DicomElement): boolean {
  const expected = FILE_META.get(element.tag);
  return expected === null || expected === asciiOf(element);
}

function collect(
  elements: readonly PlannedElement[],
  plan: ResolvedPlan,
  rules: DeidRules,
  remaining: number[],
): void {
  for (const planned of elements) {
    if (planned.items !== null)
      for (const item of planned.items) collect(item.elements, plan, rules, remaining);
    else if (isChanged(planned, plan, rules)) remaining.push(planned.tag);
  }
}

function isChanged(
  planned: PlannedElement,
  { replacements, covered }: ResolvedPlan,
  rules: DeidRules,
): boolean {
  if (planned.how === 'remove') return true;
  const { element } = planned;
  if (planned.tag === METHOD_CODE_SEQUENCE && planned.how === 'literal')
    return element === null || !isMethodCodeSequence(element, rules, covered);
  const replacement = replacementOf(planned, replacements);
  if (replacement === null) return false;
  const bytes = element?.bytes ?? null;
  return (
    bytes === null ||
    bytes.length !== replacement.length ||
    replacement.some((byte, index) => byte !== bytes[index])
  );
}
