/** The lists in the gateway's answers, around the schemas of shared/protocol/inference.ts. */
import { z } from 'zod';
import { jobSchema, modelSchema, resultSchema } from '#shared/protocol/inference.ts';

/** `GET /results`: newest first; `next` is the cursor of the next page. */
export const resultListSchema = z.object({ results: z.array(resultSchema), next: z.string().nullish() });
/** `GET /results/choices`: the models of all results, and the newest result of each of the newest studies. */
export const resultChoicesSchema = z.object({ models: z.array(z.string()), newest: z.array(resultSchema) });
export const jobListSchema = z.object({ jobs: z.array(jobSchema) });
export const modelListSchema = z.object({ models: z.array(modelSchema) });

export type Model = z.infer<typeof modelSchema>;
export type ModelVersion = Model['versions'][number];
