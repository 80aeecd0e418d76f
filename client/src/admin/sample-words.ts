/** The words about sample data, on the first administration page. */
import { counted, studies } from '../kit/counted.ts';
import type { SampleLeft } from '#shared/protocol/sample.ts';

const cases = (count: number) => counted(count, 'case', 'cases');

export const sampleWords = {
  title: 'Sample data',
  there: (studyCount: number, caseCount: number) =>
    `${studies(studyCount)} and ${cases(caseCount)} are invented, for people who want to look around. Their patients are called SAMPLE.`,
  remove: 'Remove sample data',
  ask: {
    title: 'Remove all sample data?',
    about: 'Studies, cases and accounts',
    what: 'The gateway deletes the sample studies here and in the PACS, every case of the sample accounts with everything in it, and these accounts. Nothing else is touched.',
    yes: 'Remove',
    no: 'Keep',
  },
  removing: (done: number) => `Removing… ${studies(done)} so far`,
  removed:
    'The sample data is removed. The audit trail keeps its events, and everything that your own accounts sent and opened stays.',
  left: 'Some of it is still there.',
  why: {
    'on-the-road': (_, count) => `${studies(count)} on the way to the PACS. Try again in a moment.`,
    'no-deletion': (name, count) =>
      `${studies(count)} in ${name}, where the gateway cannot delete. Delete the patients SAMPLE-… there, then try again.`,
    'other-patient': (name, count) =>
      `${studies(count)} in ${name} under another Patient ID. Delete them there, then try again.`,
    'pacs-unreachable': (name, count) =>
      `${studies(count)} in ${name}, which does not answer or refuses. Try again once it works.`,
    'named-elsewhere': (name, count) =>
      name === ''
        ? `${studies(count)} that somebody else sent too.`
        : `The account ${name}: a case, a review or something else that a person made names it. It is disabled.`,
  } satisfies Record<SampleLeft, (name: string, count: number) => string>,
} as const;
