/** The words about the marks of readers, on their way to the PACS and stored there. */

export const storedMarksWords = {
  title: 'Marks in the PACS',
  of: (reader: string) => `Marks of ${reader}`,
  report: (marks: string) => `${marks} (SR)`,
  /** The study's number, where there are several. */
  ofStudy: (study: number) => `, study ${study}`,
  reader: (place: number) => (place === 0 ? 'who decided' : `reader ${place}`),
  none: (reader: string) => `${reader} signed without marks. None go to the PACS; the answers are kept here.`,
  onceSettled: 'go to the PACS once the review is settled',
  withdrawn: 'stay here, because the review was withdrawn',
  making: 'on the way to the PACS',
  inPacs: (when: string | null) => (when === null ? 'in the PACS' : `in the PACS, ${when}`),
  notYet: (why: string) => `not in the PACS yet: ${why}`,
  refused: (why: string) => `not in the PACS: ${why}`,
  waiting: {
    'pacs-unreachable': 'the PACS does not answer',
    'pacs-refuses-sign-in': 'the PACS refuses the gateway’s password; an administrator must correct it',
    'pacs-settings-wrong':
      'the gateway’s settings for the PACS are wrong; an administrator must correct them',
    'storage-full': 'the gateway is out of space',
    'gateway-failed': 'the gateway has a problem',
    'behind-another': 'another upload goes first',
    'pacs-fails-on-some': 'the PACS does not take it at the moment',
    'pacs-refuses-size': 'the PACS takes no file of this size',
    'required-destination': 'another PACS must have it too',
    'primary-unreachable': 'the first PACS does not answer',
  },
  because: {
    'study-not-found': 'the marked image is no longer there',
    'file-too-large': 'the marked image is too large',
    'case-unreadable': 'the key of the case is gone',
    refused: 'the PACS refused it',
    quarantined: 'held until a person decides',
    'left-out': 'a person left it out',
  } as Readonly<Record<string, string>>,
  otherwise: 'the gateway could not make the report',
  happened: 'Marks of a reader are in the PACS',
  back: 'Review',
  loading: 'Loading the marks…',
  missing: 'There are no such marks in the PACS, or on their way there.',
  again: 'Try again',
  notMade: {
    waiting: {
      title: 'It is not in the PACS yet.',
      next: 'The gateway makes the report from the marked image and sends it. Look again in a moment.',
    },
    refused: {
      title: 'The marks could not be sent to the PACS.',
      next: 'They stay in the review. An administrator must act if the PACS is to have them.',
    },
  },
};
