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
  askSilent: 'The model gives no answer. Agree if none can be given. Disagree if you can give one.',
  askOther: 'Do you agree with what the model shows?',
  agree: 'Agree',
  correct: 'Disagree',
  stands: 'This verdict stands until you give another one.',
  untilSent: 'This verdict counts until yours is sent. Then yours replaces it.',
  keep: 'Keep it',
  you: 'you',
  another: 'another radiologist',
  one: 'a radiologist',
  reason: (reason: string) => `Why: ${reason}`,
  yours: { agree: 'You agree', correct: (finding: string) => `You say: ${finding}` },
  image: {
    loading: 'You can answer once the image is shown.',
    missing: 'You cannot answer without the image, and it could not be fetched.',
    gone: 'You cannot answer without the image. Send it to the PACS as a study, and run the model on that.',
    again: 'Fetch the image again',
  },
  nameAwaited: 'You can answer once the patient’s name is shown.',
  history: 'Verdicts, newest first',
  sending: 'Saving your verdict…',
  overtaken: 'Another radiologist answered first',
  overtakenByOneself: (when: string) => `You answered in another tab or on another device, ${when}`,
  overtakenWhat: KEPT_VERDICT,
  sendMine: 'Send mine',
  discardMine: 'Discard mine',
  unsent: 'Your verdict is not sent',
  unsentWhat: KEPT_VERDICT,
  unsentRetried: 'It is sent when the connection is back.',
  again: 'Send now',
  drop: 'Discard it',
  dropAsk: {
    title: 'Discard your verdict?',
    what: 'Only this device has your verdict. You cannot bring it back.',
    no: 'Keep it',
  },
  done: DONE,
  doneBy: (verdict: (typeof VERIFICATIONS)[number], name: string | null) =>
    `${DONE[verdict]}${name === null ? ' by a radiologist' : ` by ${name}`}`,
  instead: (finding: string) => `It is: ${finding}`,
  by: (who: string, when: string) => `by ${who}, ${when}`,
  change: 'Change it',
  review: {
    says: {
      something: 'The signed review of this study found something',
      nothing: 'The signed review of this study found nothing',
      disputed: 'Signed reviews of this study contradict each other',
    },
    short: {
      something: 'The signed review found something',
      nothing: 'The signed review found nothing',
      disputed: 'Signed reviews contradict each other',
    },
    /** About the newest review, where several contradict each other. */
    by: (readers: number, isAdjudicated: boolean, when: string) =>
      `(${counted(readers, 'reader', 'readers')}${isAdjudicated ? ' and an adjudicator' : ''}, ${when}).`,
    open: 'Open the review',
    stands: 'A verdict here cannot say otherwise. If the review is wrong, have the study read again.',
    disputed: 'No verdict can be given here until the study is read again: that reading decides.',
  },
  none: 'No radiologist has given a verdict yet.',
  form: {
    title: 'What is it instead?',
    finding: 'Finding',
    findingMissing: 'Choose what it is.',
    reason: 'Why (required)',
    reasonWhat: 'No patient names or numbers: this goes into the report.',
    reasonMissing: 'Say why, in a few words.',
    submit: 'Correct it',
    left: (count: number) => `${formatCount(count)} characters left`,
  },
  findings: {
    normal: 'Normal',
    pneumonia: 'Pneumonia',
    'bacterial pneumonia': 'Bacterial pneumonia',
    'viral pneumonia': 'Viral pneumonia',
    CXR: 'Chest film',
    Hand: 'Hand film',
    BreastMRI: 'MR of the breast',
    HeadCT: 'CT of the head',
    TrunkCT: 'CT of the trunk',
    other: 'Something else',
    'not-assessable': 'Cannot be assessed',
  } satisfies Record<Correction, string>,
};
