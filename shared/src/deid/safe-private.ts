/**
 * Private attributes that are known to be safe (PS3.15 Table E.3.10-1, "Safe Private Attributes"), for the option `retain-safe-private`.
 * Of that table only single values are here: its sequences, bulk data, UIDs and free text (Hologic codec content, SIEMENS SC2000 volumes,
 * NQHeader Return Message) would have to be looked into, and note 2 calls bulk data "particularly unsafe".
 */
import type { DicomElement } from '../dicom/data-set.ts';

/** Group and creator, then the elements inside the creator's block. */
const SAFE: readonly (readonly [group: number, creator: string, elements: readonly number[]])[] = [
  [0x7053, 'Philips PET Private Group', [0x00, 0x09]], // SUV Factor, Activity Concentration Factor
  [0x00e1, 'ELSCINT1', [0x21, 0x50]], // DLP, Acquisition Duration
  [0x01e1, 'ELSCINT1', [0x26]], // Phantom Type
  [0x01f1, 'ELSCINT1', [0x01, 0x07, 0x26, 0x27]], // Acquisition Type, Table Velocity, Pitch, Rotation Time
  [0x0019, 'GEMS_ACQU_01', [0x23, 0x24, 0x27, 0x9e]], // Table Speed, Mid Scan Time, Rotation Speed, Internal Pulse Sequence Name
  [0x0025, 'GEMS_SERS_01', [0x07]], // Images in Series
  [0x0043, 'GEMS_PARM_01', [0x27, 0x39, 0x6f]], // Scan Pitch Ratio, b-value, Scanner Table Entry
  [0x0045, 'GEMS_HELIOS_01', [0x01, 0x02]], // Number of Macro Rows in Detector, Macro width at ISO Center
  [0x0903, 'GEIIS PACS', [0x10, 0x11, 0x12]], // Reject, Significant, Confidential Flag
  [0x2001, 'Philips Imaging DD 001', [0x03, 0x04]], // Diffusion B-Factor, Diffusion Direction
  [0x2005, 'Philips MR Imaging DD 001', [0x0d, 0x0e]], // Scale Intercept, Scale Slope
  [0x0019, 'SIEMENS MR HEADER', [0x0c, 0x0d, 0x0e, 0x27]], // B Value, Diffusion Directionality, Gradient Direction, B Matrix
  [0x0099, 'NQHeader', [0x04, 0x10, 0x20, 0x21]], // Return Code, MI, Units, ICV
  [0x0199, 'NQLeft', Array.from({ length: 0x16 }, (_, index) => index + 1)], // volumes of structures of the left half of the brain
  [0x0299, 'NQRight', Array.from({ length: 0x16 }, (_, index) => index + 1)], // and of the right
];

const SAFE_ELEMENTS = new Set(SAFE.flatMap(([group, creator, elements]) => elements.map((element) => `${group} ${creator} ${element}`)));

/** Names longer than this are not among `SAFE`: LO has 64 characters at most. */
const CREATOR_LENGTH_LIMIT = 64;

/**
 * Of the elements of one Data Set or Item: the tags of the private ones that are safe, with the Private Creators that they need
 * (PS3.15 E.3.10: "together with the Private Creator IDs that are required to fully define the retained Private Attributes").
 */
export function safePrivateTags(elements: readonly DicomElement[]): ReadonlySet<number> {
  const creators = new Map<number, string>();
  const safe = new Set<number>();
  for (const { tag, bytes } of elements) {
    const group = tag >>> 16;
    const element = tag & 0xffff;
    if ((group & 1) === 0 || bytes === null) continue;
    if (element >= 0x10 && element <= 0xff) {
      if (bytes.length <= CREATOR_LENGTH_LIMIT)
        creators.set(
          tag,
          String.fromCharCode(...bytes)
            .replace(/[\0 ]+$/, '')
            .trim(),
        );
      continue;
    }
    // PS3.5 §7.8.1: the Private Creator (gggg,00bb) reserves (gggg,bb00) to (gggg,bbFF).
    const creatorTag = ((group << 16) | (element >>> 8)) >>> 0;
    const creator = creators.get(creatorTag);
    if (creator !== undefined && SAFE_ELEMENTS.has(`${group} ${creator} ${element & 0xff}`)) safe.add(tag).add(creatorTag);
  }
  return safe;
}
