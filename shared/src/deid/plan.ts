/** The plan of one instance: the form in which `plan-instance.ts` hands it to those who carry it out. */
import type { DicomElement, DicomItem } from '../dicom/data-set.ts';
import type { How } from './decision.ts';
import type { PseudonymRequests } from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import type { Known } from './text/hold-known-values.ts';

export interface PlannedItem {
  readonly item: DicomItem;
  readonly elements: readonly PlannedElement[];
}

/** An element of the output, in its place. Removed elements stand here too, for the comparison. */
export interface PlannedElement {
  readonly tag: number;
  /** The VR to be written. */
  readonly vr: string;
  readonly how: How;
  /** Null: not in the original. */
  readonly element: DicomElement | null;
  /** The input of `how`: UIDs, a date, the key of a patient. */
  readonly text: string;
  /** For `clean-text`. */
  readonly prose: Prose | null;
  /** For `literal`. */
  readonly literal: Uint8Array | null;
  /** For `items`. */
  readonly items: readonly PlannedItem[] | null;
}

/** Text to be cleaned: bytes without padding, which these character sets can decode. */
export interface Prose {
  readonly bytes: Uint8Array;
  readonly characterSets: readonly string[];
}

export interface Plan {
  readonly elements: PlannedElement[];
  readonly requests: PseudonymRequests;
  /** The policy tells patients apart by their issuers, and the instance names none for its Patient ID. */
  readonly lacksIssuer: boolean;
  readonly actions: TagAction[];
  /**
   * The originals that the header names. Null: it names more, asks for more pseudonyms or has more prose to clean
   * than the limits allow, so there is no plan.
   */
  readonly known: Known | null;
}

/** An element of the original; `how` needs no more than its value. */
export function planned(element: DicomElement, vr: string, how: How, text = ''): PlannedElement {
  return { tag: element.tag, vr, how, element, text, prose: null, literal: null, items: null };
}

/** An element that the de-identifier adds or sets, with the bytes of its value. `element`: the one it replaces. */
export function plannedLiteral(
  element: DicomElement | null,
  tag: number,
  vr: string,
  literal: Uint8Array,
): PlannedElement {
  return { tag, vr, how: 'literal', element, text: '', prose: null, literal, items: null };
}

/** A pseudonym that the original lacks: two patients without a Patient ID must not become one. */
export function plannedPatient(
  tag: number,
  how: 'patient-id' | 'patient-name',
  patientKey: string,
): PlannedElement {
  const vr = how === 'patient-id' ? 'LO' : 'PN';
  return { tag, vr, how, element: null, text: patientKey, prose: null, literal: null, items: null };
}
