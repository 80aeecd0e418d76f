/**
 * The states of a review and of each of its places. A place is one person's reading; place 0 is the adjudicator's.
 *
 *             assign               decide              sign
 *     open ────────────► assigned ────────► decided ────────► signed
 *                         ▲    ▲             │   ▲ │
 *                         └────┘ assign      │   └─┘ decide: changed until signed
 *                         └──────────────────┘ assign, by an administrator
 *     assigned, decided ──release──► open: the reader's account may no longer read (isReleased)
 *
 *     reading ──all readers signed and agree──────────────────────────────► settled
 *        │ └────all readers signed and differ──► adjudication ──0 signed──────▲
 *        └──────────────────────────────────────────┴──withdraw──► withdrawn
 *
 * Nothing here touches the database: change-review.ts applies it in the transaction that changes the rows.
 */
export const PLACE_STATES = ['open', 'assigned', 'decided', 'signed'] as const;
export type PlaceState = (typeof PLACE_STATES)[number];
const PLACE_ACTIONS = ['assign', 'decide', 'sign'] as const;
export type PlaceAction = (typeof PLACE_ACTIONS)[number];
export const REVIEW_STATES = ['reading', 'adjudication', 'settled', 'withdrawn'] as const;
export type ReviewState = (typeof REVIEW_STATES)[number];
/** The place of the adjudicator, who decides if readers differ. */
export const ADJUDICATOR = 0;

/** `holder`: the person who holds the place; `keeper`: a radiologist or an administrator. */
const PARTIES = ['holder', 'keeper', 'admin'] as const;
export type Party = (typeof PARTIES)[number];
type StepRefusal = 'review-not-yours' | 'review-ended';
type Step = { readonly by: Party; readonly to: PlaceState } | StepRefusal;

/** For each state and action: who may do it, and the state that follows. */
const STEPS: Record<PlaceState, Record<PlaceAction, Step>> = {
  open: {
    assign: { by: 'keeper', to: 'assigned' },
    decide: 'review-not-yours',
    sign: 'review-not-yours',
  },
  assigned: {
    assign: { by: 'keeper', to: 'assigned' },
    decide: { by: 'holder', to: 'decided' },
    // There is no decision to sign yet. The page offers signing only after a decision, so somebody else has changed the
    // place.
    sign: 'review-not-yours',
  },
  decided: {
    // The answers stay in the history. Only an administrator may reassign a decided place, so an absent reader blocks
    // nobody and no colleague can take it.
    assign: { by: 'admin', to: 'assigned' },
    decide: { by: 'holder', to: 'decided' },
    sign: { by: 'holder', to: 'signed' },
  },
  signed: { assign: 'review-ended', decide: 'review-ended', sign: 'review-ended' },
};

/** The state that follows, or why the action is refused. `parties`: what the person is to this place. */
export function stepOf(
  state: PlaceState,
  action: PlaceAction,
  parties: readonly Party[],
): PlaceState | StepRefusal {
  const step = STEPS[state][action];
  if (typeof step === 'string') return step;
  return parties.includes(step.by) ? step.to : 'review-not-yours';
}

export const isRefusal = (step: PlaceState | StepRefusal): step is StepRefusal =>
  step === 'review-not-yours' || step === 'review-ended';

/** Whether the gateway takes a place in this state from an account that may no longer read; signed places stay. */
export const isReleased = (state: PlaceState): boolean => state === 'assigned' || state === 'decided';

/** Whether the review is over, so that nothing can change it. */
export const isEnded = (state: ReviewState): boolean => ENDED[state];
const ENDED: Record<ReviewState, boolean> = {
  reading: false,
  adjudication: false,
  settled: true,
  withdrawn: true,
};

/**
 * The state of the review after a signature. `differ`: the answers of two readers differ, which matters only once all
 * have signed.
 */
export function afterSignature(
  places: readonly { readonly place: number; readonly state: PlaceState }[],
  differ: boolean,
): ReviewState {
  const isSigned = ({ state }: { readonly state: PlaceState }): boolean => state === 'signed';
  if (!places.filter(({ place }) => place !== ADJUDICATOR).every(isSigned)) return 'reading';
  if (!differ) return 'settled';
  return places.some((one) => one.place === ADJUDICATOR && isSigned(one)) ? 'settled' : 'adjudication';
}
