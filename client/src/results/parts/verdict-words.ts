/** The texts of a radiologist’s verdict on a result. */
import type { VERIFICATIONS } from '#shared/protocol/inference.ts';
import { counted } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';
import type { Correction } from './finding-kinds.ts';
import { KEPT_VERDICT } from './kept-words.ts';

const DONE = { agree: 'Agreed', correct: 'Corrected' } satisfies Record<
  (typeof VERIFICATIONS)[number],
  string
>;

export const verdictWords = {
  label: 'A radiologist’s verdict',
  ask: 'Do you agree with the model?',
  askSilent: 'The model gave no answer. If no answer is possible, agree. If you can give one, disagree.',
  askOther: 'Do you agree with what the model shows?',
  agree: 'Agree',
  correct: 'Disagree',
  stands: 'This verdict counts until you give another one.',
  untilSent: 'This verdict counts until yours is sent. Then yours replaces it.',
  keep: 'Keep it',
  you: 'you',
  another: 'another radiologist',
  one: 'a radiologist',
  reason: (reason: string) => `Why: ${reason}`,
  yours: { agree: 'You agree', correct: (finding: string) => `Your finding: ${finding}` },
  image: {
    loading: 'You can answer once the image is shown.',
    missing: 'You cannot answer, because the image could not be loaded.',
    gone: 'You cannot answer, because the image is no longer available. Send the original image to the PACS as a study, then run the model on that study.',
    again: 'Load the image again',
  },
  nameAwaited: 'You can answer once the patient’s name is shown.',
  history: 'Verdicts, newest first',
  sending: 'Saving your verdict…',
  overtaken: 'Another radiologist gave a verdict first',
  overtakenByOneself: (when: string) =>
    `You gave another verdict in another tab or on another device, ${when}`,
  overtakenWhat: KEPT_VERDICT,
  sendMine: 'Send my verdict',
  discardMine: 'Discard my verdict',
  unsent: 'Your verdict is not sent yet',
  refused: 'Your verdict was not saved',
  unsentWhat: KEPT_VERDICT,
  overruledWhat: 'It is stored encrypted on this device until you discard it.',
  unsentRetried: 'It will be sent when the connection is back.',
  again: 'Send now',
  drop: 'Discard it',
  dropAsk: {
    title: 'Discard your verdict?',
    what: 'Your verdict is stored only on this device. You cannot recover it.',
    no: 'Keep it',
  },
  done: DONE,
  instead: (finding: string) => `Corrected finding: ${finding}`,
  by: (who: string, when: string) => `by ${who}, ${when}`,
  change: 'Change verdict',
  review: {
    says: {
      something: 'The signed review of this study reports an abnormality',
      nothing: 'The signed review of this study reports no abnormality',
      disputed: 'Signed reviews of this study contradict each other',
    },
    short: {
      something: 'Signed review: abnormality',
      nothing: 'Signed review: no abnormality',
      disputed: 'Signed reviews contradict each other',
    },
    /** About the newest review, where several contradict each other. */
    by: (readers: number, isAdjudicated: boolean, when: string) =>
      `(${counted(readers, 'reader', 'readers')}${isAdjudicated ? ' and an adjudicator' : ''}, ${when}).`,
    open: 'Open the review',
    stands: 'You cannot give a different verdict here. If the review is wrong, have the study read again.',
    disputed: 'You cannot give a verdict here until the study is read again. That reading decides.',
  },
  none: 'No radiologist has given a verdict yet.',
  form: {
    title: 'What is the correct finding?',
    finding: 'Finding',
    findingMissing: 'Choose a finding.',
    reason: 'Reason (required)',
    reasonWhat: 'Do not enter patient names or numbers. This text is stored in the report.',
    reasonMissing: 'Enter a short reason.',
    submit: 'Save correction',
    left: (count: number) => `${formatCount(count)} characters left`,
  },
  findings: {
    normal: 'Normal',
    pneumonia: 'Pneumonia',
    'bacterial pneumonia': 'Bacterial pneumonia',
    'viral pneumonia': 'Viral pneumonia',
    CXR: 'Chest film',
    Hand: 'Hand film',
    BreastMRI: 'Breast MR',
    HeadCT: 'Head CT',
    TrunkCT: 'Trunk CT',
    other: 'Something else',
    'not-assessable': 'Cannot be assessed',
  } satisfies Record<Correction, string>,
};
