/**
 * The markers that a de-identified instance carries (PS3.15 E.1.1 no. 6: "Patient Identity Removed
 * (0012,0062) shall be replaced or added to the dataset with a value of YES, and one or more codes … shall be
 * added to De-identification Method Code Sequence (0012,0064)"), replacing any older value: we cannot vouch
 * for the method that another tool recorded.
 */
import type { DicomElement, Encoding } from '../dicom/data-set.ts';
import { encodeElements, encodeHeader, concatBytes, textValue } from '../dicom/encode.ts';
import { ITEM } from '../dicom/element-header.ts';
import { findElement } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';
import { plannedLiteral, type PlannedElement } from './plan.ts';
import { PROFILE_EDITION } from './profile.generated.ts';
import { methodCodes } from './report.ts';
import type { DeidRules } from './rules.ts';

const PATIENT_IDENTITY_REMOVED = 0x00120062;
const DEIDENTIFICATION_METHOD = 0x00120063;
const DEIDENTIFICATION_METHOD_CODE_SEQUENCE = 0x00120064;
export const LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED = 0x00280303;

const TEMPORAL = { removed: 'REMOVED', modified: 'MODIFIED', full: 'UNMODIFIED' } as const;

/**
 * The markers for these rules, in ascending order. `elements` are the original's: markers that are already
 * right stay as they are.
 */
export function methodMarkers(
  elements: readonly DicomElement[],
  rules: DeidRules,
  encoding: Encoding,
): PlannedElement[] {
  const text = (tag: number, vr: string, ...values: string[]) =>
    plannedLiteral(findElement(elements, tag), tag, vr, textValue(vr, ...values));
  return [
    text(PATIENT_IDENTITY_REMOVED, 'CS', 'YES'),
    // LO: at most 64 characters a value (PS3.5 §6.2).
    text(
      DEIDENTIFICATION_METHOD,
      'LO',
      `RelayPACS, PS3.15 Basic Profile, ${PROFILE_EDITION}`,
      ...rules.options,
    ),
    methodCodeSequence(findElement(elements, DEIDENTIFICATION_METHOD_CODE_SEQUENCE), rules, encoding),
    text(LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, 'CS', TEMPORAL[rules.dates]),
  ];
}

function methodCodeSequence(
  element: DicomElement | null,
  rules: DeidRules,
  encoding: Encoding,
): PlannedElement {
  const items = methodCodes(rules.options).map(({ code, meaning }) => {
    const item = encodeElements(
      [
        { tag: 0x00080100, vr: 'SH', value: textValue('SH', code) },
        { tag: 0x00080102, vr: 'SH', value: textValue('SH', 'DCM') },
        { tag: 0x00080104, vr: 'LO', value: textValue('LO', meaning) },
      ],
      encoding,
    );
    return concatBytes([encodeHeader(ITEM, '', item.length, encoding), item]);
  });
  return plannedLiteral(element, DEIDENTIFICATION_METHOD_CODE_SEQUENCE, 'SQ', concatBytes(items));
}

/** True where the sequence of an instance says exactly what `methodMarkers` would write. */
export function isMethodCodeSequence(element: DicomElement, rules: DeidRules): boolean {
  const expected = methodCodes(rules.options).map(({ code, meaning }) =>
    ['00080100', code, '00080102', 'DCM', '00080104', meaning].join(),
  );
  const found = (element.items ?? []).map((item) =>
    item.elements.flatMap((each) => [each.tag.toString(16).padStart(8, '0'), asciiOf(each)]).join(),
  );
  return expected.join('|') === found.join('|');
}
