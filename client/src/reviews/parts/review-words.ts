/** The words of the pages of reviews. */
import { none, type None } from '../../kit/none.ts';
import { counted } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';
import type { PlaceState, ReviewState } from '#shared/protocol/review-state.ts';
import type { Decision, REVIEW_STEPS, ReviewList } from '#shared/protocol/reviews.ts';

/** "2 marks: 1 Box on image 1 · 2 Ellipse on image 1". */
const marksSaid = (marks: readonly string[]): string =>
  marks.length === 0 ? 'no marks' : `${counted(marks.length, 'mark', 'marks')}: ${marks.join(' · ')}`;

export const reviewWords = {
  separator: ' · ',
  states: {
    reading: 'Being read',
    adjudication: 'Readers differ',
    settled: 'Review completed',
    withdrawn: 'Withdrawn',
  } satisfies Record<ReviewState, string>,
  /** Settled but contradicted, with no decision between the two. */
  disputed: 'Disputed',
  places: {
    open: 'Not assigned',
    assigned: 'Not answered yet',
    decided: 'Answered, not signed',
    signed: 'Signed',
  } satisfies Record<PlaceState, string>,
  /** Later readings of the same question contradict the outcome. `ofCase`: in the list of the case. */
  outcomeNow: {
    contradicted: {
      title: 'Another reading of this case says the opposite',
      ofCase: 'contradicted by another reading',
      what: 'One reading reports an abnormality and the other reports none. Nobody has decided between them. Compare both in the case, then press “Request a reading” there.',
    },
    overruled: {
      title: 'A later reading decided against this one',
      ofCase: 'a later reading decided against it',
      what: 'Another reading says the opposite, and the next reader agreed with it. Read the later answers before you rely on these.',
    },
    replaced: {
      title: 'The same reader has read this case again',
      ofCase: 'replaced by a later reading by the same reader',
      what: 'The later answers replace these.',
    },
  },
  /** Notes and readings added to a case after its review was settled. */
  after: {
    title: 'There are later notes or readings of this case',
    what: 'These answers were signed earlier. Before you rely on them, read:',
    noteBy: (name: string, when: string) => `${name} wrote a note, ${when}:`,
    readAgainAt: (names: readonly string[], title: string, when: string) =>
      `Read again${names.length === 0 ? '' : ` by ${names.join(', ')}`}, ${when}: ${title}`,
    since: (said: readonly string[]) => `since then ${said.join(', ')}`,
    notes: (count: number) => counted(count, 'note', 'notes'),
    readAgain: (names: readonly string[]) =>
      `read again${names.length === 0 ? '' : ` by ${names.join(', ')}`}`,
  },
  signedOf: (signed: number, readers: number) => `${signed} of ${readers} signed`,
  decisions: {
    accept: 'Answered',
    correct: 'Corrected',
    reject: 'Not assessable',
  } satisfies Record<Decision, string>,
  list: {
    choose: 'Filter reviews',
    lists: {
      todo: 'Assigned to me',
      free: 'Unassigned',
      signed: 'Signed by me',
      all: 'All',
    } satisfies Record<ReviewList, string>,
    empty: {
      todo: none('No readings are assigned to you.'),
      free: none('There are no unassigned readings.'),
      signed: none('You have not signed any readings yet.'),
      all: none('There are no reviews yet. Create a case, then press “Request a reading” there.'),
    } satisfies Record<ReviewList, None>,
    loading: 'Loading reviews…',
    types: 'Review types',
    name: (type: string, number: number) => `${type}, case ${number}`,
    due: (day: string) => `due ${day}`,
    asked: (when: string) => `requested ${when}`,
    review: 'Review',
    outcome: 'Outcome',
    requested: 'Requested',
    adjudicate: 'Decide between readers',
  },
  page: {
    back: 'All reviews',
    heading: 'Review',
    loading: 'Loading the review…',
    missing: 'This review was not found',
    missingWhat: 'It may have been deleted with its case, or you don’t have permission to open it.',
    toCase: 'Open the case',
    blinded: 'The findings of models are hidden until you have signed.',
    blindedLate:
      'The findings of models are hidden until you have signed. You may have seen them before this reading was assigned to you. The review records this.',
    seenBefore: (names: readonly string[]) =>
      `Assigned to ${names.join(', ')}, who may already have seen findings of models or what others wrote in the case.`,
    alone: 'You can see other readers’ answers when the review is completed.',
    withdraw: 'Withdraw the review',
    withdrawOf: 'Withdraw the review of this case',
    withdrawAsk: {
      title: 'Withdraw this review?',
      about: '',
      what: 'Nobody will be able to answer it. Existing answers stay in its history.',
      yes: 'Withdraw',
      no: 'Keep it',
    },
    next: 'Next review',
    noNext: 'You have no more readings.',
    signed: 'You have signed.',
    /** Shown before the link to the case page, which offers both. */
    unchangeable:
      'A signed reading can’t be changed. To correct or add to it, write a note in the case, or press “Request a reading” there.',
    correct: 'Add a correction in the case',
    signedHere: 'Your signature is stored on this device. It counts when the gateway has received it.',
    settled: 'Final answers',
    disputed: 'Nobody has decided which reading is final',
    outcomeHidden: 'You are reading this case again. The earlier reading is hidden until you have signed.',
  },
  found: {
    title: 'What models found',
    kinds: 'Image type according to a model',
    open: 'Open result',
    openOf: (finding: string, model: string) => `Open result: ${finding}, ${model}`,
  },
  readers: {
    title: 'Readers',
    free: 'This reading is not assigned to anyone.',
    notMine: 'You are not a reader of this review.',
    mine: 'You',
    reader: (place: number) => `Reader ${place}`,
    freePlace: (place: number) => `Reader ${place}: not assigned`,
    freeAdjudicator: 'Adjudicator: not assigned',
    adjudicator: 'Adjudicator (decides when readers disagree)',
    take: 'Assign to me',
    give: 'Assign to…',
    sheet: 'Assign the reading',
    to: 'Person',
    nobody: none('Nobody else is allowed to read. An administrator can give accounts the role Radiologist.'),
    kept: 'The answers stay in the history. The next reader starts with an empty form.',
    seenBy: (name: string) =>
      `${name} may have seen findings of models or what others wrote in the case. Readers should see neither before this reading. The review will record this.`,
    seenUnknown:
      'RelayPACS could not check whether this person has seen what is hidden from readers. If this person has seen it, the review will record that.',
    submit: 'Assign',
    submitSeen: 'Assign anyway',
    submitting: 'Assigning…',
    notFree: {
      title: 'This person cannot be assigned',
      next: 'They are already a reader of this review, or are no longer allowed to read. Choose someone else.',
    },
  },
  form: {
    title: 'Your answers',
    draft: 'These are your earlier answers. They are stored on this device, but not saved in the review yet.',
    decision: 'Decision',
    decisions: {
      accept: 'Accept what was found',
      correct: 'Correct what was found',
      reject: 'Not assessable',
    } satisfies Record<Decision, string>,
    /** The wording where nothing was found, or the findings are hidden. */
    judged: 'Assessable',
    reason: 'Reason',
    reasonMissing: 'Enter a reason.',
    missing: (titles: readonly string[]) => `Answer first: ${titles.join(' · ')}`,
    /** `right`: what may be answered. */
    wrong: (title: string, right: string) => `${title}: ${right}`,
    longest: (longest: number) => `At most ${formatCount(longest)} characters`,
    characters: (count: number, longest: number) =>
      count > longest
        ? `${formatCount(count)} of at most ${formatCount(longest)} characters: shorten it by ${formatCount(count - longest)}`
        : `${formatCount(count)} of at most ${formatCount(longest)} characters`,
    optional: 'optional',
    save: 'Save the answers',
    saving: 'Saving…',
    sign: 'Sign',
    /** The patient or pseudonym, the modality and the day. */
    signFor: (whose: string) => `For ${whose}`,
    signWhat: 'You cannot change anything after signing.',
    signsIn: (seconds: number) =>
      `Your reading will be signed in ${seconds} seconds. To stop this, press Undo, change an answer or mark, or leave this page.`,
    left: (seconds: number) => `${seconds} s`,
    undo: 'Undo',
    contradiction: {
      title: 'Which of the two is right?',
      models: (found: string, caution: string) => `Models found: ${found}. ${caution}.`,
      what: (decision: string, answer: string) =>
        `You chose “${decision}”, but your answer is “${answer}”. The two contradict each other.`,
      yes: 'Sign anyway',
      no: 'Change it first',
    },
    keptHere: 'Stored on this device, not sent yet. You can change it until you sign.',
    marked: {
      title: 'Is there an abnormality?',
      about: (count: number) =>
        `${counted(count, 'mark is', 'marks are')} on the images, but your answers report no abnormality.`,
      what: (answer: string) => `Your answer is “${answer}”.`,
      yes: 'Sign anyway',
      no: 'Change it first',
    },
    saved: (when: string) => `Saved ${when}. You can change it until you sign.`,
    unchangedFirst: 'Save your changes before you sign.',
    range: (from: number, to: number) => `${from} to ${to}`,
  },
  sides: {
    title: 'Answers of the readers',
    reader: (place: number) => `Reader ${place}`,
    adjudicator: 'Adjudicator',
    use: 'Use these answers and marks',
    useWhat: 'You can copy a reader’s answers and marks into your form. Comments and reasons are not copied.',
    differs: 'differs',
    none: 'No answer',
  },
  kept: {
    waits: 'Not sent yet',
    waitsWhat: 'Stored encrypted on this device. It will be sent when the gateway can be reached.',
    sendNow: 'Send now',
    refused: 'This was not saved',
    what: {
      refused: 'Your answers are stored on this device until you decide.',
      overtaken:
        'You also changed the marks of this review in another tab or on another device. Which marks do you want to keep?',
      marks: 'Your reading was not signed. The images and the list now show the marks stored at the gateway.',
    },
    said: 'Your stored answers',
    use: 'Use these answers',
    discard: 'Discard them',
    discardAsk: {
      title: 'Discard unsaved answers?',
      what: 'There is no other copy. You cannot recover them.',
      no: 'Keep them',
    },
    signAnyway: 'Sign anyway',
    changeFirst: 'Change it first',
    keepMarks: 'Keep the marks shown here',
    takeMarks: 'Take the marks from elsewhere',
    marksHere: (marks: readonly string[]) => `Shown here: ${marksSaid(marks)}`,
    marksElsewhere: (marks: readonly string[]) => `Saved elsewhere: ${marksSaid(marks)}`,
    marksNow: (marks: readonly string[]) => `As they are now: ${marksSaid(marks)}`,
    elsewhereUnread: 'The marks saved elsewhere can’t be loaded now.',
    signAgain: 'Go back to signing',
    steps: { decide: 'Your answers', sign: 'Your signature', annotate: 'Your marks' },
  },
  picture: {
    label: 'Images of the case',
    look: 'Look at the images',
    hide: 'Hide the images',
    loading: 'Loading the images from the PACS…',
    failed: 'The images could not be loaded from the PACS.',
    again: 'Try again',
    none: 'The PACS has no image of this case.',
    other: 'The images of this case cannot be shown here.',
    inViewer: 'Your site’s viewer may be able to show them.',
    cut: (count: number) => `Only the first ${count} images of each study are shown here.`,
  },
  ofCase: {
    outcomeHidden: 'hidden until you have signed',
    title: 'Reviews',
    none: none('This case has not been read yet.'),
    contradicted: 'Readings of this case contradict each other.',
    contradictedWhat:
      'One reading reports an abnormality and the other reports none. Nobody has decided between them. To have another person read the case, press “Request a reading”.',
    readBy: (names: readonly string[]) => `read by ${names.join(', ')}`,
    decidedBy: (name: string) => `decided by ${name} as adjudicator`,
    waitsFor: (names: readonly string[]) => `waiting for ${names.join(', ')}`,
    request: 'Request a reading',
    sheet: 'Request a reading',
    type: 'Review type',
    otherTypes: 'For other images',
    readers: 'Readers',
    byType: 'If you choose nobody, readers are assigned as set in the review type.',
    tooMany: (count: number) => `Choose at most ${count}.`,
    adjudicator: 'Adjudicator (decides when readers disagree)',
    adjudicatorLater: 'Assigned as set in the review type, if readers disagree',
    hasSeen: '(may have seen the results)',
    seenYourself:
      'You may have seen findings of models in this case. Readers should not see such findings before this reading. Choose someone else, or have a colleague assign it to you.',
    seenBy: (names: readonly string[]) =>
      `${names.join(', ')} may have seen findings of models. Readers should not see such findings before this reading. The review will record this.`,
    seenUnknown:
      'RelayPACS could not check who may have seen findings of models. Readers should not see such findings before this reading. If a reader has seen them, the review will record this.',
    submit: 'Request',
    submitSeen: 'Request anyway',
    submitting: 'Requesting…',
  },
  history: 'What happened',
  steps: {
    open: 'Review opened',
    assign: 'Reading assigned',
    release: 'A reading was unassigned, because its reader is no longer allowed to read',
    decide: 'Answers saved',
    sign: 'Signed',
    settle: 'Review completed',
    adjudicate: 'Readers differ: an adjudicator decides',
    withdraw: 'Withdrawn',
  } satisfies Record<(typeof REVIEW_STEPS)[number], string>,
} as const;
