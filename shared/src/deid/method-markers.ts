/**
 * The markers that a de-identified instance carries (PS3.15 E.1.1 no. 6: "Patient Identity Removed (0012,0062) shall
 * be replaced or added to the dataset with a value of YES, and one or more codes … shall be added to De-identification
 * Method Code Sequence (0012,0064)"), They replace any older value, because we cannot vouch for the method that
 * another tool recorded.
 */
import { DEIDENTIFICATION_METHOD, formatBox, type Box } from '../dicom/boxes.ts';
import type { Irregularity } from '../protocol/irregularities.ts';
import type { DicomElement, Encoding } from '../dicom/data-set.ts';
import { encodeElements, encodeHeader, concatBytes, textValue } from '../dicom/encode.ts';
import { ITEM } from '../dicom/element-header.ts';
import { findElement } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';
import { plannedLiteral, type PlannedElement } from './plan.ts';
import { PROFILE_EDITION } from './profile.generated.ts';
import { methodCodes } from './report.ts';
import { formatRelease } from './released-oddities.ts';
import type { DeidRules } from './rules.ts';

const PATIENT_IDENTITY_REMOVED = 0x00120062;
const DEIDENTIFICATION_METHOD_CODE_SEQUENCE = 0x00120064;
export const LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED = 0x00280303;

const TEMPORAL = { removed: 'REMOVED', modified: 'MODIFIED', full: 'UNMODIFIED' } as const;

/** The value of each marker, by tag in ascending order. */
type Markers = readonly (readonly [tag: number, vr: string, value: Uint8Array])[];

/** The decisions of a person about one instance. */
export interface Decided {
  /** The boxes of the image that are blank. */
  readonly covered: readonly Box[];
  /** Oddities of the instance that a person released. */
  readonly released: readonly Irregularity[];
}
const NOTHING_DECIDED: Decided = { covered: [], released: [] };

/** Without a person's decisions, the markers depend on the rules and the encoding alone. */
const REMEMBERED = new WeakMap<DeidRules, Map<string, Markers>>();

/**
 * The markers for these rules, in ascending order. `elements` are those of the original; markers in it that are
 * already right stay as they are.
 */
export function methodMarkers(
  { elements, encoding }: { readonly elements: readonly DicomElement[]; readonly encoding: Encoding },
  rules: DeidRules,
  decided: Decided,
): PlannedElement[] {
  const isDecided = decided.covered.length + decided.released.length > 0;
  const markers = isDecided ? markersOf(rules, encoding, decided) : undecided(rules, encoding);
  return markers.map(([tag, vr, value]) => plannedLiteral(findElement(elements, tag), tag, vr, value));
}

function undecided(rules: DeidRules, encoding: Encoding): Markers {
  const remembered = REMEMBERED.get(rules) ?? new Map<string, Markers>();
  REMEMBERED.set(rules, remembered);
  const key = `${encoding.explicitVR} ${encoding.bigEndian}`;
  const markers = remembered.get(key) ?? markersOf(rules, encoding, NOTHING_DECIDED);
  remembered.set(key, markers);
  return markers;
}

function markersOf(rules: DeidRules, encoding: Encoding, { covered, released }: Decided): Markers {
  const method = [
    `RelayPACS, PS3.15 Basic Profile, ${PROFILE_EDITION}`,
    ...rules.options,
    ...covered.map(formatBox),
    ...released.map(formatRelease),
  ];
  return [
    [PATIENT_IDENTITY_REMOVED, 'CS', textValue('CS', 'YES')],
    // LO: at most 64 characters per value (PS3.5 §6.2).
    [DEIDENTIFICATION_METHOD, 'LO', textValue('LO', ...method)],
    [DEIDENTIFICATION_METHOD_CODE_SEQUENCE, 'SQ', methodItems(codesFor(rules, covered), encoding)],
    [LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, 'CS', textValue('CS', TEMPORAL[rules.dates])],
  ];
}

/** PS3.15 E.3.1: covering pixels is an application of the Clean Pixel Data Option. */
const codesFor = ({ options }: DeidRules, covered: readonly Box[]): ReturnType<typeof methodCodes> =>
  methodCodes(covered.length > 0 ? ['clean-pixel-data', ...options] : options);

function methodItems(codes: ReturnType<typeof methodCodes>, encoding: Encoding): Uint8Array {
  const items = codes.map(({ code, meaning }) => {
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
  return concatBytes(items);
}

/** True if the sequence of an instance is exactly the one that `methodMarkers` would write. */
export function isMethodCodeSequence(
  element: DicomElement,
  rules: DeidRules,
  covered: readonly Box[],
): boolean {
  const expected = codesFor(rules, covered).map(({ code, meaning }) =>
    ['00080100', code, '00080102', 'DCM', '00080104', meaning].join(),
  );
  const found = (element.items ?? []).map((item) =>
    item.elements.flatMap((each) => [each.tag.toString(16).padStart(8, '0'), asciiOf(each)]).join(),
  );
  return expected.join('|') === found.join('|');
}
