/** The tools of this feature's parts. */
import type { CaseTools } from '../cases/case-tools.ts';

export type ReviewTools = Pick<CaseTools, 'db' | 'seal' | 'now' | 'newId'>;
