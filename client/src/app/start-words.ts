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
      what: 'Choose files on this device. The site’s policy decides whether names are removed.',
    },
    studies: {
      title: 'See sent studies',
      what: 'All studies of this site, with their history and receipts.',
    },
    results: {
      title: 'See AI results',
      what: 'Which model examined which study, and when.',
    },
    cases: {
      title: 'See cases',
      what: 'Studies under follow-up: how urgent they are, and what the models found.',
    },
    analytics: {
      title: 'Open Insights',
      what: 'How many studies arrive, how long it takes, and how well the models perform.',
    },
    infer: { title: 'Run AI on a study', what: 'Choose a study or a picture, and a model.' },
    models: {
      title: 'Compare the models',
      what: 'Their versions, training data, performance and limits.',
    },
    receipts: {
      title: 'Check a receipt',
      what: 'Use the camera, a photo, a PDF or text to check whether a receipt is genuine.',
    },
    audit: {
      title: 'Read and verify the audit trail',
      what: 'See who did what, when, and with which study. Check that the record was not changed.',
    },
  } satisfies Record<StartTask, { title: string; what: string }>,
  resultsOfResearcher: 'Results of studies without names, with the examined images.',
};
