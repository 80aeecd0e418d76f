/**
 * Private attributes that are known to be safe (PS3.15 Table E.3.10-1, "Safe Private Attributes"), for the option
 * `retain-safe-private`. Only the table's single values are listed here. Its sequences, bulk data, UIDs and free text
 * (Hologic codec content, SIEMENS SC2000 volumes, NQHeader Return Message) would have to be inspected, and note 2
 * calls bulk data "particularly unsafe".
 */
import type { DicomElement } from '../dicom/data-set.ts';
import { withoutPadding } from '../dicom/padding.ts';
import { asciiText } from '../dicom/values.ts';
import { trimEnd } from '../trim-end.ts';

/**
 * The allowed terms, in upper case, of attributes that hold one of a closed list (CS, SH, LO). They come from
 * conformance statements and files. Any other word may be a name, however much it looks like a term, so it is removed.
 */
const TERMS = {
  acquisitions: 'AXIAL CINE DYNAMIC HELIX SCANOGRAM SCOUT SPIRAL SURVIEW',
  phantoms: 'BODY HEAD 16CM 32CM',
  /** P preparation, M measurement, S slice, O oblique, I isotropic. */
  philipsDirections: 'P M S O I X Y Z',
  siemensDirections: 'NONE DIRECTIONAL ISOTROPIC BMATRIX',
  units: 'CC CM3 ML MM3',
  /** GE's own sequences. Research sequences are left out, because their authors name them. */
  sequences:
    '2DFAST 3DASL 3DFIESTA 3DFSE 3DGRASS ASL B0MAP B1MAP COSMIC CUBE DISCO DW-EPI EFGRE3D EPI EPI2 EPIRT FAST FASTCARD FASTCINE ' +
    'FGRE FGRE-EPI FGRE3D FGRET FIESTA FIESTA-C FLAIREPI FRFSE FRFSE-XL FSE FSE-IR FSE-XL FSEMC FSPGR GRASS GRE IDEAL LAVA MDE ' +
    'MEMP MERGE MFAST MPMEMP PCMRA PRESS PROBE-P PROPELLER QUICKSTEP SE SILENT SILENZ SPGR SPIRAL SSFP SSFSE SWAN TOF TRICKS ' +
    'T1FLAIR T2FLAIR VIBRANT VIE 2DFGRE 3DFGRE 3DSPGR 3DTOF 3DPC 2DTOF 2DPC 3DFRFSE 3PLANE 3-PLANE',
} as const;

/**
 * What an element holds according to the table: a numeric VR with the number of values, `number` for a number in text
 * (DS, IS, a ratio in SH), or a list of allowed terms.
 */
type Holds = 'number' | keyof typeof TERMS | `${'FD' | 'FL' | 'SL' | 'SS' | 'US'} ${number}`;

/** The volumes of the structures in one half of the brain. */
const VOLUMES: Readonly<Record<number, Holds>> = Object.fromEntries(
  Array.from({ length: 0x16 }, (_, index) => [index + 1, 'FL 1' as const]),
);

/** Group, creator, and the elements within the creator's block. */
const SAFE: readonly (readonly [
  group: number,
  creator: string,
  elements: Readonly<Record<number, Holds>>,
])[] = [
  [0x7053, 'Philips PET Private Group', { 0x00: 'number', 0x09: 'number' }], // SUV Factor, Activity Concentration Factor
  [0x00e1, 'ELSCINT1', { 0x21: 'number', 0x50: 'number' }], // DLP, Acquisition Duration
  [0x01e1, 'ELSCINT1', { 0x26: 'phantoms' }], // Phantom Type
  [0x01f1, 'ELSCINT1', { 0x01: 'acquisitions', 0x07: 'number', 0x26: 'number', 0x27: 'number' }], // Acquisition Type, Table Velocity, Pitch, Rotation Time
  [0x0019, 'GEMS_ACQU_01', { 0x23: 'number', 0x24: 'number', 0x27: 'number', 0x9e: 'sequences' }], // Table Speed, Mid Scan Time, Rotation Speed, Internal Pulse Sequence Name
  [0x0025, 'GEMS_SERS_01', { 0x07: 'SL 1' }], // Images in Series
  [0x0043, 'GEMS_PARM_01', { 0x27: 'number', 0x39: 'number', 0x6f: 'number' }], // Scan Pitch Ratio, b-value, Scanner Table Entry
  [0x0045, 'GEMS_HELIOS_01', { 0x01: 'SS 1', 0x02: 'FL 1' }], // Number of Macro Rows in Detector, Macro width at ISO Center
  [0x0903, 'GEIIS PACS', { 0x10: 'US 1', 0x11: 'US 1', 0x12: 'US 1' }], // Reject, Significant, Confidential Flag
  [0x2001, 'Philips Imaging DD 001', { 0x03: 'FL 1', 0x04: 'philipsDirections' }], // Diffusion B-Factor, Diffusion Direction
  [0x2005, 'Philips MR Imaging DD 001', { 0x0d: 'FL 1', 0x0e: 'FL 1' }], // Scale Intercept, Scale Slope
  [0x0019, 'SIEMENS MR HEADER', { 0x0c: 'number', 0x0d: 'siemensDirections', 0x0e: 'FD 3', 0x27: 'FD 6' }], // B Value, Diffusion Directionality, Gradient Direction, B Matrix
  [0x0099, 'NQHeader', { 0x04: 'SS 1', 0x10: 'FL 1', 0x20: 'units', 0x21: 'FL 1' }], // Return Code, MI, Units, ICV
  [0x0199, 'NQLeft', VOLUMES],
  [0x0299, 'NQRight', VOLUMES],
];

/**
 * Private attributes that say when something was measured (names as in pydicom's private dictionary). Without them the
 * uptake of a tracer cannot be computed. They move with the dates of the instance (PS3.15 E.3.6), and are removed if
 * the dates are removed.
 */
const DATED: readonly (readonly [
  group: number,
  creator: string,
  vr: 'DA' | 'DT',
  elements: readonly number[],
])[] = [
  // scan, scan ready, dose measured, administered, residue measured, calibration sources, landmark, start,
  // image set
  [0x0009, 'GEMS_PETD_01', 'DT', [0x0d, 0x0e, 0x39, 0x3b, 0x3d, 0x43, 0x48, 0x68, 0x6c, 0x7b]],
  [0x0057, 'GEMS_VXTLSTATE_001', 'DT', [0x07, 0x08, 0x09, 0x10]], // SUV: scanned, administered, measured, residue
  [0x0019, 'GEMS_ACQU_01', 'DT', [0x9d]], // Pulse Sequence Date
  [0x0009, 'SIEMENS CT VA0  IDE', 'DA', [0x50]], // Scan Date
  [0x7005, 'TOSHIBA_MEC_CT3', 'DA', [0x24]], // Acquisition Date of NRA
];
const DATED_ELEMENTS = new Map<string, 'DA' | 'DT'>(
  DATED.flatMap(([group, creator, vr, elements]) =>
    elements.map((element) => [`${group} ${creator} ${element}`, vr] as const),
  ),
);

const SAFE_ELEMENTS = new Map<string, Holds>(
  SAFE.flatMap(([group, creator, elements]) =>
    Object.entries(elements).map(([element, holds]) => [`${group} ${creator} ${element}`, holds] as const),
  ),
);

/** Bytes per value of the numeric VRs. */
const WIDTHS: Readonly<Record<string, number>> = { FD: 8, FL: 4, SL: 4, SS: 2, UL: 4, US: 2 };
/** A number, as in DS and IS, or a ratio of two (`1.375:1`). Not just any mix of digits and strokes. */
const NUMBER = /^ *(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:[:/]\d+(?:\.\d+)?)? *)?$/;
/** PS3.5 §6.2: DS has 16 characters at most, IS 12. */
const NUMBER_LENGTH = 16;
/**
 * Limits for numbers. Gradients, directions and b-values lie far below the upper one. Text read as numbers of eight
 * bytes lies far above it, or almost at zero.
 */
const LARGEST = 1e7;
const SMALLEST = 1e-30;
const TERM_SETS = new Map<string, ReadonlySet<string>>(
  Object.entries(TERMS).map(([name, terms]) => [name, new Set(['', ...terms.split(' ')])]),
);

/**
 * Whether the content is what makes the attribute safe: a name written into a table's speed is not. Vendors use other
 * VRs than the table says, and a number is accepted in any numeric VR. If the VR is unknown (UN), the table's VR
 * decides.
 */
function holdsWhatItShould({ vr, bytes }: DicomElement, holds: Holds): boolean {
  if (bytes === null) return false;
  const [expected = '', count] = holds.split(' ');
  const width = WIDTHS[vr];
  if (width !== undefined) return isNumbers(bytes, vr, Number(count ?? 1));
  const isUnknown = vr === 'UN' || vr === 'OB' || vr === 'OW';
  if (isUnknown && count !== undefined) return isNumbers(bytes, expected, Number(count));
  const text = trimEnd(asciiText(bytes), '\0');
  const terms = TERM_SETS.get(holds);
  return text
    .split('\\')
    .every((value) =>
      terms === undefined
        ? value.length <= NUMBER_LENGTH && NUMBER.test(value)
        : terms.has(value.trim().toUpperCase()),
    );
}

/** The longest creator name to look up: LO has 64 characters at most. */
const CREATOR_LENGTH_LIMIT = 64;

/**
 * Whether the bytes are plausible numbers. Eight bytes of text would fit into an FD, but give no plausible number in
 * either byte order.
 */
function isNumbers(bytes: Uint8Array, vr: string, count: number): boolean {
  if (bytes.length !== (WIDTHS[vr] ?? 0) * count) return false;
  if (vr !== 'FD') return true;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLikely = (value: number): boolean =>
    value === 0 || (Math.abs(value) <= LARGEST && Math.abs(value) >= SMALLEST);
  return [true, false].some((isLittle) =>
    Array.from({ length: count }, (_, index) => view.getFloat64(index * 8, isLittle)).every(isLikely),
  );
}

interface SafePrivate {
  /** Tags of the safe elements, with the Private Creators that they need. */
  readonly kept: ReadonlySet<number>;
  /** Tags of dates, with their VR. `kept` includes creators that only the dates need. */
  readonly dated: ReadonlyMap<number, 'DA' | 'DT'>;
}

/**
 * The tags of the private elements of one Data Set or Item that are safe, with the Private Creators that they need
 * (PS3.15 E.3.10: "together with the Private Creator IDs that are required to fully define the retained Private
 * Attributes").
 */
export function safePrivateTags(elements: readonly DicomElement[], keepsDates: boolean): SafePrivate {
  const creators = new Map<number, string>();
  const kept = new Set<number>();
  const dated = new Map<number, 'DA' | 'DT'>();
  for (const one of elements) {
    const { tag, bytes } = one;
    const group = tag >>> 16;
    const element = tag & 0xffff;
    if ((group & 1) === 0 || bytes === null) continue;
    if (element >= 0x10 && element <= 0xff) {
      if (bytes.length <= CREATOR_LENGTH_LIMIT)
        creators.set(tag, withoutPadding(String.fromCharCode(...bytes)).trim());
      continue;
    }
    // PS3.5 §7.8.1: the Private Creator (gggg,00bb) reserves (gggg,bb00) to (gggg,bbFF).
    const creatorTag = ((group << 16) | (element >>> 8)) >>> 0;
    const name = `${group} ${creators.get(creatorTag)} ${element & 0xff}`;
    const vr = keepsDates ? DATED_ELEMENTS.get(name) : undefined;
    const holds = SAFE_ELEMENTS.get(name);
    if (vr !== undefined) dated.set(tag, vr);
    else if (holds !== undefined && holdsWhatItShould(one, holds)) kept.add(tag);
    else continue;
    kept.add(creatorTag);
  }
  return { kept, dated };
}
