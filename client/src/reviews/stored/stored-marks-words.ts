/** The words about the marks of readers, on their way to the PACS and stored there. */

export const storedMarksWords = {
  title: 'Marks in the PACS',
  of: (reader: string) => `Marks by ${reader}`,
  report: (marks: string) => `${marks} (SR)`,
  /** The study's number, where there are several. */
  ofStudy: (study: number) => `, study ${study}`,
  reader: (place: number) => (place === 0 ? 'the adjudicator' : `reader ${place}`),
  none: (reader: string) =>
    `${reader} signed without marks. Nothing is sent to the PACS. The answers are stored here.`,
  onceSettled: 'will be sent to the PACS when the review is completed',
  withdrawn: 'not sent to the PACS, because the review was withdrawn',
  making: 'on the way to the PACS',
  inPacs: (when: string | null) => (when === null ? 'in the PACS' : `in the PACS, ${when}`),
  notYet: (why: string) => `not in the PACS yet: ${why}`,
  refused: (why: string) => `not in the PACS: ${why}`,
  waiting: {
    'pacs-unreachable': 'the PACS is not responding',
    'pacs-refuses-sign-in': 'the PACS rejects the gateway’s password; an administrator must correct it',
    'pacs-settings-wrong': 'the gateway’s PACS settings are wrong; an administrator must correct them',
    'storage-full': 'the gateway is out of space',
    'gateway-failed': 'the gateway has a problem',
    'behind-another': 'another upload is sent first',
    'pacs-fails-on-some': 'the PACS does not accept it now',
    'pacs-refuses-size': 'the file is too large for the PACS',
    'required-destination': 'it must first arrive in another PACS',
    'primary-unreachable': 'the first PACS is not responding',
  },
  because: {
    'study-not-found': 'the marked image no longer exists',
    'file-too-large': 'the marked image is too large',
    'case-unreadable': 'the case’s encryption key was deleted',
    refused: 'the PACS refused it',
    quarantined: 'waiting for a person’s decision',
    'left-out': 'a person left it out',
  } as Readonly<Record<string, string>>,
  otherwise: 'the gateway could not create the report',
  happened: 'A reader’s marks are in the PACS',
  back: 'Review',
  loading: 'Loading the marks…',
  missing: 'These marks are not in the PACS or on the way there.',
  again: 'Try again',
  notMade: {
    waiting: {
      title: 'It is not in the PACS yet.',
      next: 'The gateway creates the report and sends it. Check again in a moment.',
    },
    refused: {
      title: 'The marks could not be sent to the PACS.',
      next: 'They stay in the review. If they are needed in the PACS, an administrator must find the cause.',
    },
  },
};
