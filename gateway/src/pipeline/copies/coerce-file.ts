/** Writes an instance with the values that its destination wants. The output is the same bytes each time it is made. */
import { coerceInstance, type Coerced } from '#shared/deid/coerce-instance.ts';
import { readSegments } from '#shared/deid/segments.ts';
import type { ByteSource, ParsedInstance } from '#shared/dicom/data-set.ts';
import type { NewAttribute } from '#shared/dicom/original-attributes.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { ACCESSION_NUMBER } from '#shared/dicom/tags.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { Coercion } from '#shared/protocol/coercion.ts';
import type { CoercedFile, CoercedPiece, WantedValues } from '../plan/pipeline-tools.ts';

const INSTITUTION_NAME = 0x00080080;
const ISSUER_OF_PATIENT_ID = 0x00100021;
const ISSUER_QUALIFIERS = 0x00100024;
/** PS3.5 Table 6.2-1. */
const SH_CHARACTERS = 16;

/** `not-writable` is also returned where the file cannot be read as DICOM. Rejects where reading its bytes does. */
export async function coerceFile(
  file: ByteSource,
  { coercion, at }: WantedValues,
  signal: AbortSignal,
): Promise<CoercedFile> {
  const read = await readInstance(file, signal);
  if (read.kind === 'refused') return { kind: 'not-writable' };
  const coerced = await coerceTo(coercion, read.instance, at);
  if (coerced.kind !== 'coerced') return coerced;
  const { dataSet } = read.instance;
  const pieces: CoercedPiece[] = [];
  for (const segment of coerced.segments) {
    // A range of an inflated Data Set is not a range of the file.
    if (dataSet === file && !(segment instanceof Uint8Array) && 'offset' in segment) pieces.push(segment);
    else for await (const piece of readSegments([segment], dataSet)) pieces.push(piece);
  }
  return { kind: 'coerced', pieces };
}

/** `not-writable` is also returned where the Accession Number becomes too long. */
async function coerceTo(coercion: Coercion, instance: ParsedInstance, at: Date): Promise<Coerced> {
  const textIn = (tag: number): string => textOf(findElement(instance.elements, tag), instance)?.trim() ?? '';
  const accession = accessionWith(coercion.accessionPrefix, instance);
  if (accession === 'too-long') return { kind: 'not-writable' };
  const { institution, issuer } = coercion;
  const wanted: readonly NewAttribute[] = [
    ...(accession === null ? [] : [[ACCESSION_NUMBER, 'SH', accession] as const]),
    ...(institution === undefined ? [] : [[INSTITUTION_NAME, 'LO', institution] as const]),
    ...(issuer === undefined ? [] : issuerOf(issuer, textIn(ISSUER_OF_PATIENT_ID))),
  ];
  const before = textIn(INSTITUTION_NAME);
  const source = /^[\x20-\x5b\x5d-\x7e]{1,64}$/.test(before) ? before : '';
  return coerceInstance(instance, wanted, { at, reason: 'COERCE', system: 'RelayPACS', source });
}

/** Qualifiers that belong to another issuer are emptied. */
const issuerOf = (issuer: string, before: string): readonly NewAttribute[] => [
  [ISSUER_OF_PATIENT_ID, 'LO', issuer],
  ...(before === issuer ? [] : [[ISSUER_QUALIFIERS, 'SQ'] as const]),
];

/** Null: the number stays as it is. */
function accessionWith(prefix: string | undefined, instance: ParsedInstance): string | null {
  const number = textOf(findElement(instance.elements, ACCESSION_NUMBER), instance)?.trim() ?? '';
  if (prefix === undefined || number === '' || number.startsWith(prefix)) return null;
  return [...prefix, ...number].length > SH_CHARACTERS ? 'too-long' : prefix + number;
}
