/**
 * Sample data, for people who want to look around: made by `relay sample` on the road of everything else, and removed
 * with one press. It is whatever the sample accounts sent and opened (protocol/results.md, *Sample data*).
 */
import { z } from 'zod';
import type { Role } from './api.ts';

/** Their Patient IDs. The gateway deletes a study in a PACS only if its patient has one of these. */
export const SAMPLE_PATIENT_PREFIX = 'SAMPLE-';

export const SAMPLE_ACCOUNTS = [
  { username: 'sample-technician', roles: ['technician'] },
  { username: 'sample-radiologist', roles: ['radiologist'] },
  { username: 'sample-second-reader', roles: ['radiologist'] },
  { username: 'sample-third-reader', roles: ['radiologist'] },
] as const satisfies readonly { readonly username: string; readonly roles: readonly Role[] }[];
export type SampleAccount = (typeof SAMPLE_ACCOUNTS)[number]['username'];

/** `GET /admin/sample[?destinations=1]`: what is there. */
export const sampleSchema = z.object({
  accounts: z.int(),
  studies: z.int(),
  cases: z.int(),
  /** The destinations from which the gateway cannot delete anything; null: they were not asked. */
  keepers: z.array(z.string()).nullable(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** `POST /admin/sample`: the accounts, each with a new password. */
export const sampleAccountsSchema = z.object({
  accounts: z.array(z.object({ id: z.uuid(), username: z.string(), password: z.string() })),
});

/** Why something is still there. */
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
      /** The name of the destination, or of the account; null: of none. */
      name: z.string().nullable(),
      count: z.int(),
    }),
  ),
  /** The `after` of the next step; null: this was the last one. */
  next: z.string().nullable(),
});
export type SampleRemoval = z.infer<typeof sampleRemovalSchema>;

/** Adds up what is left: one line for each reason and place. */
export function gatherLeft(left: SampleRemoval['left']): SampleRemoval['left'] {
  const groups = Map.groupBy(left, ({ because, name }) => `${because} ${name}`);
  return [...groups.values()].map((those) => ({
    ...those[0]!,
    count: those.reduce((sum, { count }) => sum + count, 0),
  }));
}
