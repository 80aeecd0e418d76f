/** The plan of one instance, which `plan-instance.ts` makes and other modules carry out. */
import type { DicomElement, DicomItem } from '../dicom/data-set.ts';
import type { How } from './decision.ts';
import type { PseudonymRequests } from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import type { Known } from './text/hold-known-values.ts';

export interface PlannedItem {
  readonly item: DicomItem;
  readonly elements: readonly PlannedElement[];
}

/** An element of the output, in order. Removed elements are included too, for the comparison. */
export interface PlannedElement {
  readonly tag: number;
  /** The VR to be written. */
  readonly vr: string;
  readonly how: How;
  /** Null: not in the original. */
  readonly element: DicomElement | null;
  /** The input that `how` needs: UIDs, a date, the key of a patient. */
  readonly text: string;
  /** For `clean-text`. */
  readonly prose: Prose | null;
  /** For `literal`. */
  readonly literal: Uint8Array | null;
  /** For `items`. */
  readonly items: readonly PlannedItem[] | null;
}

/** Text to be cleaned: bytes without padding that these character sets can decode. */
export interface Prose {
  readonly bytes: Uint8Array;
  readonly characterSets: readonly string[];
}

export interface Plan {
  readonly elements: PlannedElement[];
  readonly requests: PseudonymRequests;
  /** The policy distinguishes patients by issuer, and the instance names no issuer for its Patient ID. */
  readonly lacksIssuer: boolean;
  readonly actions: TagAction[];
  /**
   * The original values that the header names. Null: there is no plan, because the header names more, needs more
   * pseudonyms or has more prose to clean than the limits allow.
   */
  readonly known: Known | null;
}

/** Plans an element of the original for which `how` needs no more than its value. */
export function planned(element: DicomElement, vr: string, how: How, text = ''): PlannedElement {
  return { tag: element.tag, vr, how, element, text, prose: null, literal: null, items: null };
}

/**
 * Plans an element that the de-identifier adds or sets, with the bytes of its value. `element` is the one it replaces.
 */
export function plannedLiteral(
  element: DicomElement | null,
  tag: number,
  vr: string,
  literal: Uint8Array,
): PlannedElement {
  return { tag, vr, how: 'literal', element, text: '', prose: null, literal, items: null };
}

/** Adds a patient's pseudonym where the original has none: two patients without a Patient ID must not become one. */
export function plannedPatient(
  tag: number,
  how: 'patient-id' | 'patient-name',
  patientKey: string,
): PlannedElement {
  const vr = how === 'patient-id' ? 'LO' : 'PN';
  return { tag, vr, how, element: null, text: patientKey, prose: null, literal: null, items: null };
}
