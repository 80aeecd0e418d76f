/** The words about sample data, on the first administration page. */
import { counted, studies } from '../kit/counted.ts';
import type { SampleLeft } from '#shared/protocol/sample.ts';

const cases = (count: number) => counted(count, 'case', 'cases');

export const sampleWords = {
  title: 'Sample data',
  there: (studyCount: number, caseCount: number) =>
    `${studies(studyCount)} and ${cases(caseCount)} are synthetic samples for trying out the system. Their patients are called SAMPLE.`,
  remove: 'Remove sample data',
  ask: {
    title: 'Remove all sample data?',
    about: 'Studies, cases and accounts',
    what: 'The gateway deletes the sample studies here and in the PACS, all cases of the sample accounts with their content, and the sample accounts. Nothing else is deleted.',
    yes: 'Remove',
    no: 'Keep',
  },
  removing: (done: number) => `Removing… ${studies(done)} so far`,
  removed:
    'The sample data was removed. The audit trail keeps its events. Studies and cases of your own accounts were not deleted.',
  left: 'Some sample data could not be removed.',
  why: {
    'on-the-road': (_, count) => `${studies(count)} still being sent to the PACS. Try again in a moment.`,
    'no-deletion': (name, count) =>
      `${studies(count)} in ${name}, where the gateway cannot delete. Delete the patients SAMPLE-… there, then try again.`,
    'other-patient': (name, count) =>
      `${studies(count)} in ${name} under another Patient ID. Delete them there, then try again.`,
    'pacs-unreachable': (name, count) =>
      `${studies(count)} in ${name}, which is not responding or rejects the deletion. Try again when it works.`,
    'named-elsewhere': (name, count) =>
      name === ''
        ? `${studies(count)} also sent by another account.`
        : `The account ${name}. A case, review or other item created by a person refers to it. The account was disabled.`,
  } satisfies Record<SampleLeft, (name: string, count: number) => string>,
} as const;
