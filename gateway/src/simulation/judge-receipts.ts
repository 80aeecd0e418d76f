/** Judges what a gateway signs before a PACS that lies, by what that PACS holds, whatever it said. */
import { isInPacs } from '#shared/protocol/study-state.ts';
import type { Receipt, ReceiptInstance } from '#shared/protocol/receipt.ts';
import type { Found, Liar } from './liar.ts';

/** Counts by name; all of them can be added up. */
export type Counts = Record<string, number>;

export type Tally = {
  worlds: number;
  studies: number;
  instances: number;
  receipts: number;
  /** Lies and illnesses that showed, by kind. */
  readonly faults: Counts;
  /** Counts of the answers that were told, by the gateway's setting. */
  readonly cells: Counts;
  /** The last word of each instance: its state, and its reason. */
  readonly outcomes: Counts;
  /** Receipts that say what is not so, where nobody can know it, by why. */
  readonly unknowable: Counts;
  /** Receipts that say what is not so, or should not; each with its world and all that the PACS was told. */
  readonly wrong: string[];
};

export const emptyTally = (): Tally => ({
  ...{ worlds: 0, studies: 0, instances: 0, receipts: 0 },
  ...{ faults: {}, cells: {}, outcomes: {}, unknowable: {} },
  wrong: [],
});

export function count(counts: Counts, kind: string, times = 1): void {
  counts[kind] = (counts[kind] ?? 0) + times;
}

export const sum = (counts: Counts): number => Object.values(counts).reduce((all, one) => all + one, 0);

export function addTally(to: Tally, one: Tally): void {
  for (const name of ['worlds', 'studies', 'instances', 'receipts'] as const) to[name] += one[name];
  for (const name of ['faults', 'cells', 'outcomes', 'unknowable'] as const)
    for (const [kind, times] of Object.entries(one[name])) count(to[name], kind, times);
  to.wrong.push(...one.wrong);
}

/** The judge knows this of the PACS and of the world. */
export type Evidence = {
  readonly liar: Pick<Liar, 'holds' | 'isDenied' | 'saidRefused' | 'saidKept'>;
  /** Lost by the PACS after a receipt said rightly that it had them, and not sent again since. */
  readonly forgotten: ReadonlySet<string>;
  readonly tally: Tally;
  readonly wrong: (what: string) => void;
};

/** Trying again cannot help while the PACS keeps them. */
export const OF_OTHER_BYTES: readonly string[] = [
  'conflicting-instance',
  'already-here-other-key',
  'pacs-changed-it',
];

export async function judgeReceipt(receipt: Receipt, evidence: Evidence): Promise<void> {
  evidence.tally.receipts += 1;
  for (const one of receipt.instances) {
    const found = await evidence.liar.holds(one.sopInstanceUID, one.digest);
    const verdict = judgeInstance(one, found, evidence);
    if (verdict === 'right') continue;
    if ('unknowable' in verdict) count(evidence.tally.unknowable, verdict.unknowable);
    else evidence.wrong(verdict.wrong);
  }
}

type JudgedInstance = 'right' | { readonly wrong: string } | { readonly unknowable: string };

function judgeInstance(one: ReceiptInstance, found: Found, { liar, forgotten }: Evidence): JudgedInstance {
  const { sopInstanceUID: uid, state, reason = '', proof = 'none', committed = false } = one;
  if (isInPacs(state)) {
    if (committed && liar.saidKept?.has(uid) !== true)
      return { wrong: `${state} and committed, and the PACS never said that it keeps it` };
    if (!committed && liar.saidKept !== null)
      return { wrong: `${state}, and the PACS was to say that it keeps it` };
    if (found === 'same' || forgotten.has(uid)) return 'right';
    if (proof === 'found') return { unknowable: `${state}, only listed: ${found}` };
    return { wrong: `${state} by ${proof}, and the PACS has ${found}` };
  }
  const said = `${state} ${reason}`;
  if (state === 'refused' && !liar.saidRefused.has(uid)) return { wrong: `${said}, and the PACS never did` };
  if (found !== 'same') return 'right';
  const isDenied = liar.isDenied(uid);
  if ((state === 'refused' || reason === 'pacs-lost') && isDenied)
    return { unknowable: `${said}, and its search found nothing` };
  if (state === 'refused' || reason === 'pacs-lost') return { wrong: `${said}, and the PACS has it` };
  if (OF_OTHER_BYTES.includes(reason)) return { wrong: `${said}, and the PACS has the same bytes` };
  return 'right';
}
