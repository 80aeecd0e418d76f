/**
 * `relay audit verify [--heads FILE]`: asks the gateway to walk its audit trail, and holds the trail against
 * the last head of a file that was kept elsewhere. Exit 0: whole; 1: changed, cut, or rows are known to be
 * gone; 2: the file cannot be read.
 */
import { readFile } from 'node:fs/promises';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import {
  AUDIT_HEAD_TYPE,
  auditHeadSchema,
  auditVerdictSchema,
  type AuditHead,
  type AuditVerdict,
} from '#shared/protocol/audit-head.ts';
import type { Surroundings } from './command.ts';
import { onceMore } from '../../client/src/net/once-more.ts';
import { parseArguments, printable } from './arguments.ts';
import { connect, CONNECTION_OPTIONS, type Connection } from './connect.ts';

const BECAUSE: Record<Extract<AuditVerdict, { kind: 'broken' }>['because'], string> = {
  row: 'it does not follow from the row before it',
  rewritten: 'it or a row after it was rewritten since its head was signed',
  cut: 'it was signed, and is gone',
  heads: 'the file of the signed heads was changed',
};

const pageSchema = z.object({ rows: z.array(z.object({ seq: z.number(), hash: z.string() })) });
const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export async function auditVerify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS, 'heads'], flags: ['json'] });
  const path = options.value('heads');
  const connection = await connect(options, around);
  const kept = path === null ? null : await readLast(path, connection, around);
  if (path !== null && kept === null) {
    around.say(`${printable(path)} holds no head that this gateway has signed.`);
    return 2;
  }
  const verdict = await connection.api.json('/audit/verify', auditVerdictSchema, { signal: around.signal });
  // The gateway compares its heads with archived rows itself.
  const isArchived = verdict.kind === 'whole' && kept !== null && kept.seq <= (verdict.archived?.to ?? 0);
  const isKept =
    kept === null || (await (isArchived ? holdsHead : holdsRow)(kept, connection, around.signal));
  if (options.flag('json')) around.print(JSON.stringify({ ...verdict, ...(kept && { heads: isKept }) }));
  else describe(verdict, around);
  if (kept !== null && !isKept)
    around.say(`Row ${kept.seq} is not the one whose head was signed at ${kept.at} and kept in the file.`);
  const isAll = verdict.kind === 'whole' && verdict.lost.length === 0 && !verdict.archived?.missingTo;
  return isAll && isKept ? 0 : 1;
}

function describe(verdict: AuditVerdict, { print, say }: Surroundings): void {
  if (verdict.kind === 'broken') {
    say(`The audit trail was changed at row ${verdict.atSeq}: ${BECAUSE[verdict.because]}.`);
    return;
  }
  const { rows, proven, unproven, lost, archived } = verdict;
  const proof =
    proven === null
      ? 'No head has been signed yet, so no row is proven.'
      : `A head signed at ${proven.at} proves it up to row ${proven.seq}; ${unproven} rows after that are unproven.`;
  print(`The audit trail is whole: ${rows} rows. ${proof}`);
  if (archived !== null)
    print(
      archived.missingTo === 0
        ? `Rows up to ${archived.to} are in its archive, and were checked too.`
        : `Rows up to ${archived.missingTo} are in an archive that is kept elsewhere, and were not checked.`,
    );
  for (const { from, to } of lost)
    say(
      `Rows ${from} to ${to} are gone: an older copy of the database was put in its place. If nobody restored a backup, they were removed.`,
    );
}

/** The file's last head, checked against the gateway's keys. */
async function readLast(
  path: string,
  { gateway }: Connection,
  { signal }: Surroundings,
): Promise<AuditHead | null> {
  try {
    const jws = (await readFile(path, 'utf8')).trim().split('\n').at(-1) ?? '';
    const answer = await onceMore('GET', () => fetch(`${gateway}/.well-known/jwks.json`, { signal }));
    const keys = createLocalJWKSet(jwksSchema.parse(await answer.json()) as JSONWebKeySet);
    const { payload, protectedHeader } = await compactVerify(jws, keys, { algorithms: ['EdDSA'] });
    if (protectedHeader.typ !== AUDIT_HEAD_TYPE) return null;
    return auditHeadSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return null;
  }
}

const headsSchema = z.object({
  heads: z.array(z.object({ seq: z.number(), hash: z.string() })),
  next: z.number().nullable(),
});

async function holdsHead(head: AuditHead, { api }: Connection, signal: AbortSignal): Promise<boolean> {
  for (let after: number | null = 0; after !== null; ) {
    const page: z.infer<typeof headsSchema> = await api.json(`/audit/heads?after=${after}`, headsSchema, {
      signal,
    });
    if (page.heads.some(({ seq, hash }) => seq === head.seq && hash === head.hash)) return true;
    after = page.next;
  }
  return false;
}

async function holdsRow(head: AuditHead, { api }: Connection, signal: AbortSignal): Promise<boolean> {
  const { rows } = await api.json(`/audit?after=${head.seq - 1}&limit=1`, pageSchema, { signal });
  return rows[0]?.seq === head.seq && rows[0].hash === head.hash;
}
