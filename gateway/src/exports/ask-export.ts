/** Creates an export. The device chooses its id, so a repeated request creates no second export. */
import { sql } from 'kysely';
import {
  EXPORT_CASES_LIMITS,
  mayExport,
  type ExportSelection,
  type ExportTemplate,
  type NewExport,
} from '#shared/protocol/exports.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { countCases, type CaseQuestion } from '../cases/list-cases.ts';
import type { Trx } from '../database/database.ts';
import { exportTemplates } from './export-template.store.ts';
import type { ExportTools } from './export-tools.ts';
import { countOpen } from './export.store.ts';
import { policyOfSet } from './set/policy-of-set.ts';

export const EXPORT_QUEUE = 'export';
export type ExportJob = { readonly exportId: string };

/** The number of exports per account that wait, run or have a file; each file has up to a hundred thousand rows. */
const OPEN_LIMIT = 20;

/** The place to which a purpose is sealed: it can be opened for its own export only. */
export const placeOfPurpose = (id: string): string => `purpose ${id}`;

/**
 * @throws Problem not-allowed; not-found: a case is missing, or the id belongs to another account's export;
 * export-too-large; too-many-exports; policy-not-allowed; invalid-request: template.
 */
export async function askExport(tools: ExportTools, caller: CaseReader, asked: NewExport): Promise<void> {
  const { db, now, jobs } = tools;
  const templates = await exportTemplates.list(db, caller.siteId);
  const template = templates.find(({ name }) => name === asked.template);
  if (template === undefined) throw new Problem('invalid-request', 'Invalid: template.');
  if (!mayExport(caller.roles, template.definition.redaction)) throw new Problem('not-allowed');
  if (template.definition.format === 'dicom') await policyOfSet(tools, caller, template.definition);
  const total = await countAsked(tools, caller, asked.selection);
  if (total > EXPORT_CASES_LIMITS[template.definition.format]) throw new Problem('export-too-large');
  const at = now();
  await db.transaction().execute(async (trx) => {
    await lockAsking(trx, caller.id);
    if (!(await insertExport(trx, tools, caller, { asked, template, total, at }))) return;
    if ((await countOpen(trx, caller.id)) > OPEN_LIMIT) throw new Problem('too-many-exports');
    await jobs.enqueue(trx, EXPORT_QUEUE, { exportId: asked.id }, { key: asked.id, group: caller.id });
    const { redaction, format } = template.definition;
    const said = { template: template.name, version: template.version, redaction, format };
    const event = { event: 'export-made', exportId: asked.id, by: caller.id, ...said } as const;
    await recordAudit(trx, caller.siteId, { ...event, cases: total, hasPurpose: true }, at);
  });
}

/**
 * Until the transaction ends, the account cannot ask for another export, so concurrent requests cannot exceed the
 * limit.
 */
async function lockAsking(trx: Trx, accountId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`exports ${accountId}`}))`.execute(trx);
}

/** @throws Problem not-found. */
async function countAsked(
  { db, now }: ExportTools,
  caller: CaseReader,
  selection: ExportSelection,
): Promise<number> {
  const total = await countCases(db, caller, questionOf(caller, selection, now()));
  if ('cases' in selection && total < selection.cases.length) throw new Problem('not-found');
  return total;
}

/** The query for the selected cases that were opened before the export was asked for. */
export function questionOf(
  { id }: Pick<CaseReader, 'id'>,
  selection: ExportSelection,
  askedAt: Date,
): CaseQuestion {
  if ('cases' in selection) return { ids: selection.cases };
  const { q, assignee, from, to, ...same } = selection.filter;
  const people: Readonly<Record<string, string | null>> = { me: id, nobody: null };
  const until = to === undefined ? askedAt : new Date(Math.min(Date.parse(to), askedAt.getTime()));
  return {
    ...same,
    text: q,
    assigneeId: assignee === undefined || !Object.hasOwn(people, assignee) ? assignee : people[assignee],
    from: from === undefined ? undefined : new Date(from),
    until,
  };
}

type Asked = {
  readonly asked: NewExport;
  readonly template: ExportTemplate;
  readonly total: number;
  readonly at: Date;
};

/** Returns whether the export is new. @throws Problem not-found: the id belongs to another account's export. */
async function insertExport(
  trx: Trx,
  { purposes }: ExportTools,
  { id: accountId, siteId }: CaseReader,
  { asked, template, total, at }: Asked,
): Promise<boolean> {
  const inserted = await trx
    .insertInto('export_job')
    .values({
      id: asked.id,
      site_id: siteId,
      account_id: accountId,
      template_name: template.name,
      template_version: template.version,
      definition: JSON.stringify(template.definition),
      selection: JSON.stringify(asked.selection),
      sealed_purpose: purposes.seal(placeOfPurpose(asked.id), asked.purpose),
      state: 'queued',
      trouble: null,
      found_field: null,
      found_row: null,
      total,
      blob: null,
      wrapped_key: null,
      rows: null,
      bytes: null,
      sha256: null,
      created_at: at,
      finished_at: null,
      expires_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return true;
  const there = await trx
    .selectFrom('export_job')
    .select('account_id')
    .where('id', '=', asked.id)
    .executeTakeFirst();
  if (there?.account_id !== accountId) throw new Problem('not-found');
  return false;
}
