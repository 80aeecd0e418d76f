/**
 * The words of triage on this device: which study is sent first, and which film may have to be repeated. They never
 * state a diagnosis or a number.
 */
import type { FilmFinding } from '#shared/protocol/inference.ts';
import { images, studies } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';

export const triageWords = {
  looking: (count: number) => `Checking ${images(count)}…`,
  looked: (count: number, of: number) =>
    count < of
      ? `Image quality checked in ${formatCount(count)} of ${images(of)}: no problems found`
      : 'Image quality checked: no problems found',
  unseen: 'Image quality not checked.',
  notJudged: 'Image quality not checked: not recognized as a chest film',
  blank: (count: number) =>
    `${images(count)} ${count === 1 ? 'is' : 'are'} blank: every point has the same brightness.`,
  blankNext: 'Check the detector and the files before the patient leaves.',
  first: 'Will be sent first.',
  firstBy: 'Moved up by the automatic check',
  outsideNotJudged:
    'Not checked automatically: the check works only for frontal chest films of small children',
  outside: 'Not checked automatically: the check works only for small children',
  notDiagnostic: 'Not for diagnostic use',
  showsNothing: 'An image is blank: every point has the same brightness.',
  repeat: 'Repeat before the patient leaves?',
  /** Shown above Send, because the cards of these studies may be scrolled out of sight. */
  repeatStudies: (count: number) => `Check ${studies(count)}: repeat before the patient leaves?`,
  repeatOne: (at: number) => `Image ${at}: repeat before the patient leaves?`,
  look: 'Look',
  lookOf: (at: number, name: string) => `Look at image ${at} of ${name}`,
  picture: 'The image, with possible problems marked',
  findings: {
    rotated: 'The image seems to lie on its side or upside down.',
    inverted: 'Black and white seem to be swapped.',
    blurred: 'The image seems to be blurred.',
    'lungs-cut-off': 'The lungs seem to be cut off at the edge of the image.',
  } satisfies Record<FilmFinding, string>,
  marks: {
    rotated: 'This side up?',
    inverted: 'Inverted?',
    blurred: 'Blurred?',
    'lungs-cut-off': 'Cut off here?',
  } satisfies Record<FilmFinding, string>,
  mayBeWrong: 'A model noticed this and may be wrong. You decide.',
  howToRepeat: 'To repeat it, do not send this study. Take the image again and add it here.',
  doesNotGo: 'This study will not be sent. Take the image again and add it here, or select the study again.',
  doNotSend: 'Do not send',
  asItIs: 'Send as it is',
  setAside: 'Will be sent as it is',
  setAsideWhat: 'You looked at it.',
};
