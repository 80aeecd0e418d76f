/**
 * Reads from the beginning of a refused file which instance of which study it is, so that the study does not look
 * complete without it. Only the first bytes are read. A length that points beyond them is not trusted: its value, and
 * everything after it, counts as unread. Values inside items are ignored.
 */
import { patientOf } from '../deid/named-patients.ts';
import type { NamedPatient } from '../deid/patient-key.ts';
import type { ByteSource, DicomElement, Encoding } from '../dicom/data-set.ts';
import { bytesSource, rangeSource } from '../dicom/byte-source.ts';
import { inflateFront } from '../dicom/inflate-data-set.ts';
import { FRONT_BYTES } from '../dicom/limits.ts';
import { openPart10, readDataSet, type OpenedFile } from '../dicom/part10.ts';
import { SERIES_INSTANCE_UID, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID } from '../dicom/tags.ts';
import { isUid } from '../dicom/uid.ts';
import { findElement, uidText } from '../dicom/values.ts';

export interface BegunInstance {
  readonly studyInstanceUID: string;
  readonly sopInstanceUID: string;
  /** Absent if the value is not a UID. */
  readonly sopClassUID?: string;
}

/** Null: the beginning of the file does not say. Rejects only when reading does, or with the signal's reason. */
export async function readBegunInstance(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<BegunInstance | null> {
  const front = await readFront(source, signal);
  const uidOf = (tag: number) => uidText(findElement(front?.elements ?? [], tag));
  // The series UID comes after the study UID. If it is readable, the study UID was neither cut nor overwritten.
  const uids = [uidOf(STUDY_INSTANCE_UID), uidOf(SOP_INSTANCE_UID), uidOf(SERIES_INSTANCE_UID)] as const;
  if (!uids.every(isUid)) return null;
  const [studyInstanceUID, sopInstanceUID] = uids;
  const sopClassUID = uidOf(SOP_CLASS_UID);
  return { studyInstanceUID, sopInstanceUID, ...(isUid(sopClassUID) ? { sopClassUID } : {}) };
}

/**
 * The patient of a file that `readBegunInstance` recognises. The Patient ID comes before the UIDs, so it is intact.
 * Rejects as that function does.
 */
export async function readBegunPatient(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<NamedPatient | null> {
  const front = await readFront(source, signal);
  return front && patientOf(front.elements, { characterSets: [], encoding: front.encoding });
}

type Front = { readonly elements: readonly DicomElement[]; readonly encoding: Encoding };

async function readFront(source: ByteSource, signal?: AbortSignal): Promise<Front | null> {
  const front = rangeSource(source, { offset: 0, length: Math.min(source.size, FRONT_BYTES) });
  const opened = await openPart10(front, signal, 'replaced');
  if (opened.kind === 'refused') return null;
  const read = await readDataSet(await inflatedIn(opened, signal), signal);
  const { elements } = read.kind === 'refused' ? read : read.unexamined;
  return { elements, encoding: opened.beginning.encoding };
}

/** The file with its Data Set inflated. */
async function inflatedIn(opened: OpenedFile, signal?: AbortSignal): Promise<OpenedFile> {
  const { source, beginning } = opened;
  const { encoding, dataSetOffset } = beginning;
  if (!encoding.deflated) return opened;
  const head = await inflateFront(source, dataSetOffset, FRONT_BYTES, signal);
  return {
    kind: 'opened',
    source: bytesSource(head),
    head,
    beginning: { ...beginning, dataSetOffset: 0, encoding: { ...encoding, deflated: false } },
  };
}
