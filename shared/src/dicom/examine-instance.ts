/**
 * Decides whether a Data Set with valid structure is an instance that can be stored, and collects warnings. It refuses
 * instances that no PACS could file or show. It only warns about the mistakes that real modalities make every day,
 * because refusing those helps no patient.
 */
import type { WarningCode } from '../protocol/reasons.ts';
import type { DicomElement, InstanceIdentifiers, ReadOutcome } from './data-set.ts';
import { tagName } from './dictionary.ts';
import { examinePixelModule } from './examine-pixel-module.ts';
import { examineValues } from './examine-values.ts';
import { withoutPadding } from './padding.ts';
import { sopClassKind } from './registry.ts';
import type { Fault, Unexamined } from './unexamined.ts';
import {
  MEDIA_STORAGE_SOP_CLASS_UID,
  MEDIA_STORAGE_SOP_INSTANCE_UID,
  PATIENT_ID,
  PATIENT_NAME,
  SERIES_INSTANCE_UID,
  SOP_CLASS_UID,
  SOP_INSTANCE_UID,
  STUDY_INSTANCE_UID,
} from './tags.ts';
import { isStandardUid, isUid, parseUid } from './uid.ts';
import { asciiText, characterSetsOf, findElement, rawText, uidText } from './values.ts';
import type { ValueContext } from './values.ts';

/** Adds to the `warnings` of its argument. Rejects only if reading does. */
export async function examineInstance(unexamined: Unexamined, signal?: AbortSignal): Promise<ReadOutcome> {
  const { elements, meta, encoding, warnings } = unexamined;
  const context: ValueContext = { characterSets: characterSetsOf(elements, []), encoding };
  const fault =
    examineIdentifiers(elements, warnings) ??
    examinePatient(elements, context, warnings) ??
    (await examinePixelModule(
      unexamined,
      context,
      sopClassKind(uidText(findElement(elements, SOP_CLASS_UID))),
      signal,
    ));
  if (fault)
    return {
      kind: 'refused',
      because: fault.because,
      where: { tag: tagName(fault.tag), offset: fault.offset },
    };
  const identifiers = identifiersOf(elements);
  if (meta && isMismatch(meta, identifiers)) warnings.add('identifier-mismatch');
  examineValues(elements, context, warnings);
  return {
    kind: 'ready',
    instance: { ...unexamined, identifiers, characterSets: context.characterSets, warnings: [...warnings] },
  };
}

/** PS3.18 §10.5.1: every stored instance has these four. Missing ones are reported before malformed ones. */
const IDENTIFIERS = [STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_INSTANCE_UID, SOP_CLASS_UID];

function examineIdentifiers(elements: readonly DicomElement[], warnings: Set<WarningCode>): Fault | null {
  const found = IDENTIFIERS.map((tag) => findElement(elements, tag));
  const missing = found.findIndex(
    (element) => !element || (element.bytes !== null && uidText(element) === ''),
  );
  if (missing >= 0)
    return { because: 'missing-uid', tag: IDENTIFIERS[missing]!, offset: found[missing]?.offset ?? 0 };
  for (const element of found) {
    if (!element) continue;
    const { tag, offset, vr, items, bytes } = element;
    if (items || (vr !== 'UI' && vr !== 'UN')) return { because: 'wrong-vr', tag, offset };
    const uid = uidText(element);
    if (uid.includes('\\')) return { because: 'multiple-values', tag, offset };
    if (!isUid(uid)) return { because: 'invalid-uid', tag, offset };
    if (!isStandardUid(uid)) warnings.add('uid-form');
    // PS3.5 §9.4: a UID is padded with a NUL, but many writers use a space.
    if (bytes !== null && bytes[bytes.length - 1] === 0x20) warnings.add('uid-padding');
  }
  const sopClass = findElement(elements, SOP_CLASS_UID);
  const kind = sopClassKind(uidText(sopClass));
  if (kind === 'not-storage')
    return { because: 'sop-class-not-storage', tag: SOP_CLASS_UID, offset: sopClass?.offset ?? 0 };
  // A private or newer class is a valid object of its vendor, and a PACS may know it.
  if (kind === 'unknown') warnings.add('sop-class-unknown');
  return null;
}

/** The patient must be unambiguous: a PACS that reads a different one would file the study under somebody else. */
function examinePatient(
  elements: readonly DicomElement[],
  context: ValueContext,
  warnings: Set<WarningCode>,
): Fault | null {
  const name = findElement(elements, PATIENT_NAME);
  const id = findElement(elements, PATIENT_ID);
  for (const [element, vr] of [
    [name, 'PN'],
    [id, 'LO'],
  ] as const) {
    if (element && (element.items || (element.vr !== vr && element.vr !== 'UN' && element.vr !== 'SH'))) {
      return { because: 'wrong-vr', tag: element.tag, offset: element.offset };
    }
  }
  if (id && rawText(id, context)?.includes('\\'))
    return { because: 'multiple-values', tag: PATIENT_ID, offset: id.offset };
  if (!rawText(name, context) && !rawText(id, context)) warnings.add('patient-missing');
  return null;
}

function identifiersOf(elements: readonly DicomElement[]): InstanceIdentifiers {
  return {
    studyInstanceUID: parseUid('StudyInstanceUID', uidText(findElement(elements, STUDY_INSTANCE_UID))),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uidText(findElement(elements, SERIES_INSTANCE_UID))),
    sopInstanceUID: parseUid('SOPInstanceUID', uidText(findElement(elements, SOP_INSTANCE_UID))),
    sopClassUID: parseUid('SOPClassUID', uidText(findElement(elements, SOP_CLASS_UID))),
  };
}

/** Copying tools often change the Data Set but not its File Meta Information. A PACS files by the Data Set. */
function isMismatch(
  meta: readonly DicomElement[],
  { sopClassUID, sopInstanceUID }: InstanceIdentifiers,
): boolean {
  const differs = (tag: number, uid: string): boolean => {
    const bytes = findElement(meta, tag)?.bytes;
    return !bytes || withoutPadding(asciiText(bytes)) !== uid;
  };
  return (
    differs(MEDIA_STORAGE_SOP_CLASS_UID, sopClassUID) ||
    differs(MEDIA_STORAGE_SOP_INSTANCE_UID, sopInstanceUID)
  );
}
