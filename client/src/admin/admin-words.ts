/** The words of the pages for administrators: what each of them is for, and what may go wrong on all of them. */
import type { AdminTask } from '../kit/routes.ts';

export const adminWords = {
  audit: 'Who did what, when, and with which study; and that nobody has changed it since.',
  analytics: 'How much comes in, how long it takes, and how well models do.',
  intro: 'How this site’s gateway works. Every change is recorded in the audit trail.',
  tasks: {
    accounts: 'Who may sign in and what they may do: add people, change roles, set passwords.',
    destinations: 'The PACSs to which studies go: add one, test it, choose the primary one.',
    rules:
      'Choose the studies that go to further destinations, that models look at, and for which cases are opened.',
    'api-keys': 'Let scripts and PACSs send and read without a person who signs in.',
    'dimse-peers': 'Let modalities that know nothing but DICOM store into the gateway (DIMSE).',
  } satisfies Record<AdminTask, string>,
  retry: 'Try again',
  loading: 'Asking the gateway…',
  unreachable: { title: 'The gateway does not answer.', next: 'Check the connection, then try again.' },
} as const;
