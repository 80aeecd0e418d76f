/**
 * Content that no rule for attributes makes safe: a person must decide about it. The device holds such an instance
 * back, and the gateway refuses it, by this one function.
 */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { PIXEL_DATA } from '../dicom/tags.ts';
import { findElement } from '../dicom/values.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { OPAQUE_SOP_CLASSES } from './attribute-lists.ts';
import { isClearable } from './bytes/clear-fragments.ts';
import type { DeidRules } from './rules.ts';
import { burnedInText } from './undeclared-text.ts';

const ENCAPSULATED_DOCUMENT = 0x00420011;
const WAVEFORM_ANNOTATION_SEQUENCE = 0x0040b020;
const UNFORMATTED_TEXT_VALUE = 0x00700006;

/** The exceptions that a policy may make. */
type Exceptions = Pick<DeidRules, 'keepsDocuments' | 'cleansWaveformAnnotations' | 'undeclaredText'>;
const NO_EXCEPTIONS: Exceptions = {
  keepsDocuments: false,
  cleansWaveformAnnotations: false,
  undeclaredText: 'hold',
};

/** The reason why a person must decide, or null. */
export function reasonToQuarantine(
  instance: ParsedInstance,
  rules: Exceptions = NO_EXCEPTIONS,
): ReasonCode | null {
  const document = findElement(instance.elements, ENCAPSULATED_DOCUMENT);
  const isOpaque = OPAQUE_SOP_CLASSES.some((root) => instance.identifiers.sopClassUID.startsWith(root));
  // First what nobody can release: looking at the pixels does not help a document.
  if (!rules.keepsDocuments && (isOpaque || (document !== null && document.valueLength > 0)))
    return 'cannot-be-deidentified';
  if (hasUnclearablePixels(instance)) return 'pixel-data-not-clearable';
  if (!rules.cleansWaveformAnnotations && hasWrittenAnnotation(instance)) return 'cannot-be-deidentified';
  const burnedIn = burnedInText(instance);
  if (burnedIn === 'yes') return 'burned-in-annotation';
  return burnedIn === 'unsaid' && rules.undeclaredText === 'hold' ? 'undeclared-text' : null;
}

/** Video and other codings that nothing here can look through. */
function hasUnclearablePixels({ elements, transferSyntaxUID }: ParsedInstance): boolean {
  const fragments = findElement(elements, PIXEL_DATA)?.fragments ?? null;
  return fragments !== null && !isClearable(transferSyntaxUID);
}

/**
 * PS3.3 §C.10.10: Unformatted Text Value in Waveform Annotation Sequence, a note by a device or a person next
 * to the curve.
 */
function hasWrittenAnnotation({ elements }: ParsedInstance): boolean {
  const annotations = findElement(elements, WAVEFORM_ANNOTATION_SEQUENCE)?.items ?? [];
  return annotations.some(
    (item) => (findElement(item.elements, UNFORMATTED_TEXT_VALUE)?.valueLength ?? 0) > 0,
  );
}
