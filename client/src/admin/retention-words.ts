/** The words of the page of retention. */
import type { Holds, Retained, Retention } from '#shared/protocol/retention.ts';
import { counted } from '../kit/counted.ts';

type Counts = Pick<Retention['kinds'][number], 'due' | 'held' | 'unproven'>;
type Subject = NonNullable<Holds['holds'][number]['subject']>;

export const retentionWords = {
  intro:
    'What is finished can be deleted after a time. Images in the PACS are never touched, and nothing is deleted that the PACS does not have.',
  kinds: {
    receipts: { name: 'Receipts', what: 'The study still says when it arrived.' },
    results: { name: 'Results of models', what: 'Their reports stay in the PACS.' },
    studies: {
      name: 'Studies',
      what: 'Finished studies with their receipts; the images stay in the PACS. Insights then leave them out.',
    },
    cases: { name: 'Cases', what: 'Closed cases, with everything written in them.' },
    exports: { name: 'Exports', what: 'The list of exports that have ended. Their files end earlier.' },
    audit: { name: 'Audit trail', what: 'Old events are moved into an archive, and never deleted.' },
    logs: { name: 'Log files', what: 'Those in the gateway’s data directory.' },
  } satisfies Record<Retained, { name: string; what: string }>,
  kept: (days: number | null): string =>
    days === null ? 'Kept for ever' : `Kept for ${counted(days, 'day', 'days')}`,
  counts: ({ due, held, unproven }: Counts): string[] => [
    ...(due > 0 ? [`${due} due now`] : []),
    ...(held > 0 ? [`${held} under hold`] : []),
    ...(unproven > 0 ? [`${unproven} not proven to be in the PACS, so kept`] : []),
  ],
  next: (when: string) => `next due: ${when}`,
  ran: (when: string) => `Last carried out: ${when}. It happens every hour.`,
  neverRan: 'Not carried out yet. It happens every hour.',
  trouble: {
    'pacs-unreachable': {
      title: 'A PACS did not answer, so nothing that it should have was deleted.',
      next: 'It is tried again within an hour. Test the destination if this stays.',
    },
    'holds-unknown': {
      title: 'Nothing is deleted now: a PACS does not answer which studies the patient under hold has.',
      next: 'Nothing is lost. Test the destinations; it is tried again within an hour.',
    },
    failed: {
      title: 'Something could not be deleted.',
      next: 'Nothing was lost. The gateway’s log says why (retention-stopped), and it is tried again within an hour.',
    },
  } satisfies Record<NonNullable<Retention['trouble']>, { title: string; next: string }>,
  rules: 'How long data are kept',
  change: 'Edit',
  sheet: {
    title: 'How long data are kept',
    days: (name: string) => `${name}: days`,
    empty: 'Leave a field empty to keep it for ever.',
    wrong: 'Enter a whole number of days, from 1 to 36500 (the audit trail: from 365), or nothing.',
    look: 'See what this deletes',
    plan: 'With these times, the next run deletes:',
    nothing: 'With these times, nothing is deleted now.',
    final: 'What is deleted cannot be brought back, except from a backup.',
    save: 'Keep data for these times',
  },
  holds: 'Legal holds',
  holdsWhat: 'Nothing is deleted of a study, a case or a patient while a hold is in force.',
  noHolds: 'Nothing is under hold.',
  add: 'Put under hold',
  addTitle: 'Put under hold',
  of: 'What is held',
  subjects: { study: 'A study', case: 'A case', patient: 'A patient' },
  fields: {
    study: { label: 'Study Instance UID', what: 'It stands in the details of the study.' },
    case: { label: 'Number of the case', what: 'Digits only.' },
    patient: { label: 'Patient ID', what: 'As it is in the PACS.' },
  } satisfies Record<Subject['of'], { label: string; what: string }>,
  reason: 'Reason',
  wrongSubject: 'Enter it as it is written there.',
  noReason: 'Say why, so that somebody can end the hold one day.',
  subject: (subject: Subject | null): string => {
    if (subject === null) return 'A hold that can no longer be read; it stays in force';
    switch (subject.of) {
      case 'study':
        return `Study ${subject.studyInstanceUID}`;
      case 'case':
        return `Case ${subject.number}`;
      case 'patient':
        return `Patient ${subject.patientId}`;
      default:
        return subject satisfies never;
    }
  },
  since: (by: string, when: string) => `${by}, ${when}`,
  ended: (when: string) => `ended ${when}`,
  end: 'End',
  endOf: (what: string) => `End the hold: ${what}`,
  ask: {
    title: 'End this hold?',
    what: 'What is older than it is kept is then deleted with the next run.',
    yes: 'End the hold',
    no: 'Keep it',
  },
  deletions: 'Deleted so far',
  noDeletions: 'Nothing has been deleted yet.',
  proof:
    'Each has a signed proof. Anyone can check it, with the keys from /.well-known/jwks.json of the gateway:',
  deleted: (count: number, kind: Retained) => `${retentionNames[kind]}: ${count}`,
  save: 'Save proof',
  saveOf: (what: string, when: string) => `Save the proof: ${what}, ${when}`,
} as const;

const retentionNames: Readonly<Record<Retained, string>> = {
  receipts: 'Receipts',
  results: 'Results of models',
  studies: 'Studies',
  cases: 'Cases',
  exports: 'Exports',
  audit: 'Audit trail',
  logs: 'Log files',
};
