import { Problem } from '#shared/protocol/problem.ts';
import type { CaseCipher, CaseSeal } from '../cases/case-seal.ts';
import type { Db } from '../database/database.ts';

/** @throws Problem case-unreadable: the key of the case is gone. */
export async function openCipher(
  db: Db,
  seal: Pick<CaseSeal, 'cipherOf'>,
  caseId: string,
): Promise<CaseCipher> {
  const { wrapped_key } = await db
    .selectFrom('case_record')
    .select('wrapped_key')
    .where('id', '=', caseId)
    .executeTakeFirstOrThrow();
  const cipher = seal.cipherOf(caseId, wrapped_key);
  if (cipher === null) throw new Problem('case-unreadable');
  return cipher;
}
