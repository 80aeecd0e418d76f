/**
 * Sample data for people who want to try RelayPACS. `relay sample` sends it through the ordinary pipeline, and one
 * press removes it. Everything that the sample accounts sent or opened is sample data (protocol/results.md, *Sample
 * data*).
 */
import { z } from 'zod';
import type { Role } from './api.ts';

/**
 * The prefix of the Patient IDs of sample data. The gateway deletes a study from a PACS only if its patient has one, or
 * the pseudonym of a patient of `relay sample`.
 */
export const SAMPLE_PATIENT_PREFIX = 'SAMPLE-';

/** The most studies that `relay sample` sends, and patients that they have. */
export const SAMPLE_STUDIES = 30;

/** `patient`: from 1. */
export const samplePatientId = (patient: number): string =>
  `${SAMPLE_PATIENT_PREFIX}${String(patient).padStart(3, '0')}`;

/** The Patient IDs of all patients of `relay sample`. */
export const samplePatients = (): string[] =>
  Array.from({ length: SAMPLE_STUDIES }, (_, at) => samplePatientId(at + 1));

export const SAMPLE_ACCOUNTS = [
  { username: 'sample-technician', roles: ['technician'] },
  { username: 'sample-radiologist', roles: ['radiologist'] },
  { username: 'sample-second-reader', roles: ['radiologist'] },
  { username: 'sample-third-reader', roles: ['radiologist'] },
] as const satisfies readonly { readonly username: string; readonly roles: readonly Role[] }[];
export type SampleAccount = (typeof SAMPLE_ACCOUNTS)[number]['username'];

/** `GET /admin/sample[?destinations=1]`: the sample data that exists. */
export const sampleSchema = z.object({
  accounts: z.int(),
  studies: z.int(),
  cases: z.int(),
  /** The destinations from which the gateway cannot delete; null: the destinations were not asked. */
  keepers: z.array(z.string()).nullable(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** `POST /admin/sample`: the accounts, each with a new password. */
export const sampleAccountsSchema = z.object({
  accounts: z.array(z.object({ id: z.uuid(), username: z.string(), password: z.string() })),
});

/** Why some sample data is still there. */
const SAMPLE_LEFT = [
  'on-the-road',
  'no-deletion',
  'other-patient',
  'pacs-unreachable',
  'named-elsewhere',
] as const;
export type SampleLeft = (typeof SAMPLE_LEFT)[number];

/** `DELETE /admin/sample`: one step of the removal. */
export const sampleRemovalSchema = z.object({
  removed: z.object({ accounts: z.int(), studies: z.int(), cases: z.int() }),
  left: z.array(
    z.object({
      because: z.enum(SAMPLE_LEFT),
      /** The name of the destination or of the account; null: neither. */
      name: z.string().nullable(),
      count: z.int(),
    }),
  ),
  /** The `after` of the next step; null: this was the last one. */
  next: z.string().nullable(),
});
export type SampleRemoval = z.infer<typeof sampleRemovalSchema>;

/** Adds up what is left, with one line per reason and name. */
export function gatherLeft(left: SampleRemoval['left']): SampleRemoval['left'] {
  const groups = Map.groupBy(left, ({ because, name }) => `${because} ${name}`);
  return [...groups.values()].map((those) => ({
    ...those[0]!,
    count: those.reduce((sum, { count }) => sum + count, 0),
  }));
}
