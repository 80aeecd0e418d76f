/**
 * The judgement of reconcile on a posted instance: what the gateway knows of it × what the PACS showed × whether the
 * PACS may still be late. A table under its drawing, and nothing else.
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
 * The gateway was told of it:
 *
 *   claimed     the PACS says that it took it as it is, or was seen to have it
 *   coerced     the PACS says that it took it and changed it: other bytes are no surprise
 *   contested   as claimed, and another upload has, or had, other bytes under this UID; or its row names another UID or
 *               digest than was noted when it was handed over, or the note is gone
 *   refused     the PACS says that it did not take it
 *   refused-after-silence   so, and an offer before brought no answer: it may have been carried out
 */
export type Said = (typeof SAID)[number];

export const SHOWN = ['absent', 'listed', 'same', 'other', 'unknown', 'silent', 'unanswered'] as const;
/**
 * The PACS shows under its UID:
 *
 *   absent    nothing
 *   listed    its search names it; the bytes were not looked at
 *   same      our bytes
 *   other     other bytes
 *   unknown   it lists it, answers, and does not give it
 *   silent    it lists it, and turns us away, or says nothing, when it is asked for it
 *   unanswered  it answers other searches, and none for this one: whether it is there is not known
 */
export type Shown = (typeof SHOWN)[number];

/**
 * `late`: it may still show it. `missing`: it said that it took it, and does not have it. `refused`: it said so,
 * and does not have it. `other`: another's bytes are there under the UID. `changed`: it said that it took it, and
 * has other bytes. `fails`: it does not give what it lists. `unseen`: the same so far, to be counted and asked again.
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
