/**
 * The DICOMweb answers in the DICOM JSON Model (PS3.18 Annex F) that the gateway reads: of a store (PS3.18 Table
 * 10.5.3-1), of a request for storage commitment (Table J.2-1), and of a search. The first two may also come as XML.
 * Nothing is trusted: if a PACS sends something else, the result is an empty list or null, never an exception. Each
 * parser returns only the parts of an answer that are used (threads/parse-apart.ts).
 */
import { withoutPadding } from '#shared/dicom/padding.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { parserIn } from '../../threads/parse-apart.ts';
import { parseJson } from '../../threads/parse-json.ts';
import { parseNativeModel } from './dicom-xml.ts';
import type {
  CommitmentReport,
  CommitmentWish,
  DescribedInstance,
  InstanceToStore,
  StoreAnswer,
} from './pacs.ts';

const SOP_CLASS_UID = '00080016';
const MODALITY = '00080060';
const NUMBER_OF_FRAMES = '00280008';
const REFERENCED_SOP_CLASS_UID = '00081150';
const REFERENCED_SOP_INSTANCE_UID = '00081155';
const WARNING_REASON = '00081196';
const FAILURE_REASON = '00081197';
const FAILED_SOP_SEQUENCE = '00081198';
const REFERENCED_SOP_SEQUENCE = '00081199';
const SOP_INSTANCE_UID = '00080018';
const STUDY_INSTANCE_UID = '0020000D';
const SERIES_INSTANCE_UID = '0020000E';
const SERIES_NUMBER = '00200011';
const INSTANCE_NUMBER = '00200013';

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valuesOf(dataSet: Json, tag: string): readonly unknown[] {
  const attribute = dataSet[tag];
  const values = isObject(attribute) ? attribute['Value'] : undefined;
  return Array.isArray(values) ? values : [];
}

/** PS3.5 §6.2: padding is not significant; some PACSs pass it on. */
function textOf(dataSet: Json, tag: string): string | null {
  const [value] = valuesOf(dataSet, tag);
  return typeof value === 'string' ? withoutPadding(value) : null;
}

/**
 * PS3.5 §9.1: a UID has 64 characters at most. Longer ones are dropped, because the event loop takes the thread's whole
 * answer over in one turn.
 */
const UID_LENGTH = 64;

function uidOf(dataSet: Json, tag: string): string | null {
  const text = textOf(dataSet, tag);
  return text !== null && text.length <= UID_LENGTH ? text : null;
}

/** IS and US may be numbers or text (PS3.18 F.2.3.1). */
function numberOf(dataSet: Json, tag: string): number | null {
  const value = Number(valuesOf(dataSet, tag)[0] ?? NaN);
  return Number.isInteger(value) ? value : null;
}

/** 20 000 rows of a search have a hundred values each; each nested sequence takes four levels. */
export const SHAPE = { values: 2_000_000, depth: 64 };

/** An answer as JSON; null if it is not JSON. The media type does not help: Orthanc names none in its 400. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, SHAPE);
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

const jsonOrXmlIn = (bytes: Uint8Array): unknown =>
  jsonIn(bytes) ?? parseNativeModel(new TextDecoder().decode(bytes));

/**
 * Half of the largest study; a longer request is split. One more is read, so that the reader can tell that it is too
 * long.
 */
export const REFERENCES_LIMIT = 10_000;
const referencesIn = (dataSet: Json, sequence: string): readonly unknown[] =>
  valuesOf(dataSet, sequence).slice(0, REFERENCES_LIMIT + 1);

const STORE_TAGS = ['00081190', FAILED_SOP_SEQUENCE, REFERENCED_SOP_SEQUENCE];

/** PS3.18 Table I.2-2: A7xx "Refused out of Resources": the same instance may be accepted later. */
function isOutOfResources(failureReason: number | null): boolean {
  return failureReason !== null && failureReason >> 8 === 0xa7;
}

/** The outcomes in a store answer, by SOP Instance UID. */
type StoreSaid = ReadonlyMap<string, Omit<StoreAnswer, 'sopInstanceUID'>>;

/**
 * A store answer (PS3.18 Table 10.5.3-1). Null for anything else: a proxy's page, a truncated text, an empty body. Only
 * an answer in DICOM says anything about instances.
 */
export function parseStoreAnswer(bytes: Uint8Array): StoreSaid | null {
  const body = dataSetIn(bytes);
  if (body === null || !STORE_TAGS.some((tag) => tag in body)) return null;
  const said = new Map<string, Omit<StoreAnswer, 'sopInstanceUID'>>();
  for (const item of referencesIn(body, REFERENCED_SOP_SEQUENCE).filter(isObject)) {
    const pacsCode = numberOf(item, WARNING_REASON);
    said.set(uidOf(item, REFERENCED_SOP_INSTANCE_UID) ?? '', {
      outcome: pacsCode === null ? 'stored' : 'coerced',
      pacsCode,
    });
  }
  // For an instance named in both sequences, the failure is believed; reconciliation looks anyway.
  for (const item of referencesIn(body, FAILED_SOP_SEQUENCE).filter(isObject)) {
    const pacsCode = numberOf(item, FAILURE_REASON);
    said.set(uidOf(item, REFERENCED_SOP_INSTANCE_UID) ?? '', {
      outcome: isOutOfResources(pacsCode) ? 'busy' : 'refused',
      pacsCode,
    });
  }
  return said;
}
export const STORE_ANSWER = parserIn(import.meta.url, parseStoreAnswer);

/** The outcome of each instance, in the order in which they were sent. Other instances in the answer are ignored. */
export function readStoreAnswer(
  said: StoreSaid | null,
  sent: readonly InstanceToStore[],
): readonly StoreAnswer[] {
  const notNamed = { outcome: said === null ? 'unanswered' : 'omitted', pacsCode: null } as const;
  return sent.map(({ sopInstanceUID }) => ({ sopInstanceUID, ...(said?.get(sopInstanceUID) ?? notNamed) }));
}

/** PS3.18 Table J.1-1. The Transaction UID is only in the address. */
export const commitmentQuestion = (instances: CommitmentWish['instances']): Json => ({
  [REFERENCED_SOP_SEQUENCE]: {
    vr: 'SQ',
    Value: instances.map(({ sopClassUID, sopInstanceUID }) => ({
      [REFERENCED_SOP_CLASS_UID]: { vr: 'UI', Value: [sopClassUID] },
      [REFERENCED_SOP_INSTANCE_UID]: { vr: 'UI', Value: [sopInstanceUID] },
    })),
  },
});

/** The references of such a request, with empty UIDs where there are none; null for anything else. */
export function parseCommitmentQuestion(bytes: Uint8Array): CommitmentWish['instances'] | null {
  const body = dataSetIn(bytes);
  if (body === null || !(REFERENCED_SOP_SEQUENCE in body)) return null;
  return referencesIn(body, REFERENCED_SOP_SEQUENCE).map((item) => ({
    sopClassUID: (isObject(item) && uidOf(item, REFERENCED_SOP_CLASS_UID)) || '',
    sopInstanceUID: (isObject(item) && uidOf(item, REFERENCED_SOP_INSTANCE_UID)) || '',
  }));
}

export const COMMITMENT_QUESTION = parserIn(import.meta.url, parseCommitmentQuestion);

/** Reads JSON or XML. Some servers write every Data Set as a list of one. */
function dataSetIn(bytes: Uint8Array): Json | null {
  const parsed = jsonOrXmlIn(bytes);
  const body: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
  return isObject(body) ? body : null;
}

/** PS3.3 §C.14.1.1: Processing failure. */
const PROCESSING_FAILURE = 0x0110;

/**
 * The result of storage commitment. Null for anything else, so that a web page or an empty object counts as no result.
 */
export function parseCommitment(bytes: Uint8Array): Pick<CommitmentReport, 'committed' | 'failed'> | null {
  const body = dataSetIn(bytes);
  if (body === null || ![FAILED_SOP_SEQUENCE, REFERENCED_SOP_SEQUENCE].some((tag) => tag in body))
    return null;
  const named = (sequence: string): readonly (readonly [string, Json])[] =>
    referencesIn(body, sequence)
      .filter(isObject)
      .map((item) => [uidOf(item, REFERENCED_SOP_INSTANCE_UID) ?? '', item]);
  const failed = new Map(
    named(FAILED_SOP_SEQUENCE).map(([uid, item]) => [
      uid,
      numberOf(item, FAILURE_REASON) ?? PROCESSING_FAILURE,
    ]),
  );
  const committed = named(REFERENCED_SOP_SEQUENCE).flatMap(([uid]) => (failed.has(uid) ? [] : [uid]));
  return { committed: new Set(committed), failed };
}
export const COMMITMENT = parserIn(import.meta.url, parseCommitment);

/** The attributes other than UIDs that `parseSearchAnswer` reads, for includefield (PS3.18 §8.3.4.3). */
export const DESCRIBED = [SOP_CLASS_UID, MODALITY, SERIES_NUMBER, INSTANCE_NUMBER, NUMBER_OF_FRAMES] as const;

/** PS3.5 §6.2: the length of a Code String. */
const CODE_LENGTH = 16;

/** Ten times as many as are asked for at once; further rows are left out. */
export const ROWS_LIMIT = 20_000;

/** The instances in a search answer; those without all three UIDs are left out. Null: the answer is not a list. */
export function parseSearchAnswer(bytes: Uint8Array): readonly DescribedInstance[] | null {
  const body = jsonIn(bytes);
  if (!Array.isArray(body)) return null;
  return body.slice(0, ROWS_LIMIT).flatMap((row) => {
    if (!isObject(row)) return [];
    const studyInstanceUID = uidOf(row, STUDY_INSTANCE_UID);
    const seriesInstanceUID = uidOf(row, SERIES_INSTANCE_UID);
    const sopInstanceUID = uidOf(row, SOP_INSTANCE_UID);
    if (!studyInstanceUID || !seriesInstanceUID || !sopInstanceUID) return [];
    const said = {
      sopClassUID: uidOf(row, SOP_CLASS_UID),
      modality: textOf(row, MODALITY)?.slice(0, CODE_LENGTH) ?? null,
      frames: numberOf(row, NUMBER_OF_FRAMES),
      seriesNumber: numberOf(row, SERIES_NUMBER),
      instanceNumber: numberOf(row, INSTANCE_NUMBER),
    };
    return [{ studyInstanceUID, seriesInstanceUID, sopInstanceUID, ...said }];
  });
}
export const SEARCH_ANSWER = parserIn(import.meta.url, parseSearchAnswer);
