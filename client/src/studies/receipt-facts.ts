/**
 * The contents of a receipt's code as labelled lines, in the words and order of the printed receipt, so that the two
 * can be compared. It lists everything in the code and nothing else. Pure.
 */
import { notStoredSaid } from '#shared/protocol/not-stored-words.ts';
import type { ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { causesOf } from '#shared/protocol/withheld.ts';
import { images } from '../kit/counted.ts';
import { formatFullMoment } from '../kit/format.ts';
import { checkWords } from './check-words.ts';

type Fact = readonly [label: string, said: string];

const { facts: labels, outcomes, withheld: causes } = checkWords;

export function factsOf(code: ReceiptCode): readonly Fact[] {
  const { counts, iat, confirmed, firstOnly, notStored, policy, revision, withheld } = code;
  const inPacs = (counts.stored ?? 0) + (counts.coerced ?? 0) + (counts['already-stored'] ?? 0);
  const others = [
    ...OTHERS.flatMap((state) => {
      const count = counts[state] ?? 0;
      return count === 0 ? [] : [outcomes[state](count)];
    }),
    ...causesOf(withheld).map(([cause, count]) => causes[cause](count)),
  ];
  return [
    [labels.inPacs, images(inPacs)],
    ...(firstOnly === undefined ? [] : [[labels.firstOnly, images(firstOnly)] as const]),
    ...(notStored === undefined ? [] : [[labels.notStored, notStoredSaid(notStored, undefined)] as const]),
    ...(others.length === 0 ? [] : [[labels.others, others.join(', ')] as const]),
    ...(confirmed === undefined ? [] : [[labels.confirmed, toMinute(confirmed)] as const]),
    [labels.policy, checkWords.policy(policy.name, policy.version)],
    [labels.study, code.studyInstanceUID],
    [labels.receipt, checkWords.revision(code.jti, revision, toMinute(iat))],
    [labels.root, code.root],
  ];
}

const OTHERS = ['refused', 'quarantined', 'left-out'] as const;

/** In local time, as in the lists, followed by the format of the printed receipt: "2026-11-22 06:51 UTC". */
function toMinute(seconds: number): string {
  const at = new Date(seconds * 1000);
  return `${formatFullMoment(at)} (${at.toISOString().slice(0, 16).replace('T', ' ')} UTC)`;
}
