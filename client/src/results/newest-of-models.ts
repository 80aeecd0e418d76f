/** The newest result of each model, and how many it has: a study of many images has as many results of each. */
import { z } from 'zod';

/**
 * The part of a result that a link needs: the whole schema would be one more part of the app that the first page
 * lists.
 */
const linksSchema = z.object({
  results: z.array(
    z.object({
      id: z.uuid(),
      createdAt: z.string(),
      finding: z.object({ model: z.object({ id: z.string(), version: z.string() }) }),
    }),
  ),
  next: z.string().nullable(),
});
type Listed = z.infer<typeof linksSchema>['results'][number];
/** `of`: the results of its model that were listed; `hasMore`: there may be older ones. */
export type LinkedResult = Listed & { readonly of: number; readonly hasMore: boolean };

/** The answer's results are of one study, the newest first. */
export const newestOfModelsSchema = linksSchema.transform(({ results, next }): readonly LinkedResult[] => {
  const ofModels = Map.groupBy(results, ({ finding }) => finding.model.id);
  return [...ofModels.values()].map((each) => ({ ...each[0]!, of: each.length, hasMore: next !== null }));
});
