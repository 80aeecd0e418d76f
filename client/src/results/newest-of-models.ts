/** The newest result of each model, and how many results the model has: a study of many images has many of each. */
import { z } from 'zod';

/** The part of a result that a link needs. The whole schema would add one more part to the list in the first page. */
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

/** Expects the results of one study, newest first. */
export const newestOfModelsSchema = linksSchema.transform(({ results, next }): readonly LinkedResult[] => {
  const ofModels = Map.groupBy(results, ({ finding }) => finding.model.id);
  return [...ofModels.values()].map((each) => ({ ...each[0]!, of: each.length, hasMore: next !== null }));
});
