/** The filters of the list of cases, and `/case-views`: filters that a person has saved under a name. */
import { z } from 'zod';
import {
  CASE_BODY_PARTS,
  CASE_FINDINGS,
  CASE_MODALITIES,
  CASE_PRIORITIES,
  CASE_SORTS,
  CASE_STATUSES,
} from './cases.ts';

/** An empty filter means any. The search text is not saved as a filter, because it may be a UID. */
export const CASE_FILTERS = {
  status: ['active', ...CASE_STATUSES, ''],
  priority: ['', ...CASE_PRIORITIES],
  assignee: ['', 'me', 'nobody'],
  due: ['', 'overdue', 'week'],
  /** The last 7, 30, 90 or 365 days, or the days between `from` and `to`. */
  opened: ['', '7', '30', '90', '365', 'days'],
  modality: ['', ...CASE_MODALITIES],
  bodyPart: ['', ...CASE_BODY_PARTS],
  /** Whether the device's automatic check marked a study for early reading. */
  early: ['', 'marked'],
  finding: ['', ...CASE_FINDINGS],
  sort: CASE_SORTS,
} as const;

/** Days in UTC, both included; empty: no limit on that side. */
export const CASE_DAYS = ['from', 'to'] as const;
const caseDaySchema = z.literal('').or(z.iso.date().regex(/^(19|2\d)/, 'a day from 1900 to 2999'));

const NAME_LENGTH = 60;
/** Among more views than this, nobody finds one by its name. */
export const CASE_VIEWS_LIMIT = 30;

const filtersSchema = z
  .object({
    status: z.enum(CASE_FILTERS.status),
    priority: z.enum(CASE_FILTERS.priority),
    assignee: z.enum(CASE_FILTERS.assignee),
    due: z.enum(CASE_FILTERS.due),
    opened: z.enum(CASE_FILTERS.opened),
    from: caseDaySchema,
    to: caseDaySchema,
    modality: z.enum(CASE_FILTERS.modality),
    bodyPart: z.enum(CASE_FILTERS.bodyPart),
    early: z.enum(CASE_FILTERS.early),
    finding: z.enum(CASE_FILTERS.finding),
    sort: z.enum(CASE_FILTERS.sort),
  })
  .strict();
export type CaseViewFilters = z.infer<typeof filtersSchema>;

/** `POST /case-views`, `PUT /case-views/{id}`. */
export const newCaseViewSchema = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(NAME_LENGTH)
    .regex(/^\P{Cc}*$/u, 'no control characters'),
  filters: filtersSchema,
});
export type NewCaseView = z.infer<typeof newCaseViewSchema>;

export const caseViewSchema = z.object({
  id: z.uuid(),
  /** Null: the key that encrypted the name is gone. */
  name: z.string().nullable(),
  filters: filtersSchema,
});
export type CaseView = z.infer<typeof caseViewSchema>;
/** `GET /case-views`: in the order in which they were saved. */
export const caseViewsSchema = z.object({ views: z.array(caseViewSchema) });
