/** One result a model: a study of many images has as many results of each. */
import { z } from 'zod';

/** As far as a link needs it: the whole schema would be one more part of the app that the first page lists. */
const linksSchema = z.object({
  results: z.array(
    z.object({
      id: z.uuid(),
      createdAt: z.string(),
      finding: z.object({ model: z.object({ id: z.string(), version: z.string() }) }),
    }),
  ),
});
export type LinkedResult = z.infer<typeof linksSchema>['results'][number];

/** The answer's results are of one study, the newest first. */
export const newestOfModelsSchema = linksSchema.transform(({ results }): readonly LinkedResult[] => {
  const newest = new Map<string, LinkedResult>();
  for (const result of results)
    if (!newest.has(result.finding.model.id)) newest.set(result.finding.model.id, result);
  return [...newest.values()];
});
