/**
 * Files that people attach to a case. The type of a file is decided by its bytes, never by its name. Name and bytes are
 * encrypted under the key of the case.
 */
import { sql, type RawBuilder } from 'kysely';
import {
  ATTACHMENT_BYTES_LIMIT,
  ATTACHMENTS_LIMIT,
  attachmentNameSchema,
  type AttachmentKind,
  type CaseAttachments,
} from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { readMultipart } from '../http/read-multipart.ts';
import { isHiddenWriting, writtenIn } from '../findings/blinding.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { lockHolds } from '../database/holds-lock.ts';
import { requireNotHeld } from './require-not-held.ts';
import type { CaseTools } from './case-tools.ts';
import { lockCase, type CaseRow, usernameShownTo } from './case.store.ts';
import { cipherOf } from './change-case.ts';

type NewAttachment = {
  readonly name: string;
  readonly kind: AttachmentKind;
  readonly bytes: Buffer;
};

const NAME_BYTES_LIMIT = 1024;
/** The same limits as for other bodies: a connection that sends nothing is closed. */
const QUIET_MS = 30_000;
const TOTAL_MS = 10 * 60_000;

/** ISO 32000-2 §7.5.2, PNG §5.2, ISO 10918-1 B.1.1.3: the first bytes of each. */
const SIGNATURES: readonly (readonly [AttachmentKind, Buffer])[] = [
  ['pdf', Buffer.from('%PDF-')],
  ['png', Buffer.from('89504e470d0a1a0a', 'hex')],
  ['jpeg', Buffer.from('ffd8ff', 'hex')],
];

/** @throws Problem bad-request, body-too-large, unsupported-media-type. */
export async function readAttachment(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): Promise<NewAttachment> {
  const limits = {
    parts: 2,
    bytes: ATTACHMENT_BYTES_LIMIT + 16 * 1024,
    partBytes: (at: number) => (at === 0 ? NAME_BYTES_LIMIT : ATTACHMENT_BYTES_LIMIT),
    quietMs: QUIET_MS,
    totalMs: TOTAL_MS,
  };
  let name = '';
  for await (const { field, chunks } of readMultipart(contentType, body, limits)) {
    const bytes = Buffer.concat(chunks);
    if (field === 'name') name = bytes.toString('utf8');
    else if (field === 'file') return toAttachment(name, bytes);
  }
  throw new Problem('bad-request');
}

function toAttachment(said: string, bytes: Buffer): NewAttachment {
  const name = attachmentNameSchema.safeParse(said);
  if (!name.success) throw new Problem('bad-request', 'Send `name` before `file`.');
  const kind = SIGNATURES.find(([, first]) => bytes.subarray(0, first.length).equals(first))?.[0];
  if (kind === undefined) throw new Problem('unsupported-media-type', 'Attach a PDF, a PNG or a JPEG.');
  return { name: name.data, kind, bytes };
}

const isShown = (reader: CaseReader): RawBuilder<boolean> =>
  sql`not ${isHiddenWriting(reader, writtenIn('case_attachment'))}`;

const placeOfName = (id: string): string => `attachment name ${id}`;
const placeOfBytes = (id: string): string => `attachment ${id}`;

/** @throws Problem not-found, case-full, case-unreadable. */
export async function attach(
  tools: CaseTools,
  keeper: CaseReader,
  { id: caseId }: CaseRow,
  { name, kind, bytes }: NewAttachment,
): Promise<void> {
  const { db, now, newId } = tools;
  const id = newId();
  await db.transaction().execute(async (trx) => {
    const row = await lockCase(trx, keeper, { id: caseId, version: null });
    const there = await trx
      .selectFrom('case_attachment')
      .select('id')
      .where('case_id', '=', caseId)
      .execute();
    if (there.length >= ATTACHMENTS_LIMIT) throw new Problem('case-full');
    const cipher = cipherOf(tools, row);
    await trx
      .insertInto('case_attachment')
      .values({
        id,
        case_id: caseId,
        kind,
        bytes: bytes.length,
        sealed_name: cipher.seal(placeOfName(id), name),
        sealed: cipher.seal(placeOfBytes(id), bytes),
        by_account: keeper.id,
        at: now(),
      })
      .execute();
    const event = { event: 'case-attached', caseId, by: keeper.id, kind, bytes: bytes.length } as const;
    await recordAudit(trx, keeper.siteId, event, now());
  });
}

/** `hidden`: the number of attachments that this reader is not shown at present (blinding.ts). */
export async function shownAttachments(
  { db, seal }: CaseTools,
  reader: CaseReader,
  { id: caseId, wrapped_key }: CaseRow,
): Promise<CaseAttachments> {
  const cipher = seal.cipherOf(caseId, wrapped_key);
  const rows = await db
    .selectFrom('case_attachment as a')
    .innerJoin('account', 'account.id', 'a.by_account')
    .select(['a.id', 'a.kind', 'a.bytes', 'a.sealed_name', 'a.at'])
    .select(usernameShownTo(reader, 'a'))
    .select(isHiddenWriting(reader, writtenIn('a')).as('isHidden'))
    .where('a.case_id', '=', caseId)
    .orderBy('a.position')
    .execute();
  const shown = rows.filter(({ isHidden }) => !isHidden);
  return {
    attachments: shown.map(({ id, kind, bytes, sealed_name, at, username }) => ({
      id,
      kind,
      bytes,
      name: cipher?.open(placeOfName(id), sealed_name)?.toString('utf8') ?? null,
      by: username,
      at: at.toISOString(),
    })),
    hidden: rows.length - shown.length,
  };
}

/** @throws Problem not-found, case-unreadable. */
export async function openAttachment(
  tools: CaseTools,
  reader: CaseReader,
  row: CaseRow,
  id: string,
): Promise<{ readonly kind: AttachmentKind; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const found = await tools.db
    .selectFrom('case_attachment')
    .select(['kind', 'sealed'])
    .where('case_id', '=', row.id)
    .where('id', '=', id)
    .where(isShown(reader))
    .executeTakeFirst();
  if (found === undefined) throw new Problem('not-found');
  const bytes = cipherOf(tools, row).open(placeOfBytes(id), found.sealed);
  if (bytes === null) throw new Problem('case-unreadable');
  return { kind: found.kind, bytes: new Uint8Array(bytes) };
}

/** @throws Problem not-found, under-hold. */
export async function removeAttachment(
  { db, now }: CaseTools,
  keeper: CaseReader,
  { id: caseId, attachmentId }: { readonly id: string; readonly attachmentId: string },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockHolds(trx);
    await requireNotHeld(trx, await lockCase(trx, keeper, { id: caseId, version: null }));
    const removed = await trx
      .deleteFrom('case_attachment')
      .where('case_id', '=', caseId)
      .where('id', '=', attachmentId)
      .where(isShown(keeper))
      .returning('kind')
      .executeTakeFirst();
    if (removed === undefined) throw new Problem('not-found');
    const event = { event: 'case-attachment-removed', caseId, by: keeper.id, kind: removed.kind } as const;
    await recordAudit(trx, keeper.siteId, event, now());
  });
}
