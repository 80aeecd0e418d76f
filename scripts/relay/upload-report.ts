/**
 * The result of `relay upload`: a JSON document, lines for a person, refusals with their paths, the
 * exit code.
 */
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import type { Policy } from '#shared/protocol/api.ts';
import type { Irregularity } from '#shared/protocol/irregularities.ts';
import { isAlreadyHere, isUnopened } from '#shared/protocol/reason-kinds.ts';
import { REASONS, WARNINGS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { isInDoubt, type DiscFiles } from '../../client/src/pipeline/ingest/choose/disc-files.ts';
import { printable } from './arguments.ts';
import type { FileQueue } from './file-queue.ts';
import type { Originals } from './originals.ts';
import type { SentInstance, SentStudy } from './sent-studies.ts';

/** A file of the choice. `instance` names what it holds; several files may hold one instance. */
export interface FileResult {
  readonly path: string;
  readonly state: 'queued' | 'refused' | 'quarantined' | 'skipped';
  readonly reason: ReasonCode | null;
  /** The element at which reading a refused file ended, `gggg,eeee`. */
  readonly element?: string | undefined;
  /** Oddities with which it is sent. */
  readonly warnings: readonly Irregularity[];
  readonly instance: { readonly studyInstanceUID: string; readonly key: string } | null;
}

interface Outcome {
  readonly state: string;
  readonly reason: string | null;
}

function outcomeOf(queue: FileQueue, file: FileResult): Outcome {
  const study = file.instance && queue.studies.get(file.instance.studyInstanceUID);
  const instance = study?.instances.get(file.instance!.key);
  return study && instance ? outcomeOfInstance(study, instance) : { state: file.state, reason: file.reason };
}

function outcomeOfInstance(study: SentStudy, { state, reason }: SentInstance): Outcome {
  // A whole study that is refused takes its instances with it.
  if (study.problem !== null && (state === 'safe' || state === 'sent'))
    return { state: 'refused', reason: study.problem };
  return { state: state === 'safe' ? 'queued' : state, reason };
}

function receiptUrl(study: SentStudy, gateway: string): string | null {
  return study.receiptId === null ? null : `${gateway}/upload/${study.uploadId}/receipt`;
}

interface Ended {
  readonly queue: FileQueue;
  readonly files: readonly FileResult[];
  readonly disc: DiscFiles;
  readonly originals: Originals;
  readonly policy: Pick<Policy, 'deidentify' | 'patientDomain'>;
  readonly gateway: string;
}

export function toDocument({ queue, files, disc, originals, gateway }: Ended): unknown {
  return {
    studies: [...queue.studies.values()].map((study) => toStudyDocument(study, gateway)),
    files: files.map((file) => ({ path: file.path, ...outcomeOf(queue, file), warnings: file.warnings })),
    missing: missingFrom(disc, originals),
  };
}

/** A study in the JSON document. */
export function toStudyDocument(study: SentStudy, gateway: string): unknown {
  return {
    studyInstanceUID: study.studyInstanceUID,
    state: study.problem === null ? (study.gatewayState ?? study.state) : 'refused',
    revision: study.revision,
    uploadId: study.uploadId,
    receipt: receiptUrl(study, gateway),
    instances: [...study.instances.values()].map((instance) => ({
      sopInstanceUID: instance.manifest.sopInstanceUID,
      digest: instance.manifest.digest,
      ...outcomeOfInstance(study, instance),
    })),
  };
}

/** The reason for the index of a disc (DICOMDIR), which is DICOM but is never sent. */
const OF_AN_INDEX: ReasonCode = 'sop-class-not-storage';

/** Below the folder of the index, as it names them. */
function missingFrom(disc: DiscFiles, originals: Originals): readonly string[] {
  return disc.missing(originals.has).map(({ path }) => path);
}

/** All that a person should know, for their own terminal. */
export function linesToSay(ended: Ended): string[] {
  const { queue, files, disc, originals } = ended;
  return [
    ...refusalsOf(queue, files),
    ...warningsOf(files),
    ...remarksOn(disc, originals),
    ...unopenedLines(files),
    ...mixedLines(ended),
  ];
}

/** Lines about the indexes of discs. They name no refused files. */
function remarksOn(disc: DiscFiles, originals: Originals): string[] {
  const missing = missingFrom(disc, originals);
  return [
    ...(disc.indexes.some(isInDoubt)
      ? ['The index of the disc (DICOMDIR) is damaged. It may not name every file of the disc.']
      : []),
    ...(missing.length === 0
      ? []
      : [
          `Files that the index of the disc (DICOMDIR) names and that are missing: ${missing.length}. Copy the disc again, or name the whole disc.`,
          ...missing.map((path) => `  ${printable(path)}`),
        ]),
  ];
}

/** Lines about studies whose instances name several patients. */
function mixedLines({ originals, policy: { deidentify, patientDomain = 'id' } }: Ended): string[] {
  return originals.mixed(patientDomain).flatMap(({ studyInstanceUID, patients }) => [
    `Wrong patient? The instances of study ${studyInstanceUID} name ${patients.length} patients. ` +
      `${deidentify ? 'They are sent as a study for each Patient ID. ' : ''}Check that all of them belong to it.`,
    // Files end in any order.
    ...patients
      .map((paths) => paths.toSorted())
      .toSorted()
      .map(([first = '', ...others]) => {
        const more = others.length === 0 ? '' : ` and ${others.length} more`;
        return `  ${printable(first)}${more}`;
      }),
  ]);
}

/** Lines about files of a folder that may hold studies. */
function unopenedLines(files: readonly FileResult[]): string[] {
  return files
    .filter(({ state, reason }) => state === 'skipped' && reason !== null && isUnopened(reason))
    .map((file) => toRefusal(printable(file.path), file));
}

/** A study for a person: its UID, how many instances ended how, and the receipt. */
export function toStudyLine(study: SentStudy, gateway: string): string {
  const states = Map.groupBy(study.instances.values(), (each) => outcomeOfInstance(study, each).state);
  const counts = [...states].map(([state, instances]) => `${instances.length} ${state}`).join(', ');
  const receipt = study.receiptId === null ? '' : `  receipt ${receiptUrl(study, gateway)}`;
  return `${study.studyInstanceUID}  ${counts}${receipt}`;
}

/** The instances of the study that a person must look at, by UID, with the reason and what to do next. */
export function refusalsIn(study: SentStudy): string[] {
  return [...study.instances.values()].flatMap((instance) => {
    const outcome = outcomeOfInstance(study, instance);
    return isRefusal(outcome) ? [toRefusal(instance.manifest.sopInstanceUID, outcome)] : [];
  });
}

function toRefusal(what: string, { state, reason }: Outcome, element?: string): string {
  const { title, next } = wordsOf(reason);
  const at = element === undefined ? '' : ` at element ${element}`;
  return `${what}: ${title} ${next} (${reason ?? state}${at})`;
}

export function toLines(queue: FileQueue, files: readonly FileResult[], gateway: string): string[] {
  const lines = [...queue.studies.values()].map((study) => toStudyLine(study, gateway));
  const skipped = files.filter(({ state, reason }) => state === 'skipped' && reason !== OF_AN_INDEX).length;
  return skipped === 0 ? lines : [...lines, `${skipped} files are not DICOM and were skipped`];
}

/** For the person's own terminal: which file, why, and what to do next. */
function refusalsOf(queue: FileQueue, files: readonly FileResult[]): string[] {
  return files.flatMap((file) => {
    const outcome = outcomeOf(queue, file);
    return isRefusal(outcome) ? [toRefusal(printable(file.path), outcome, file.element)] : [];
  });
}

/** The files that are sent although they are odd, with what to do. */
function warningsOf(files: readonly FileResult[]): string[] {
  return files.flatMap(({ path, warnings }) =>
    warnings.map((code) => `${printable(path)}: ${WARNINGS[code]} (${code})`),
  );
}

function wordsOf(reason: string | null): { title: string; next: string } {
  if (reason !== null && reason in REASONS) return REASONS[reason as ReasonCode];
  const problem: { title: string; next?: string } | undefined =
    reason !== null && reason in ALL_PROBLEMS ? ALL_PROBLEMS[reason as keyof typeof ALL_PROBLEMS] : undefined;
  return { title: problem?.title ?? 'It was refused.', next: problem?.next ?? '' };
}

/**
 * The files that are neither in the PACS nor on their way there, except files in a folder that are not
 * DICOM.
 */
function isRefusal({ state, reason }: Outcome): boolean {
  if (state === 'skipped' || state === 'queued' || state === 'sent' || isAlreadyHere(reason)) return false;
  return !isInPacs(state as InstanceState) && !UNDER_WAY.has(state);
}
const UNDER_WAY: ReadonlySet<string> = new Set<InstanceState>(['promised', 'received', 'posting', 'posted']);

export function exitCodeOf(queue: FileQueue, files: readonly FileResult[]): number {
  return files.some((file) => isRefusal(outcomeOf(queue, file))) ? 1 : 0;
}
