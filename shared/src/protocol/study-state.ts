/**
 * The state of one study in the gateway, and of each of its instances. See protocol/states.md for the drawing's
 * invariants.
 *
 *   receiving ─all-settled─► assembled ─forwarded─► forwarded ─reconciled─► reconciled ─receipt-issued─► receipted
 *       ▲                        ▲                      │                                                    │
 *       │                        └──────post-again──────┘                                        evicted ────┴──── evicted-but-held
 *       │                                                                                           ▼                  ▼
 *       └──────────────── late-instance (revision + 1) ◄──────────────────────────────────────── closed              held
 *                                                                                                   ▲──── decided ─────┘
 *
 * Of a copy (a further destination of a study), `given-up` leads from every state but `closed` to `receipted`.
 *
 * Nothing here touches the database: `nextStudyState` is applied by study.store in the transaction that
 * changes the row.
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
  'late-instance', // a manifest named instances that the study did not have: the revision grows when it had a receipt
  'all-settled', // each promised instance has been received and verified, refused, quarantined or left out
  'forwarded', // the PACS has been offered every instance; what it answered is not yet believed
  'post-again', // reconciliation found instances that the PACS does not have
  'reconciled', // each offered instance was seen in the PACS, or is refused
  'receipt-issued',
  'evicted', // the gateway's copy is gone and the study's key destroyed
  'evicted-but-held', // the same for what was stored; quarantined instances keep the key
  'decided', // a person left out or requeued instances that the study was held for
  'given-up', // of a copy alone: an administrator gave its destination up, and it ends with what is there
] as const;
export type StudyEvent = (typeof STUDY_EVENTS)[number];

/**
 * null: the event cannot happen in this state; a late or repeated message is ignored, which is what makes
 * every stage repeatable.
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

/** The state after `event`, or null where the event means nothing (any more). */
export function nextStudyState(state: StudyState, event: StudyEvent): StudyState | null {
  return TRANSITIONS[state][event];
}

/**
 * The states of an instance in the gateway.
 *
 *   promised ─► received ─► posting ─► posted ─► stored | coerced | already-stored
 *      │            │          │  ▲       │
 *      │            │          └──┴───────┴────► refused        (the PACS, or verify, said no; reason)
 *      └────────────┴───────────────────────────► quarantined    (a person decides; reason) ─► left-out | received | promised
 *
 * A person leaves out what is `promised` too, and what is `received` and was never offered to the PACS, or only
 * in vain (uploads/decide.ts).
 */
export const INSTANCE_STATES = [
  'promised', // named by a manifest
  'received', // all bytes here, verified
  'posting', // handed to the PACS, no answer yet: after a crash the PACS is asked before anything is posted again
  'posted', // the PACS answered; not yet believed
  'stored', // seen in the PACS
  'coerced', // seen in the PACS, which changed or dropped elements (Warning Reason)
  'already-stored', // the PACS held the same bytes before
  'refused',
  'quarantined',
  'left-out',
] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** In the PACS, confirmed. */
export const IN_PACS = ['stored', 'coerced', 'already-stored'] as const satisfies readonly InstanceState[];
/** Nothing more happens to it automatically. */
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
