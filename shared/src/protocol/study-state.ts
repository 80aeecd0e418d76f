/**
 * The state of one study in the gateway, and of each of its instances. The invariants are in protocol/states.md.
 *
 *   receiving ─all-settled─► assembled ─forwarded─► forwarded ─reconciled─► reconciled ─receipt-issued─► receipted
 *       ▲                        ▲                      │                                                    │
 *       │                        └──────post-again──────┘                                ┌──────evicted──────┤
 *       │                                                                                ▼            evicted-but-held
 *       ├──────── late-instance (revision + 1) ◄───────────────────────────────────── closed                 ▼
 *       └──────── decided ◄──────────────────────────────────────────────────────────────────────────────── held
 *
 * For a copy (a study at a further destination), `given-up` leads from every state but `closed` to `receipted`.
 *
 * Nothing here touches the database: study.store applies `nextStudyState` in the transaction that changes the row.
 */

export const STUDY_STATES = [
  'receiving',
  'assembled',
  'forwarded',
  'reconciled',
  'receipted',
  'held',
  'closed',
] as const;
export type StudyState = (typeof STUDY_STATES)[number];

export const STUDY_EVENTS = [
  'late-instance', // a manifest named instances that the study did not have; if there was a receipt, the revision grows
  'all-settled', // each promised instance has been received and verified, refused, quarantined or left out
  'forwarded', // every instance has been sent to the PACS; its answers are not verified yet
  'post-again', // reconciliation found instances that the PACS does not have
  'reconciled', // each instance that was sent has been seen in the PACS, or is refused
  'receipt-issued',
  'evicted', // the gateway's copy is gone and the study's key destroyed
  'evicted-but-held', // the same for stored instances; quarantined instances keep the key
  'decided', // a person left out or requeued the instances that held the study
  'given-up', // only for a copy: an administrator gave its destination up, and it ends with what is there
] as const;
export type StudyEvent = (typeof STUDY_EVENTS)[number];

/**
 * Null: the event cannot happen in this state. Late and repeated messages are ignored, so every stage can be repeated.
 */
const TRANSITIONS: Record<StudyState, Record<StudyEvent, StudyState | null>> = {
  receiving: {
    'late-instance': 'receiving',
    'all-settled': 'assembled',
    forwarded: null,
    'post-again': null,
    reconciled: null,
    'receipt-issued': null,
    evicted: null,
    'evicted-but-held': null,
    decided: null,
    'given-up': 'receipted',
  },
  assembled: {
    'late-instance': 'receiving',
    'all-settled': null,
    forwarded: 'forwarded',
    'post-again': null,
    reconciled: null,
    'receipt-issued': null,
    evicted: null,
    'evicted-but-held': null,
    decided: null,
    'given-up': 'receipted',
  },
  forwarded: {
    'late-instance': 'receiving',
    'all-settled': null,
    forwarded: null,
    'post-again': 'assembled',
    reconciled: 'reconciled',
    'receipt-issued': null,
    evicted: null,
    'evicted-but-held': null,
    decided: null,
    'given-up': 'receipted',
  },
  reconciled: {
    'late-instance': 'receiving',
    'all-settled': null,
    forwarded: null,
    'post-again': null,
    reconciled: null,
    'receipt-issued': 'receipted',
    evicted: null,
    'evicted-but-held': null,
    decided: null,
    'given-up': 'receipted',
  },
  receipted: {
    'late-instance': 'receiving',
    'all-settled': null,
    forwarded: null,
    'post-again': null,
    reconciled: null,
    'receipt-issued': null,
    evicted: 'closed',
    'evicted-but-held': 'held',
    decided: null,
    'given-up': 'receipted',
  },
  held: {
    'late-instance': 'receiving',
    'all-settled': null,
    forwarded: null,
    'post-again': null,
    reconciled: null,
    'receipt-issued': null,
    evicted: null,
    'evicted-but-held': null,
    decided: 'receiving',
    'given-up': 'receipted',
  },
  closed: {
    'late-instance': 'receiving',
    'all-settled': null,
    forwarded: null,
    'post-again': null,
    reconciled: null,
    'receipt-issued': null,
    evicted: null,
    'evicted-but-held': null,
    decided: null,
    'given-up': null,
  },
};

/** The state after `event`; null: the event means nothing in this state, or no longer does. */
export function nextStudyState(state: StudyState, event: StudyEvent): StudyState | null {
  return TRANSITIONS[state][event];
}

/**
 * The states of an instance in the gateway.
 *
 *   promised ─► received ─► posting ─► posted ─► stored | coerced | already-stored
 *      │            │          │  ▲       │
 *      │            │          └──┴───────┴────► refused     (the PACS or verify; reason)
 *      └────────────┴───────────────────────────► quarantined (a person; reason) ─► left-out | received | promised
 *
 * A person may also leave out instances that are `promised`, or `received` and never sent to the PACS, or only without
 * success (uploads/decide.ts).
 */
export const INSTANCE_STATES = [
  'promised', // named by a manifest
  'received', // all bytes are at the gateway and verified
  'posting', // sent to the PACS, no answer yet; after a crash the PACS is searched before anything is sent again
  'posted', // the PACS has answered; not verified yet
  'stored', // seen in the PACS
  'coerced', // seen in the PACS, which changed or dropped elements (Warning Reason)
  'already-stored', // the PACS held the same bytes before
  'refused',
  'quarantined',
  'left-out',
] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** The states of instances that are confirmed in the PACS. */
export const IN_PACS = ['stored', 'coerced', 'already-stored'] as const satisfies readonly InstanceState[];
/** The states in which nothing more happens automatically. */
export const SETTLED = [
  ...IN_PACS,
  'refused',
  'quarantined',
  'left-out',
] as const satisfies readonly InstanceState[];

export function isInPacs(state: InstanceState): boolean {
  return (IN_PACS as readonly InstanceState[]).includes(state);
}
export function isSettled(state: InstanceState): boolean {
  return (SETTLED as readonly InstanceState[]).includes(state);
}
