/**
 * Groups attributes for a person who reads the report: whether an attribute describes a person, a time, a place, a
 * device and so on. This decides nothing about the attribute; `rules.ts` does. Most groups follow from the VR and the
 * options of Table E.1-1; the rest are in short lists.
 */
import { dictionaryEntry, isPrivate } from '../dicom/dictionary.ts';
import { decidingRows } from './profile.ts';

/** In the order in which the report shows them. */
export const GROUPS = [
  'identity',
  'dates',
  'places',
  'devices',
  'uids',
  'text',
  'pictures',
  'private',
  'method',
] as const;
/**
 * identity: people, and the numbers that lead to them. text: prose, and everything without a group of its own.
 * pictures: graphics over the pixels or burned into them. private: private attributes, and those that PS3.6 does not
 * know. method: attributes that describe the file and its de-identification.
 */
export type Group = (typeof GROUPS)[number];

const TEMPORAL = new Set(['DA', 'DT', 'TM']);
const PROSE = new Set(['LT', 'ST', 'UT']);

/** Where a person is, lives or can be reached, and who runs the institution. */
const PLACES: ReadonlySet<number> = new Set([
  // addresses and telephone numbers of the referring physician, the patient, a person, an order, a list of recipients
  0x00080092,
  0x00080094, 0x00101040, 0x00102154, 0x00102155, 0x00401102, 0x00401103, 0x00401104, 0x00402010, 0x0040a353,
  0x0040a354, 0x4008011a,
  // Country, Region of Residence; Military Rank's branch of service
  0x00102150, 0x00102152, 0x00101081,
  // Coding Scheme Responsible Organization
  0x00080116,
  // where a patient lies, where something is done or was ordered
  0x0038001e, 0x00380300, 0x00380400, 0x00400243, 0x00401005, 0x00402009,
  // Requesting Service, Department, organisations that verify, perform or keep
  0x00321033, 0x00081040, 0x00404036, 0x0040a027, 0x0040a07c,
  // the site of a coding scheme
  0x0008010e, 0x00080114, 0x00080115,
]);
/** GPS Version ID to GPS Differential: the position of a camera. */
const GPS: readonly [number, number] = [0x00160070, 0x0016008e];

/**
 * The patient, staff, and the numbers of orders, visits, trials and specimens. All of group 0010 belongs to this group
 * too.
 */
const IDENTITY: ReadonlySet<number> = new Set([
  0x00080050, 0x00080096, 0x0008009d, 0x00081049, 0x00081052, 0x00081062, 0x00081072, 0x00200010, 0x00320012,
  0x00380004, 0x00380010, 0x00380011, 0x00380014, 0x00380060, 0x00380061, 0x00380064, 0x00400009, 0x0040000b,
  0x00400253, 0x0040050a, 0x00400512, 0x00400513, 0x00400551, 0x00400562, 0x004006fa, 0x00401001, 0x00401004,
  0x00401006, 0x00401007, 0x00401011, 0x00401101, 0x00402006, 0x00402007, 0x00402016, 0x00402017, 0x00403001,
  0x00404034, 0x00404035, 0x0040a073, 0x0040a078, 0x0040a07a, 0x0040a088, 0x0040a358, 0x0050001b, 0x00700086,
  0x00880910, 0x3006004d, 0x3006004e, 0x40080040, 0x40080042, 0x40080111, 0x40080118, 0x40080200, 0x40080202,
  // signatures and earlier values: Certificate of Signer, signatures, MAC, Modified and Original Attributes
  0x04000115, 0x04000402, 0x04000403, 0x04000404, 0x04000500, 0x04000550, 0x04000551, 0x04000552, 0x04000561,
  0x04000600, 0x4ffe0001, 0xfffafffa,
]);

/** Sources of a real-time flow, and the devices that carry accessories. */
const DEVICES: ReadonlySet<number> = new Set([
  0x00340001, 0x00340002, 0x00340005, 0x300a0611, 0x300a0615, 0x3010001b, 0x00020016, 0x00020017, 0x00020018,
  // NTP Source Address
  0x00181803,
]);

const TEXT: ReadonlySet<number> = new Set([
  0x00203406, 0x00720065, 0x0072006d, 0x00720071, 0x00880904, 0x00880912, 0x20300020, 0x00420011, 0xfffcfffc,
]);

/**
 * Icon Image Sequence, Burned In Annotation, Recognizable Visual Features, ICC Profile. Pixel Data, overlays and
 * curves are recognised by their group numbers.
 */
const PICTURES: ReadonlySet<number> = new Set([0x00880200, 0x00280301, 0x00280302, 0x00282000]);
const PIXEL_GROUP = 0x7fe0;

/**
 * Patient Identity Removed, De-identification Method and its codes, Longitudinal Temporal Information Modified; and
 * what tells who wrote the file, and how.
 */
const METHOD: ReadonlySet<number> = new Set([
  0x00120062, 0x00120063, 0x00120064, 0x00280303, 0x00020001, 0x00020010, 0x00020012, 0x00020013, 0x00080001,
]);

const ROWS = decidingRows();

/**
 * The group of an attribute that is in one of the tables or in a list here; null for every other attribute. `vr` is
 * the dictionary's VR if the dictionary knows the tag.
 */
export function listedGroup(tag: number, vr: string): Group | null {
  // Group lengths (gggg,0000) count bytes.
  if (METHOD.has(tag) || (tag & 0xffff) === 0) return 'method';
  if (PICTURES.has(tag) || tag >>> 16 === PIXEL_GROUP || isDrawing(tag)) return 'pictures';
  if (isPrivate(tag)) return 'private';
  const letters = ROWS.get(tag)?.options.toLowerCase() ?? '';
  if (TEMPORAL.has(vr) || /[fm]/.test(letters)) return 'dates';
  if (PLACES.has(tag) || letters.includes('i') || (tag >= GPS[0] && tag <= GPS[1])) return 'places';
  if (DEVICES.has(tag) || letters.includes('d')) return vr === 'UI' ? 'uids' : 'devices';
  if (vr === 'UI' || letters.includes('u')) return 'uids';
  if (IDENTITY.has(tag) || vr === 'PN') return 'identity';
  if (PROSE.has(vr)) return 'text';
  if (letters.includes('p') || tag >>> 16 === 0x0010) return 'identity';
  // Clinical trials: sponsor, protocol, subject and site lead to a person just as a hospital's numbers do.
  if (tag >>> 16 === 0x0012) return letters.includes('t') ? 'text' : 'identity';
  if (letters.includes('g')) return 'pictures';
  if (TEXT.has(tag) || /[ts]/.test(letters)) return 'text';
  // The other rows of our own table name people, or are numbers that lead to them.
  return ROWS.get(tag)?.isListed === false ? 'identity' : null;
}

/** The group of any attribute. */
export function groupOf(tag: number, vr: string): Group {
  return listedGroup(tag, vr) ?? (dictionaryEntry(tag) ? 'text' : 'private');
}

/** PS3.5 §7.6: the repeating groups of curves and overlays. */
function isDrawing(tag: number): boolean {
  const family = tag >>> 24;
  return (family === 0x50 || family === 0x60) && !isPrivate(tag);
}
