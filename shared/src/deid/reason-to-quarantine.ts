/**
 * Finds content that no rule for attributes makes safe, so that a person must decide about it. The device holds such
 * an instance back, and the gateway refuses it, by this same function.
 */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { nativeBytes, readPixelModule } from '../dicom/examine-pixel-module.ts';
import { FLOAT_PIXEL_DATA, PIXEL_DATA } from '../dicom/tags.ts';
import { findElement } from '../dicom/values.ts';
import { irregularitiesIn, type Irregularity } from '../protocol/irregularities.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { OPAQUE_SOP_CLASSES } from './attribute-lists.ts';
import { isClearableWithin } from './bytes/clear-bulk.ts';
import { isClearable } from './bytes/clear-fragments.ts';
import { isForPixels, reasonToHold, type Exceptions, type HoldCause } from './hold-causes.ts';
import { planned, type PlannedElement } from './plan.ts';
import { burnedInText } from './undeclared-text.ts';

const ENCAPSULATED_DOCUMENT = 0x00420011;
const WAVEFORM_ANNOTATION_SEQUENCE = 0x0040b020;
const UNFORMATTED_TEXT_VALUE = 0x00700006;

/**
 * Enough for a whole photograph or the first frames of a clip. A disc may hold many clips of hundreds of megabytes.
 */
const LOOKED_BYTES = 8 * 1024 * 1024;

/** Oddities of coded pixels that mean frames are missing. */
const MISSING_FRAMES: readonly Irregularity[] = [
  'pixel-data-missing',
  'pixel-data-length',
  'transfer-syntax-unknown',
];

/** The reason why a person must decide about names that the instance may hold, or null. */
export function reasonToQuarantine(instance: ParsedInstance, made: Exceptions): ReasonCode | null {
  return reasonToHold(holdCausesOf(instance), made);
}

/** All causes for holding the instance that its header shows, whatever the policy. */
function holdCausesOf(instance: ParsedInstance): readonly HoldCause[] {
  const document = findElement(instance.elements, ENCAPSULATED_DOCUMENT);
  const isOpaque = OPAQUE_SOP_CLASSES.some((root) => instance.identifiers.sopClassUID.startsWith(root));
  const burnedIn = burnedInText(instance);
  const causes: HoldCause[] = [];
  if (isOpaque || (document !== null && document.valueLength > 0))
    causes.push(isImage(instance) ? 'document-in-image' : 'document');
  if (hasUnclearablePixels(instance)) causes.push('unclearable-pixels');
  if (hasWrittenAnnotation(instance)) causes.push('written-annotation');
  if (burnedIn === 'yes') causes.push('burned-in');
  if (burnedIn === 'unsaid') causes.push('undeclared-text');
  return [...causes, ...irregularitiesIn(instance.warnings)];
}

/**
 * The same, but also searches the pixel bytes of an instance that a person could release. Nobody can release what is
 * found there, nor pixels that cannot all be drawn, because nobody can look at them or cover them. Sending searches
 * the bytes beyond those that are read here. Rejects if reading the source does, and with the signal's reason.
 */
export async function holdCausesWithin(
  instance: ParsedInstance,
  signal?: AbortSignal,
): Promise<readonly HoldCause[]> {
  const causes = holdCausesOf(instance);
  const isAsked = isForPixels(causes) || irregularitiesIn(causes).length > 0;
  if (!isAsked || causes.includes('unclearable-pixels')) return causes;
  if (hasUndrawablePixels(instance, isForPixels(causes))) return [...causes, 'unclearable-pixels'];
  const kept = instance.elements.map((element) => planned(element, element.vr, 'keep'));
  const isClear = (those: readonly PlannedElement[]) =>
    isClearableWithin(instance, those, LOOKED_BYTES, signal);
  if (await isClear(kept)) return causes;
  const isCoded = (findElement(instance.elements, PIXEL_DATA)?.fragments ?? null) !== null;
  const isInPixels = isCoded && (await isClear(kept.filter(({ tag }) => tag !== PIXEL_DATA)));
  return [...causes, isInPixels ? 'unclear-codestream' : 'unclearable-pixels'];
}

function isImage({ elements }: ParsedInstance): boolean {
  return elements.some(({ tag }) => tag >= FLOAT_PIXEL_DATA && tag <= PIXEL_DATA);
}

/** Video and other codings that cannot be searched here. */
function hasUnclearablePixels({ elements, transferSyntaxUID }: ParsedInstance): boolean {
  const fragments = findElement(elements, PIXEL_DATA)?.fragments ?? null;
  return fragments !== null && !isClearable(transferSyntaxUID);
}

/**
 * Whether some frames are missing, or lie in fragments that no decoder can join. The fragments of a single frame are
 * joined (PS3.5 §A.4) even if their form is odd. If pixels are not coded, a person may have to see every frame.
 */
function hasUndrawablePixels(instance: ParsedInstance, mustBeSeen: boolean): boolean {
  const pixelData = findElement(instance.elements, PIXEL_DATA);
  const odd = irregularitiesIn(instance.warnings);
  if (pixelData === null || odd.length === 0) return false;
  const module = readPixelModule(instance.elements, instance, PIXEL_DATA);
  if ('because' in module) return false;
  if (!pixelData.fragments) return mustBeSeen && pixelData.valueLength < nativeBytes(module);
  const isJoined = module.frames === 1 && pixelData.fragments.length > 2;
  return (
    odd.some((each) => MISSING_FRAMES.includes(each)) ||
    (odd.includes('pixel-data-not-decodable') && !isJoined)
  );
}

/**
 * PS3.3 §C.10.10: Unformatted Text Value in Waveform Annotation Sequence, a note that a device or a person wrote next
 * to the curve.
 */
function hasWrittenAnnotation({ elements }: ParsedInstance): boolean {
  const annotations = findElement(elements, WAVEFORM_ANNOTATION_SEQUENCE)?.items ?? [];
  return annotations.some(
    (item) => (findElement(item.elements, UNFORMATTED_TEXT_VALUE)?.valueLength ?? 0) > 0,
  );
}
