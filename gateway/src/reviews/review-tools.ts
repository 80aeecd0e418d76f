/** The tools that the parts of this feature share. */
import type { CaseTools } from '../cases/case-tools.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { LookAtImage } from './look-at-image.ts';

export type ReviewTools = Pick<CaseTools, 'db' | 'seal' | 'now' | 'newId'> & {
  readonly jobs: Pick<Jobs, 'enqueue'>;
};
export type AnnotationTools = ReviewTools & { readonly look: LookAtImage };
