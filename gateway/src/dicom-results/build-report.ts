/**
 * Builds the structured report: the models' findings on one image as a Comprehensive SR, by TID 1500 "Measurement
 * Report" (PS3.16). A model's report is PARTIAL and UNVERIFIED. The radiologist's verdict makes a new instance, which
 * is COMPLETE and VERIFIED and refers to its predecessor.
 *
 * A report contains numbers, codes and this gateway's own sentences; patient and study are copied from the source.
 * The report of a de-identified study contains no text that a person wrote, because nobody has checked it for names.
 */
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { CODING_SCHEME } from './codes.ts';
import { COMPREHENSIVE_SR, evidence, verifiedBy } from './report-document.ts';
import { plainSigns, toAscii } from './result-text.ts';
import { reportTree } from './report-content.ts';
import type { BuiltResult, ResultSubject, Verification } from './result-subject.ts';
import {
  AI_DESCRIPTION,
  commonModules,
  hasAllLetters,
  identifiersOf,
  isDeidentified,
  lettersFor,
  momentOf,
} from './source-modules.ts';

/** `maps`: the result instances of the same finding, to which the report refers. */
export function buildReport(
  subject: ResultSubject,
  maps: readonly InstanceIdentifiers[],
  verification: Verification | null,
): BuiltResult {
  const revision = verification?.revision ?? 1;
  const reason = quotable(subject, verification);
  const letters = lettersFor(subject.source, reason ?? '');
  const identifiers = identifiersOf(subject, 'SR', COMPREHENSIVE_SR, revision);
  const elements: SimpleElement[] = [
    ...commonModules(subject, 'SR', momentOf(subject.source, verification?.at ?? subject.at), letters),
    [0x00081111, 'SQ'],
    [0x00200013, 'IS', revision],
    CODING_SCHEME,
    // PS3.3 Table C.17-2 "SR Document General Module".
    [0x0040a491, 'CS', verification === null ? 'PARTIAL' : 'COMPLETE'],
    [0x0040a492, 'LO', AI_DESCRIPTION],
    [0x0040a493, 'CS', verification === null ? 'UNVERIFIED' : 'VERIFIED'],
    [0x0040a496, 'CS', verification === null ? 'PRELIMINARY' : 'FINAL'],
    [0x0040a372, 'SQ'],
    [0x0040a375, 'SQ', evidence([subject.source.identifiers, ...maps])],
    ...(verification === null
      ? []
      : [
          verifiedBy(subject.source, verification),
          predecessor(subject, verification.follows ?? revision - 1),
        ]),
    ...reportTree(
      subject,
      maps,
      verification && {
        ...verification,
        reason: hasAllLetters(subject.source, letters) ? reason : reason && toAscii(reason),
      },
    ),
  ];
  const bytes = concatBytes(
    buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements }),
  );
  return {
    kind: 'SR',
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    bytes: bytes as Uint8Array<ArrayBuffer>,
  };
}

/** The radiologist's own words, as far as the report may include them. */
function quotable({ source }: ResultSubject, verification: Verification | null): string | null {
  const reason = plainSigns(verification?.reason ?? '').trim();
  return reason === '' || isDeidentified(source) ? null : reason;
}

/** Predecessor Documents Sequence: the report that this one completes or corrects. */
function predecessor(subject: ResultSubject, follows: number): SimpleElement {
  return [0x0040a360, 'SQ', evidence([identifiersOf(subject, 'SR', COMPREHENSIVE_SR, follows)])];
}
