/**
 * Builds the findings on an image as DICOM instances: a structured report and, if there are maps, a segmentation and
 * a heat map. Pure: the same subject gives the same bytes under the same UIDs, so a second run adds nothing.
 */
import { buildCapture } from './build-capture.ts';
import { buildReport } from './build-report.ts';
import { buildSegmentation, SEGMENTATION_STORAGE } from './build-segmentation.ts';
import { SOP_CLASSES } from '#shared/dicom/registry.ts';
import type { BuiltResult, ResultKind, ResultMaps, ResultSubject, Verification } from './result-subject.ts';
import { identifiersOf } from './source-modules.ts';

/**
 * Builds the first revision: the maps, then the report that refers to them. Throws RangeError if a map does not have
 * the size that it states.
 */
export function buildResultInstances(
  subject: ResultSubject,
  { lungs, heatMap }: ResultMaps,
): readonly BuiltResult[] {
  const maps = [
    ...(lungs === null ? [] : [buildSegmentation(subject, lungs)]),
    ...(heatMap === null ? [] : [buildCapture(subject, heatMap)]),
  ];
  return [
    ...maps,
    buildReport(
      subject,
      maps.map(({ identifiers }) => identifiers),
      null,
    ),
  ];
}

/**
 * Builds the report again, with the radiologist's verdict. `maps`: the kinds of map in the first revision, which do
 * not change.
 */
export function buildVerifiedReport(
  subject: ResultSubject,
  maps: readonly Exclude<ResultKind, 'SR'>[],
  verification: Verification,
): BuiltResult {
  const identifiers = maps.map((kind) =>
    identifiersOf(subject, kind, kind === 'SEG' ? SEGMENTATION_STORAGE : SOP_CLASSES.SC),
  );
  return buildReport(subject, identifiers, verification);
}
