/**
 * The words on a study's page once the gateway has finished it: the heading, and how it was proven. If nothing that
 * was sent from here is in the PACS, the page never says that the study is there, although its receipt may name other
 * instances. Pure.
 */
import { notStoredLines } from '#shared/protocol/not-stored-words.ts';
import { isUidTaken } from '#shared/protocol/reason-kinds.ts';
import { firstOnlyIn } from '#shared/protocol/first-only.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { IconName } from '../../kit/Icon.tsx';
import type { QueuedStudy } from '../queue/queued-study.ts';
import {
  deidentificationLine,
  firstOnlyLines,
  notFromHere,
  pacsReasonLines,
  proofLines,
  summaryOf,
} from './kept-receipt.ts';
import { leftOutOf } from './not-sent.ts';
import { uploadWords } from './upload-words.ts';

type ArrivedHead = {
  /** `pacs`: the green tick. */
  readonly icon: Extract<IconName, 'pacs' | 'note'>;
  readonly title: string;
};

/** `receipt`: null while it is not read yet. */
export function headOf(study: QueuedStudy, receipt: Receipt | null): ArrivedHead {
  if (study.track.inPacs > 0 && study.givenUpAt.length > 0)
    return { icon: 'note', title: uploadWords.notInTitle(study.givenUpAt) };
  if (study.track.inPacs > 0) return { icon: 'pacs', title: uploadWords.arrivedTitle };
  const first = receipt && firstOnlyIn(receipt);
  if (first) return { icon: 'note', title: uploadWords.firstOnlyTitle(first.missingAt) };
  const isOver = study.track.leftOut === study.instances;
  return { icon: 'note', title: isOver ? uploadWords.leftOutTitle : uploadWords.noneTitle };
}

/**
 * When the study ended. For a study in the PACS this is the time in its receipt, because this device may have learned
 * of it days later.
 */
export function endOf(
  { track, completedAt }: Pick<QueuedStudy, 'track' | 'completedAt'>,
  receipt: Receipt,
): Date {
  const { iat, confirmed } = receipt;
  const seconds = track.inPacs > 0 ? confirmed : undefined;
  return new Date(seconds === undefined ? (completedAt ?? iat * 1000) : seconds * 1000);
}

/** `when`: the time of the receipt, in words. */
export function whenSaid({ track }: QueuedStudy, receipt: Receipt, when: string): string {
  // Instances that a further destination need not have are counted as left out in the receipt, although the first
  // destination has them.
  const there = Math.max(track.inPacs, summaryOf(receipt.instances).inPacs);
  if (track.inPacs > 0) return uploadWords.arrivedWhen(there, when);
  const [first] = firstOnlyLines(receipt);
  return first === undefined ? uploadWords.noneWhen(when) : `${first} (${when})`;
}

/**
 * Lines about other versions of its instances that a person left out. While some still need a decision, the notice
 * above covers them.
 */
export const notStoredOf = ({ needs }: QueuedStudy, { instances }: Receipt): readonly string[] =>
  needs.some(({ stands, reason }) => stands || isUidTaken(reason)) ? [] : notStoredLines(instances);

/** Leaves out what still needs a decision, which is shown above with its buttons. */
export function arrivedLines(study: QueuedStudy, receipt: Receipt): readonly string[] {
  const summary = summaryOf(receipt.instances);
  const others = notFromHere(summary, study);
  if (study.track.inPacs === 0)
    return [
      ...notStoredOf(study, receipt),
      ...leftOutOf(study),
      ...(others > 0 ? [uploadWords.othersInPacs(others)] : []),
      ...pacsReasonLines(receipt),
      uploadWords.provenSigned,
    ];
  const lines = [
    ...notStoredOf(study, receipt),
    ...firstOnlyLines(receipt),
    ...study.givenUpAt.map(uploadWords.givenUpThere),
    others > 0 && uploadWords.notFromHere(others),
    ...proofLines(summary),
    summary.alreadyThere > 0 && uploadWords.alreadyThere(summary.alreadyThere),
    summary.coerced > 0 && uploadWords.coerced(summary.coerced),
    ...pacsReasonLines(receipt),
    deidentificationLine(receipt),
    uploadWords.provenSigned,
    ...leftOutOf(study),
  ];
  return lines.filter((line): line is string => typeof line === 'string');
}
