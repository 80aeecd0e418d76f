/** The words of the first page of auditors and researchers. */
export type StartTask =
  | 'upload'
  | 'studies'
  | 'results'
  | 'cases'
  | 'analytics'
  | 'infer'
  | 'models'
  | 'receipts'
  | 'audit';

export const startWords = {
  title: 'What you can do here',
  signedInAs: (roles: string) => `Your role: ${roles}`,
  tasks: {
    upload: {
      title: 'Send a study',
      what: 'Choose files on this device. The site’s policy says whether names are removed.',
    },
    studies: {
      title: 'See which studies were sent',
      what: 'Every study of this site: what happened to it, and its receipts.',
    },
    results: {
      title: 'See what the models found',
      what: 'The list of results: which model looked at which study, and when.',
    },
    cases: {
      title: 'See the cases',
      what: 'Studies that somebody follows up: how urgent they are, and what the models say.',
    },
    analytics: {
      title: 'Open the dashboard',
      what: 'How much comes in, how long it takes, and how well models do.',
    },
    infer: { title: 'Run AI on a study', what: 'Choose a study or a picture, and a model.' },
    models: {
      title: 'Compare the models',
      what: 'Their versions, what they were trained on, how well they do, and where they fail.',
    },
    receipts: {
      title: 'Check a receipt',
      what: 'By camera, photo, PDF or text: the page says whether the receipt is genuine.',
    },
    audit: {
      title: 'Read and verify the audit trail',
      what: 'Who did what, when, and with which study; and that nobody has changed it since.',
    },
  } satisfies Record<StartTask, { title: string; what: string }>,
  resultsOfResearcher: 'Results of studies whose names were removed, with the pictures behind them.',
};
