/**
 * How reconcile judges a posted instance, from three things: what the gateway was told of it, what the PACS shows, and
 * whether the PACS may still be late. This file is the table below and nothing else.
 *
 *                        absent           listed           same      other     unknown, silent  unanswered
 *   claimed              late | missing   stored           stored    changed   unseen           unseen
 *   coerced              late | missing   coerced          coerced   coerced   coerced          unseen
 *   contested            late | missing   late | fails     stored    other     unseen           unseen
 *   refused              late | refused   late | fails     stored    other     unseen           unseen
 *   refused-after-silence  late | refused  late | fails    stored    other     unseen           unseen
 *
 *   a | b: a while the PACS may be late, b afterwards
 */

export const SAID = ['claimed', 'coerced', 'contested', 'refused', 'refused-after-silence'] as const;
/**
 * What the gateway was told of the instance:
 *
 *   claimed     the PACS says that it took it as it is, or was seen to have it
 *   coerced     the PACS says that it took it and changed it: other bytes are no surprise
 *   contested   like claimed, but another upload has, or had, other bytes under this UID; or the row no longer has the
 *               UID and digest that were noted when it was handed over, or the note is gone
 *   refused     the PACS says that it did not take it
 *   refused-after-silence   like refused, but an earlier offer got no answer and may have been carried out
 */
export type Said = (typeof SAID)[number];

export const SHOWN = ['absent', 'listed', 'same', 'other', 'unknown', 'silent', 'unanswered'] as const;
/**
 * What the PACS shows under the instance's UID:
 *
 *   absent    nothing
 *   listed    its search names the instance; the bytes were not looked at
 *   same      our bytes
 *   other     other bytes
 *   unknown   it lists the instance and answers, but does not return it
 *   silent    it lists the instance, but turns us away or does not answer when asked for it
 *   unanswered  it answers other searches but none for this instance: whether it is there is not known
 */
export type Shown = (typeof SHOWN)[number];

/**
 * `late`: the PACS may still show it. `missing`: the PACS said that it took it, and does not have it. `refused`: the
 * PACS refused it, and does not have it. `other`: another upload's bytes are there under the UID. `changed`: the PACS
 * said that it took it, and has other bytes. `fails`: the PACS does not return what it lists. `unseen`: the PACS did
 * not show it this time, which is counted, and it is asked again.
 */
export type Judged =
  | 'stored'
  | 'coerced'
  | 'late'
  | 'missing'
  | 'refused'
  | 'other'
  | 'changed'
  | 'fails'
  | 'unseen';

type Cell = Judged | readonly [early: Judged, afterwards: Judged];

const MISSING = ['late', 'missing'] as const;
const REFUSED = ['late', 'refused'] as const;
const FAILS = ['late', 'fails'] as const;

const UNSEEN = { unknown: 'unseen', silent: 'unseen', unanswered: 'unseen' } as const;
const AS_REFUSED = { absent: REFUSED, listed: FAILS, same: 'stored', other: 'other', ...UNSEEN } as const;

const TABLE: Readonly<Record<Said, Readonly<Record<Shown, Cell>>>> = {
  claimed: { absent: MISSING, listed: 'stored', same: 'stored', other: 'changed', ...UNSEEN },
  coerced: {
    absent: MISSING,
    listed: 'coerced',
    same: 'coerced',
    other: 'coerced',
    unknown: 'coerced',
    silent: 'coerced',
    unanswered: 'unseen',
  },
  contested: { absent: MISSING, listed: FAILS, same: 'stored', other: 'other', ...UNSEEN },
  refused: AS_REFUSED,
  'refused-after-silence': AS_REFUSED,
};

export function judgePosted(said: Said, shown: Shown, isEarly: boolean): Judged {
  const cell = TABLE[said][shown];
  return typeof cell === 'string' ? cell : cell[isEarly ? 0 : 1];
}
