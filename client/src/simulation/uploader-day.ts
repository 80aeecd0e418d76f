/** The events of an uploader's day, as values that fast-check generates and shrinks. */
import fc from 'fast-check';
import type { Fault } from '#testing/gateway-faults.ts';
import type { StudyPlan } from './simulated-queue.ts';

/** The longest absence of the gateway, after which it must be found soon. */
const OUTAGE_MS = 1_800_000;

const ACTIONS = ['pause', 'first', 'again', 'cancel', 'restart'] as const;

export interface Action {
  readonly atMs: number;
  readonly study: number;
  readonly what: (typeof ACTIONS)[number];
}

export interface Day {
  readonly studies: readonly StudyPlan[];
  readonly outage: (Fault & { readonly after: number }) | null;
  readonly faults: readonly Fault[];
  readonly lateFaults: readonly Fault[];
  readonly actions: readonly Action[];
  readonly sealed: boolean;
  readonly streams: boolean;
}

const fault: fc.Arbitrary<Fault> = fc.record({
  nth: fc.nat(10_000),
  lateMs: fc.constantFrom(0, 0, 100, 4_000),
  lastsMs: fc.constantFrom(0, 0, 0, 3_000, 100_000),
  back: fc.integer({ min: 1, max: 6 }),
});

const study: fc.Arbitrary<StudyPlan> = fc.record({
  parcels: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
  packingMs: fc.constantFrom(0, 0, 200, 5_000),
  hasConflict: fc.boolean(),
  isPoisoned: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  queuedAtMs: fc.constantFrom(0, 0, 1_000, 30_000),
});

const outage = fc.record({
  nth: fc.nat(10_000),
  lateMs: fc.constant(0),
  lastsMs: fc.constant(OUTAGE_MS),
  back: fc.constant(1),
  after: fc.nat(12),
});

const action: fc.Arbitrary<Action> = fc.record({
  atMs: fc.integer({ min: 0, max: 60_000 }),
  study: fc.nat(2),
  what: fc.constantFrom(...ACTIONS),
});

export const day: fc.Arbitrary<Day> = fc.record({
  studies: fc.array(study, { minLength: 1, maxLength: 3 }),
  outage: fc.option(outage, { freq: 9 }),
  faults: fc.array(fault, { maxLength: 60 }),
  lateFaults: fc.array(fault, { maxLength: 10 }),
  actions: fc.array(action, { maxLength: 5 }),
  sealed: fc.boolean(),
  streams: fc.boolean(),
});

export function faultsOf({ faults, outage }: Day): readonly Fault[] {
  return outage === null ? faults : faults.toSpliced(outage.after, 0, outage);
}
