/** The events of a device, as values that fast-check generates and shrinks. */
import fc from 'fast-check';

/**
 * The final state of an instance at the gateway, as a number, so that it shrinks to "stored". Another account that
 * was first with its UID shows in nothing else: the bytes are `already-stored`, or held as a conflict. `version`: the
 * PACS has the same original in another form.
 */
export const FATES = ['stored', 'stored', 'version', 'refused', 'quarantined', 'already-stored'] as const;

const LATE = ['receipt', 'receipt', 'receipt', 'all-sent', 'started', 'parcel-sent', 'announced'] as const;
const WORDS = [
  'pause',
  'resume',
  'sendFirst',
  'takeBack',
  'cancel',
  'retry',
  'leaveOut',
  'leaveOut',
  'leaveOutHeld',
  'dismiss',
  'tryNow',
] as const;
/** A person's decision about a queued study. */
type Word = (typeof WORDS)[number];

export type Act =
  /** A person chooses and sends a study. */
  | { readonly do: 'queue'; readonly study: number; readonly tab: number; readonly instances: number }
  /** Naming and packing advance by one step. `isChanged`: the next file was rewritten since it was named. */
  | { readonly do: 'pack'; readonly nth: number; readonly isChanged: boolean; readonly steps: number }
  | { readonly do: 'stop-packing'; readonly nth: number }
  /** Another instance of the study may show a name: it is held on the device. */
  | { readonly do: 'hold'; readonly nth: number }
  /**
   * The uploader makes this many steps with a pending study. `cut`: the link fails after this many parcels.
   */
  | {
      readonly do: 'carry';
      readonly nth: number;
      readonly steps: number;
      readonly cut: number;
      readonly fates: number;
    }
  /** A late or repeated answer: an earlier receipt, a completion, a start. */
  | { readonly do: 'late'; readonly nth: number; readonly what: (typeof LATE)[number] }
  /** The gateway, or its PACS, loses instances. */
  | { readonly do: 'lose'; readonly from: 'gateway' | 'pacs' }
  | { readonly do: 'refuse'; readonly nth: number }
  | { readonly do: 'trouble'; readonly nth: number }
  | { readonly do: 'report'; readonly nth: number }
  | { readonly do: 'person'; readonly nth: number; readonly what: Word; readonly isHeard: boolean }
  | { readonly do: 'move'; readonly nth: number; readonly at: number }
  | { readonly do: 'score'; readonly nth: number; readonly score: number }
  /**
   * The account's right has ended, and another person on this device wants its studies: the gateway lets an
   * administrator (who gives them back later), and no stranger.
   */
  | { readonly do: 'take-over'; readonly by: 'stranger' | 'administrator' };

export type Step =
  | Act
  /** The page dies before the `at`th change that it makes, and is opened again. */
  | { readonly do: 'die'; readonly at: number; readonly tab: number; readonly what: Act }
  /** The disk is full at the `at`th write. */
  | { readonly do: 'full'; readonly at: number; readonly isLate: boolean; readonly what: Act }
  /** The browser clears everything but localStorage. */
  | { readonly do: 'evict' };

const nth = fc.nat(3);
const steps = fc.constantFrom(9, 9, 9, 4, 3, 2, 1);
const carry = fc.record({
  do: fc.constant('carry' as const),
  nth,
  steps,
  cut: fc.constantFrom(9, 9, 9, 0, 1),
  fates: fc.constantFrom(0, 0, 4, 24, 28, 3, 18, 2, 12),
});
const person = fc.record({
  do: fc.constant('person' as const),
  nth,
  isHeard: fc.constantFrom(true, true, true, false),
  what: fc.constantFrom(...WORDS),
});
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('queue' as const),
      study: fc.nat(2),
      tab: fc.nat(1),
      instances: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('pack' as const),
      nth,
      steps: fc.constantFrom(1, 2, 3, 9, 9),
      isChanged: fc.constantFrom(false, false, false, false, false, true),
    }),
  },
  { weight: 10, arbitrary: carry },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop-packing' as const), nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold' as const), nth }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('late' as const), nth, what: fc.constantFrom(...LATE) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      from: fc.constantFrom('gateway' as const, 'pacs' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trouble' as const), nth }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('take-over' as const),
      by: fc.constantFrom('stranger' as const, 'administrator' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('report' as const), nth }) },
  { weight: 6, arbitrary: person },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), nth, at: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('score' as const), nth, score: fc.constantFrom(0, 0.5, 1) }),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: act },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('die' as const), at: fc.nat(6), tab: fc.nat(1), what: act }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('full' as const),
      at: fc.nat(5),
      isLate: fc.boolean(),
      what: act,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'evict' as const }) },
);

const queued = (study: number, instances: number): readonly Step[] => [
  { do: 'queue', study, tab: 0, instances },
  { do: 'pack', nth: 0, steps: 9, isChanged: false },
];

/** Most begin with a study that is safe on the device. */
export const sequence: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.constantFrom(
      queued(0, 2),
      queued(0, 3),
      [...queued(0, 1), ...queued(1, 2)],
      queued(0, 2).slice(0, 1),
      [],
    ),
    fc.array(step, { minLength: 2, maxLength: 12, size: 'max' }),
  )
  .map(([opening, more]) => [...opening, ...more]);
