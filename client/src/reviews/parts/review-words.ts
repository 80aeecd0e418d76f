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
    settled: 'Settled',
    withdrawn: 'Withdrawn',
  } satisfies Record<ReviewState, string>,
  /** Settled but contradicted, with no decision between the two. */
  disputed: 'Disputed',
  places: {
    open: 'Nobody yet',
    assigned: 'Not answered yet',
    decided: 'Answered, not signed',
    signed: 'Signed',
  } satisfies Record<PlaceState, string>,
  /** Later readings of the same question contradict the outcome. `ofCase`: in the list of the case. */
  outcomeNow: {
    contradicted: {
      title: 'Another reading of this case says the opposite',
      ofCase: 'contradicted by another reading',
      what: 'One says that something is there, the other that nothing is, and nobody has decided between them. Compare both in the case, and choose Request a reading there.',
    },
    overruled: {
      title: 'A later reading decided against this one',
      ofCase: 'a later reading decided against it',
      what: 'Another reading says the opposite, and the next reader agreed with that one. Read the later answers before you rely on these.',
    },
    replaced: {
      title: 'The same reader has read this case again',
      ofCase: 'replaced by a later reading of the same reader',
      what: 'The later answers replace these.',
    },
  },
  /** Notes and readings added to a case after its review was settled. */
  after: {
    title: 'There are later notes or readings of this case',
    what: 'These answers were signed first. Read on before you rely on them:',
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
    choose: 'Which reviews',
    lists: {
      todo: 'Assigned to me',
      free: 'Free to take',
      signed: 'Signed by me',
      all: 'All',
    } satisfies Record<ReviewList, string>,
    empty: {
      todo: none('You have nothing to read.'),
      free: none('No reading is free.'),
      signed: none('You have signed nothing yet.'),
      all: none('Nobody has asked for a review. Create a case and choose Request a reading.'),
    } satisfies Record<ReviewList, None>,
    loading: 'Loading reviews…',
    types: 'Review types',
    name: (type: string, number: number) => `${type}, case ${number}`,
    due: (day: string) => `due ${day}`,
    asked: (when: string) => `asked ${when}`,
    adjudicate: 'Decide between readers',
  },
  page: {
    back: 'All reviews',
    heading: 'Review',
    loading: 'Loading the review…',
    missing: 'This review does not exist',
    missingWhat: 'It was deleted with its case, or is not for you.',
    toCase: 'Open the case',
    blinded: 'You read without what models found. They are shown once you have signed.',
    blindedLate:
      'The findings of models are hidden until you have signed. You were given this reading although you may have seen it before. The review says so.',
    seenBefore: (names: readonly string[]) =>
      `Given to ${names.join(', ')} although they may have seen what models found, or what others wrote of the case.`,
    alone: 'You do not see other readers’ answers until the review is settled.',
    withdraw: 'Withdraw the review',
    withdrawOf: 'Withdraw the review of this case',
    withdrawAsk: {
      title: 'Withdraw this review?',
      about: '',
      what: 'Nobody can answer it any more. The answers stay in its history.',
      yes: 'Withdraw it',
      no: 'Keep it',
    },
    next: 'Next review',
    noNext: 'You have read everything.',
    signed: 'You have signed.',
    /** Shown before the link to the case page, which offers both. */
    unchangeable:
      'A signed reading can’t be changed. To correct or add to it, write a note in the case, or choose Request a reading there.',
    correct: 'Correct it in the case',
    signedHere: 'Your signature is kept on this device. It counts once the gateway has it.',
    settled: 'The answers that stand',
    disputed: 'Nobody has decided which reading stands',
    outcomeHidden:
      'You read this case again without knowing how it was read: that is shown once you have signed.',
  },
  found: {
    title: 'What models found',
    kinds: 'What kind of picture a model sees',
    open: 'Look closer',
    openOf: (finding: string, model: string) => `Look closer: ${finding}, ${model}`,
  },
  readers: {
    title: 'Readers',
    free: 'This reading is free.',
    notMine: 'You do not read this review.',
    mine: 'You',
    reader: (place: number) => `Reader ${place}`,
    freePlace: (place: number) => `Reader ${place}: nobody yet`,
    freeAdjudicator: 'Who decides if readers differ: nobody yet',
    adjudicator: 'Decides if readers differ',
    take: 'Read it myself',
    give: 'Give to…',
    sheet: 'Give the reading to',
    to: 'Person',
    nobody: none('Nobody else may read. An administrator can give accounts the role of a radiologist.'),
    kept: 'The answers stay in the history. The next reader begins with an empty form.',
    seenBy: (name: string) =>
      `${name} may have seen what models found, or what others wrote of the case. This reading is to be made without. The review will say so.`,
    seenUnknown:
      'RelayPACS could not find out whether this person may have seen what is hidden from the readers. If so, the review will say so.',
    submit: 'Give it',
    submitSeen: 'Give it all the same',
    submitting: 'Giving…',
    notFree: {
      title: 'This person cannot read it',
      next: 'They already read this review, or may not read any more. Choose somebody else.',
    },
  },
  form: {
    title: 'Your answers',
    draft: 'These are your answers from before. They are kept on this device and not saved yet.',
    decision: 'Decision',
    decisions: {
      accept: 'Accept what was found',
      correct: 'Correct what was found',
      reject: 'Not assessable',
    } satisfies Record<Decision, string>,
    /** The wording where nothing was found, or the findings are hidden. */
    judged: 'Assessable',
    reason: 'Why',
    reasonMissing: 'Say why.',
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
    signWhat: 'After that nothing can be changed.',
    signsIn: (seconds: number) =>
      `Signs in ${seconds} seconds. It is not signed if you undo it, change an answer or a mark, or leave this page.`,
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
    keptHere: 'Kept on this device, not sent yet. You can change it until you sign.',
    marked: {
      title: 'Is there something or not?',
      about: (count: number) =>
        `${counted(count, 'mark is', 'marks are')} on the images, and your answers name nothing abnormal.`,
      what: (answer: string) => `Your answer is “${answer}”.`,
      yes: 'Sign anyway',
      no: 'Change it first',
    },
    saved: (when: string) => `Saved ${when}. You can change it until you sign.`,
    unchangedFirst: 'Save your changes before you sign.',
    range: (from: number, to: number) => `${from} to ${to}`,
  },
  sides: {
    title: 'What the readers answered',
    reader: (place: number) => `Reader ${place}`,
    adjudicator: 'Decided between them',
    use: 'Use these answers and marks',
    useWhat:
      'You can take over a reader’s answers and marks. Comments and reasons stay the reader’s own words.',
    differs: 'differs',
    none: 'No answer',
  },
  kept: {
    waits: 'Not sent yet',
    waitsWhat: 'Kept on this device, encrypted. It is sent when the gateway can be reached.',
    sendNow: 'Send now',
    refused: 'This was not saved',
    what: {
      refused: 'Your answers are kept on this device until you decide.',
      overtaken:
        'You have changed the marks of this review elsewhere too: in another tab or on another device. Which marks shall stand?',
      marks: 'Nothing is signed. The images and the list now show the marks that the gateway has.',
    },
    said: 'Your answers that were kept',
    use: 'Use these answers',
    discard: 'Discard them',
    discardAsk: {
      title: 'Discard what was not saved?',
      what: 'There is no other copy. You cannot bring them back.',
      no: 'Keep them',
    },
    signAnyway: 'Sign anyway',
    changeFirst: 'Change it first',
    keepMarks: 'Keep the marks shown here',
    takeMarks: 'Take the marks from elsewhere',
    marksHere: (marks: readonly string[]) => `Shown here: ${marksSaid(marks)}`,
    marksElsewhere: (marks: readonly string[]) => `Saved elsewhere: ${marksSaid(marks)}`,
    marksNow: (marks: readonly string[]) => `As they are now: ${marksSaid(marks)}`,
    elsewhereUnread: 'The marks that were saved elsewhere can’t be read at the moment.',
    signAgain: 'Go back to signing',
    steps: { decide: 'Your answers', sign: 'Your signature', annotate: 'Your marks' },
  },
  picture: {
    label: 'Images of the case',
    look: 'Look at the images',
    hide: 'Hide the images',
    loading: 'Getting the images from the PACS…',
    failed: 'The PACS gave no images.',
    again: 'Try again',
    none: 'The PACS has no image of this case.',
    other: 'The PACS has no image of this case that can be shown here.',
    inViewer: 'A viewer of your site may show it.',
    cut: (count: number) => `Only the first ${count} images of each study are shown here.`,
  },
  ofCase: {
    outcomeHidden: 'hidden until you have signed',
    title: 'Reviews',
    none: none('Nobody has read this case.'),
    contradicted: 'Readings of this case contradict each other.',
    contradictedWhat:
      'One says that something is there, the other that nothing is, and nobody has decided between them. Choose Request a reading to have another person read it.',
    readBy: (names: readonly string[]) => `read by ${names.join(', ')}`,
    decidedBy: (name: string) => `decided between readers by ${name}`,
    waitsFor: (names: readonly string[]) => `waiting for ${names.join(', ')}`,
    request: 'Request a reading',
    sheet: 'Request a reading',
    type: 'What is asked',
    otherTypes: 'For other images',
    readers: 'Who reads',
    byType: 'Choose nobody, and readers are found as the review type says.',
    tooMany: (count: number) => `Choose at most ${count}.`,
    adjudicator: 'Who decides if they differ',
    adjudicatorLater: 'As the review type says, once they differ',
    hasSeen: '(may have seen the results)',
    seenYourself:
      'You may have seen what a model found here, and this reading is to be made without. Name somebody else, or have a colleague give it to you.',
    seenBy: (names: readonly string[]) =>
      `${names.join(', ')} may have seen what models found. This reading is to be made without. The review will say so.`,
    seenUnknown:
      'RelayPACS could not find out who may have seen what models found. This reading is to be made without. If a reader has seen it, the review will say so.',
    submit: 'Request',
    submitSeen: 'Request anyway',
    submitting: 'Requesting…',
  },
  history: 'What happened',
  steps: {
    open: 'Review opened',
    assign: 'Reading assigned',
    release: 'Reading taken from an account that may read no more',
    decide: 'Answers saved',
    sign: 'Signed',
    settle: 'Settled',
    adjudicate: 'Readers differ: another person decides',
    withdraw: 'Withdrawn',
  } satisfies Record<(typeof REVIEW_STEPS)[number], string>,
} as const;
