/** The events that a gateway must survive, as values that fast-check makes and shrinks. */
import fc from 'fast-check';
import type { Lie } from '../testing/open-pacs.ts';

/**
 * `rival`: other bytes under the same UIDs; `other-policy`: the same originals under another policy, with
 * other bytes.
 */
export type Kind = 'honest' | 'rival' | 'other-policy';

/** Another account's claim about instances that it never sends: with one thing wrong, or with nothing wrong. */
export type Claim = 'same' | 'digest' | 'description' | 'study' | 'more';

/**
 * An action of a device, a person or a worker. `which`: a bit for each instance; `elsewhere`: under the UID of
 * another study.
 */
export type Act =
  | {
      readonly do: 'announce';
      readonly device: 0 | 1;
      readonly kind: Kind;
      readonly count: number;
      readonly elsewhere: boolean;
    }
  | {
      readonly do: 'send';
      readonly device: 0 | 1;
      readonly kind: Kind;
      readonly which: number;
      readonly elsewhere: boolean;
      readonly isDamaged: boolean;
      readonly isSealed: boolean;
      readonly isCoded: boolean;
      readonly isCut: boolean;
    }
  | { readonly do: 'finish'; readonly device: 0 | 1 }
  | { readonly do: 'complete'; readonly device: 0 | 1 }
  | { readonly do: 'delete'; readonly device: 0 | 1 }
  | {
      readonly do: 'decide';
      readonly device: 0 | 1;
      readonly decision: 'leave-out' | 'retry' | 'take-back';
      readonly which: number;
    }
  /** Another account names what it does not have, and tries what it may not do. */
  | { readonly do: 'claim'; readonly how: Claim; readonly count: number }
  /** A worker does one of the jobs that wait, or again one that was done before. */
  | { readonly do: 'work'; readonly nth: number }
  | { readonly do: 'again'; readonly nth: number }
  /** Time goes by, and outdated data is swept. */
  | { readonly do: 'pass'; readonly hours: number };

export type Step =
  | Act
  /** The process dies before the `at`th thing that it does. */
  | { readonly do: 'kill'; readonly at: number; readonly what: Act }
  /** Before `what` begins its `at`th turn at the database, `meanwhile` runs to its end. */
  | { readonly do: 'cross'; readonly at: number; readonly what: Act; readonly meanwhile: Act }
  | { readonly do: 'lie'; readonly lie: Lie }
  | { readonly do: 'lose'; readonly from: 'pacs' | 'spool' }
  /** Somebody else has put the first instance, or its rival, into the PACS before. */
  | { readonly do: 'foreign'; readonly kind: Kind };

const LIES: readonly Lie[] = [
  'honest',
  'honest',
  'honest',
  'down',
  'cut',
  'half',
  'forgetful',
  'refusing',
  'busy',
  'deaf-to-searches',
];

const device = fc.constantFrom<0 | 1>(0, 0, 0, 1);
const kind = fc.constantFrom<Kind>('honest', 'honest', 'honest', 'rival', 'other-policy');
const which = fc.constantFrom(7, 7, 3, 1, 2, 4);
const rarely = fc.constantFrom(false, false, false, false, false, true);
const nth = fc.nat(3);

const announce = fc.record({
  do: fc.constant('announce' as const),
  device,
  kind,
  count: fc.constantFrom(3, 2, 1),
  elsewhere: rarely,
});
const send = fc.record({
  do: fc.constant('send' as const),
  device,
  kind,
  which,
  elsewhere: rarely,
  isDamaged: rarely,
  isSealed: rarely,
  isCoded: rarely,
  isCut: rarely,
});
/** A manifest from a device that has the study's UID wrong. */
const claim = fc.record({
  do: fc.constant('announce' as const),
  device,
  kind,
  count: fc.constant(3),
  elsewhere: fc.constantFrom(true, true, false),
});
const work = fc.record({ do: fc.constant('work' as const), nth });
const person: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      device,
      decision: fc.constantFrom('leave-out' as const, 'retry' as const, 'take-back' as const),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('complete' as const), device }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), device }) },
);
const attack = fc.record({
  do: fc.constant('claim' as const),
  how: fc.constantFrom<Claim>('same', 'digest', 'description', 'study', 'more'),
  count: fc.constantFrom(3, 2, 1),
});
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: attack },
  { weight: 3, arbitrary: announce },
  { weight: 4, arbitrary: send },
  { weight: 12, arbitrary: work },
  { weight: 2, arbitrary: person },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('finish' as const), device }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('again' as const), nth: fc.nat(9) }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 24, arbitrary: act },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('kill' as const), at: fc.nat(24), what: act }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('cross' as const), at: fc.nat(6), what: act, meanwhile: act }),
  },
  // Where two are most likely to meet.
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cross' as const),
      at: fc.nat(3),
      what: work,
      meanwhile: fc.oneof(claim, person, send, attack),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cross' as const),
      at: fc.nat(4),
      what: fc.oneof(send, announce, person),
      meanwhile: work,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lie' as const), lie: fc.constantFrom(...LIES) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      from: fc.constantFrom('pacs' as const, 'spool' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      hours: fc.constantFrom(1, 25, 24 * 8, 24 * 31),
    }),
  },
);

/** How a study begins. */
export const sent = (
  count: number,
  which: number,
  more: Partial<Extract<Act, { do: 'send' }>> = {},
): readonly Step[] => [
  { do: 'announce', device: 0, kind: 'honest', count, elsewhere: false },
  {
    do: 'send',
    device: 0,
    kind: 'honest',
    which,
    elsewhere: false,
    isDamaged: false,
    isSealed: false,
    isCoded: false,
    isCut: false,
    ...more,
  },
];

const RIVAL: Step = { do: 'announce', device: 1, kind: 'rival', count: 3, elsewhere: false };
const worked = (times: number): readonly Step[] =>
  Array.from({ length: times }, () => ({ do: 'work' as const, nth: 0 }));

/** Most begin as a study does: announced, and some or all of it sent; some when it is nearly at its end. */
export const sequence: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.constantFrom(
      sent(3, 7),
      sent(3, 7, { isCoded: true }),
      sent(2, 3),
      sent(3, 3, { isSealed: true }),
      [...sent(3, 7), ...worked(3)],
      [...sent(2, 3), ...worked(5)],
      [{ do: 'foreign' as const, kind: 'honest' as const }, ...sent(3, 7)],
      [{ do: 'foreign' as const, kind: 'rival' as const }, ...sent(3, 7)],
      [...sent(3, 7), RIVAL],
      [{ do: 'claim' as const, how: 'digest' as const, count: 3 }, ...sent(3, 7)],
      [{ do: 'claim' as const, how: 'study' as const, count: 3 }, ...sent(3, 7)],
      [],
    ),
    fc.array(step, { minLength: 2, maxLength: 12, size: 'max' }),
  )
  .map(([opening, steps]) => [...opening, ...steps]);
