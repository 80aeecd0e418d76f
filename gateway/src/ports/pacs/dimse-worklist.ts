/**
 * Asks a modality worklist for orders: C-FIND in the Modality Worklist model (PS3.4 Annex K). Rows are nested and in
 * the peer's own character set, so they are read like any Data Set. A row is left out if it is malformed, or names no
 * patient or no day.
 */
import type { BlockList } from 'node:net';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { DicomElement, Encoding } from '#shared/dicom/data-set.ts';
import { encodeElements, textValue, type NewElement } from '#shared/dicom/encode.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { SPECIFIC_CHARACTER_SET } from '#shared/dicom/tags.ts';
import { characterSetsOf, findElement, textOf, type ValueContext } from '#shared/dicom/values.ts';
import { walkDataSet } from '#shared/dicom/walk-data-set.ts';
import type { DimseAddress } from '#shared/protocol/dimse-address.ts';
import { orderSchema, type Order } from '#shared/protocol/worklist.ts';
import { trimEnd } from '#shared/trim-end.ts';
import { AssociationFailed } from '../../dimse/association-failed.ts';
import { withAssociation } from '../../dimse/association.ts';
import { CLASS_NOT_SUPPORTED, SUCCESS } from '../../dimse/command-fields.ts';
import { findBytes, MODALITY_WORKLIST_FIND } from '../../dimse/messages.ts';
import type { PacsTls } from './pacs-agent.ts';
import { PacsDoesNotSearch, PacsUnreachable } from './pacs.ts';

/** Days as YYYY-MM-DD, both included. `patientId` null: orders of all patients. */
type WorklistQuestion = {
  readonly from: string;
  readonly to: string;
  readonly patientId: string | null;
  readonly limit: number;
};
export type WorklistAnswer = { readonly orders: readonly Order[]; readonly isCut: boolean };
export type WorklistPeer = {
  readonly address: DimseAddress;
  readonly tls: PacsTls;
  readonly blocked?: BlockList | undefined;
};

const ACCESSION_NUMBER = 0x00080050;
const MODALITY = 0x00080060;
const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;
const ISSUER_OF_PATIENT_ID = 0x00100021;
const BIRTH_DATE = 0x00100030;
const SEX = 0x00100040;
const PROCEDURE_DESCRIPTION = 0x00321060;
const STEP_START_DATE = 0x00400002;
const STEP_START_TIME = 0x00400003;
const STEP_DESCRIPTION = 0x00400007;
const STEP_ID = 0x00400009;
const STEP_SEQUENCE = 0x00400100;
const PROCEDURE_ID = 0x00401001;

/** Requested with an empty value: "universal matching" (PS3.4 §C.2.2.2.3). */
const RETURNED: readonly (readonly [number, string])[] = [
  [SPECIFIC_CHARACTER_SET, 'CS'],
  [ACCESSION_NUMBER, 'SH'],
  [PATIENT_NAME, 'PN'],
  [ISSUER_OF_PATIENT_ID, 'LO'],
  [BIRTH_DATE, 'DA'],
  [SEX, 'CS'],
  [PROCEDURE_DESCRIPTION, 'LO'],
  [PROCEDURE_ID, 'SH'],
];
const RETURNED_OF_STEP: readonly (readonly [number, string])[] = [
  [MODALITY, 'CS'],
  [STEP_START_TIME, 'TM'],
  [STEP_DESCRIPTION, 'LO'],
  [STEP_ID, 'SH'],
];

const ENCODING: Encoding = { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false };

/** Throws PacsUnreachable, PacsDoesNotSearch and the signal's reason. */
export async function askWorklist(
  { address, tls, blocked }: WorklistPeer,
  question: WorklistQuestion,
  signal: AbortSignal,
): Promise<WorklistAnswer> {
  const { host, port, calledAE, callingAE, isTls } = address;
  const peer = { host, port, calledAE, callingAE, tls: isTls ? tls : null, blocked };
  const contexts = [
    { abstractSyntax: MODALITY_WORKLIST_FIND, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] },
  ];
  let answer: WorklistAnswer | null = null;
  try {
    await withAssociation(peer, { contexts }, signal, async (association) => {
      const context = association.contextOf(MODALITY_WORKLIST_FIND);
      if (context?.result !== 0) throw new PacsDoesNotSearch(CLASS_NOT_SUPPORTED);
      const read = async (bytes: Buffer): Promise<readonly Order[]> =>
        (await readOrders(bytes)).filter((order) => isAsked(order, question));
      const wish = { limit: question.limit, read };
      const { status, rows, isCut } = await findBytes(association, context, identifierOf(question), wish);
      if (status !== SUCCESS) throw new PacsDoesNotSearch(status);
      answer = { orders: rows, isCut };
      // The rest of the list is not read.
      if (isCut) throw new Enough();
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AssociationFailed)
      throw new PacsUnreachable(error.message, null, error.connection, error);
    if (!(error instanceof Enough)) throw error;
  }
  return answer ?? { orders: [], isCut: false };
}

/** Ends an association whose answer is not read to its end. */
class Enough extends Error {}

const compact = (day: string): string => day.replaceAll('-', '');

/**
 * A value with wildcards (PS3.4 §C.2.2.2.4), or with characters beyond ASCII, is not sent as a key; the rows are
 * compared instead.
 */
const isKey = (text: string): boolean => /^[\x20-\x7e]+$/.test(text) && !/[*?\\]/.test(text);

function identifierOf({ from, to, patientId }: WorklistQuestion): Buffer {
  const key = patientId !== null && isKey(patientId) ? patientId : '';
  const days = from === to ? compact(from) : `${compact(from)}-${compact(to)}`;
  const step: NewElement[] = [
    ...RETURNED_OF_STEP.map(returned),
    { tag: STEP_START_DATE, vr: 'DA', value: textValue('DA', days) },
  ];
  const all: NewElement[] = [
    ...RETURNED.map(returned),
    { tag: PATIENT_ID, vr: 'LO', value: textValue('LO', key) },
    { tag: STEP_SEQUENCE, vr: 'SQ', value: [step.sort(byTag)] },
  ];
  return Buffer.from(encodeElements(all.sort(byTag), ENCODING));
}

const byTag = (a: NewElement, b: NewElement): number => a.tag - b.tag;
const returned = ([tag, vr]: readonly [number, string]): NewElement => ({ tag, vr, value: new Uint8Array() });

/** Checked again here, because some peers ignore part of the query. */
function isAsked({ patientId, scheduledOn }: Order, asked: WorklistQuestion): boolean {
  const isOf = asked.patientId === null || patientId === asked.patientId;
  return isOf && scheduledOn >= asked.from && scheduledOn <= asked.to;
}

/** Reads one order for each scheduled step. */
async function readOrders(bytes: Buffer): Promise<readonly Order[]> {
  const head = { offset: 0, bytes };
  const walked = await walkDataSet(bytesSource(bytes), {
    start: 0,
    encoding: ENCODING,
    purpose: 'data-set',
    head,
  });
  if (walked.kind === 'refused') return [];
  const { elements } = walked;
  const context: ValueContext = { characterSets: characterSetsOf(elements, []), encoding: ENCODING };
  const steps = findElement(elements, STEP_SEQUENCE)?.items ?? [];
  return steps.flatMap((step) => {
    // PS3.3 §C.12.1.1.2: an item may have a character set of its own.
    const ofStep = { ...context, characterSets: characterSetsOf(step.elements, context.characterSets) };
    const order = orderSchema.safeParse(toOrder(elements, context, { ...step, context: ofStep }));
    return order.success ? [order.data] : [];
  });
}

function toOrder(
  elements: readonly DicomElement[],
  context: ValueContext,
  step: { readonly elements: readonly DicomElement[]; readonly context: ValueContext },
): Record<keyof Order, unknown> {
  const text = (tag: number): string | null => legible(rawOf(elements, tag, context));
  const ofStep = (tag: number): string | null => legible(rawOf(step.elements, tag, step.context));
  const sex = text(SEX);
  return {
    patientName: legibleName(rawOf(elements, PATIENT_NAME, context)),
    // Another number is another patient, so an order whose number cannot be read is left out.
    patientId: rawOf(elements, PATIENT_ID, context),
    issuer: text(ISSUER_OF_PATIENT_ID),
    birthDate: isoDate(text(BIRTH_DATE)),
    sex: sex !== null && ['M', 'F', 'O'].includes(sex) ? sex : null,
    accessionNumber: text(ACCESSION_NUMBER),
    procedureId: text(PROCEDURE_ID),
    stepId: ofStep(STEP_ID),
    description: text(PROCEDURE_DESCRIPTION) ?? ofStep(STEP_DESCRIPTION),
    modality: ofStep(MODALITY),
    scheduledOn: isoDate(ofStep(STEP_START_DATE)),
    scheduledAt:
      /^(\d\d):?(\d\d)/
        .exec(ofStep(STEP_START_TIME) ?? '')
        ?.slice(1, 3)
        .join(':') ?? null,
  };
}

const rawOf = (elements: readonly DicomElement[], tag: number, context: ValueContext): string | null =>
  textOf(findElement(elements, tag), context)?.trim() || null;

const ILLEGIBLE = '\ufffd';
const legible = (text: string | null): string | null => (text?.includes(ILLEGIBLE) ? null : text);

/** PS3.5 §6.2.1.1: keeps the component groups that can be read. */
function legibleName(name: string | null): string | null {
  const groups = (name ?? '').split('=').map((group) => legible(group) ?? '');
  return trimEnd(groups.join('='), '=') || null;
}

const isoDate = (text: string | null): string | null =>
  /^(\d{4})(\d\d)(\d\d)$/
    .exec(text ?? '')
    ?.slice(1)
    .join('-') ?? null;
