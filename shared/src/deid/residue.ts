/**
 * The gateway's check of what a device calls de-identified: by the same rules and key it must have nothing
 * left to change. Values that a keyed function replaced are known by their tag; shifted dates can only be
 * checked for form. It shares the planner with the device, so it finds what was not done, tampered with or
 * made under another policy, not what both overlook (`deid-score` is for that).
 */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { tagName } from '../dicom/dictionary.ts';
import {
  RELAYPACS_IMPLEMENTATION_CLASS_UID,
  RELAYPACS_IMPLEMENTATION_VERSION_NAME,
} from '../dicom/encode.ts';
import { reasonToQuarantine, resolvePlan } from './deidentify-instance.ts';
import { asciiOf } from './element-text.ts';
import { isMethodCodeSequence } from './method-markers.ts';
import type { PlannedElement } from './plan.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { replacementOf } from './rewrite-plan.ts';
import type { Replacements } from './rewrite-plan.ts';
import type { DeidRules } from './rules.ts';

/** The residue: a tag, `preamble`, or OVER_LIMITS. */
export interface Residue {
  readonly tag: string;
}

/** The header asks for more than may be de-identified, so nothing is known of it. */
export const OVER_LIMITS = 'over-limits';

/**
 * The values that `encodeFileMeta` writes; null if any value will do (`readInstance` compares those with the
 * Data Set).
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

/** Where an instance still differs from its own de-identification; empty: nowhere. Holds no values. */
export async function checkResidue(
  instance: ParsedInstance,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
): Promise<Residue[]> {
  const remaining = residueBeforeDataSet(instance);
  const because = reasonToQuarantine(instance, rules);
  if (because !== null) remaining.push(because === 'burned-in-annotation' ? 0x00280301 : 0x00420011);
  const plan = await resolvePlan(instance, rules, pseudonyms);
  if (plan === null) return [{ tag: OVER_LIMITS }];
  const { elements, replacements } = plan;
  collect(elements, replacements, rules, remaining);
  return [...new Set(remaining)].map((tag) => ({ tag: tag === PREAMBLE ? 'preamble' : tagName(tag) }));
}

const PREAMBLE = -1;

function residueBeforeDataSet({ meta, warnings }: ParsedInstance): number[] {
  const remaining = (meta ?? []).filter((element) => !isOurFileMeta(element)).map(({ tag }) => tag);
  if (warnings.includes('non-zero-preamble')) remaining.push(PREAMBLE);
  return remaining;
}

function isOurFileMeta(element: DicomElement): boolean {
  const expected = FILE_META.get(element.tag);
  return expected === null || expected === asciiOf(element);
}

function collect(
  elements: readonly PlannedElement[],
  replacements: Replacements,
  rules: DeidRules,
  remaining: number[],
): void {
  for (const planned of elements) {
    if (planned.items !== null)
      for (const item of planned.items) collect(item.elements, replacements, rules, remaining);
    else if (isChanged(planned, replacements, rules)) remaining.push(planned.tag);
  }
}

function isChanged(planned: PlannedElement, replacements: Replacements, rules: DeidRules): boolean {
  if (planned.how === 'remove') return true;
  const { element } = planned;
  if (planned.tag === METHOD_CODE_SEQUENCE && planned.how === 'literal')
    return element === null || !isMethodCodeSequence(element, rules);
  const replacement = replacementOf(planned, replacements);
  if (replacement === null) return false;
  const bytes = element?.bytes ?? null;
  return (
    bytes === null ||
    bytes.length !== replacement.length ||
    replacement.some((byte, index) => byte !== bytes[index])
  );
}
