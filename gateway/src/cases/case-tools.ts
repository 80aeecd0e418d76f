/** The tools that the parts of this feature share. */
import type { Db } from '../database/database.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { CaseSeal } from './case-seal.ts';

export type CaseTools = {
  readonly db: Db;
  readonly seal: CaseSeal;
  readonly pacs: Pick<Pacs, 'searchStudies'>;
  readonly now: () => Date;
  readonly newId: () => string;
};
