/** The lists that the gateway answers with, around the schemas of shared/protocol/inference.ts. */
import { z } from 'zod';
import { jobSchema, modelSchema, resultSchema } from '#shared/protocol/inference.ts';

/** `GET /results`: newest first; `next` is the cursor of what follows. */
export const resultListSchema = z.object({ results: z.array(resultSchema), next: z.string().nullish() });
export const jobListSchema = z.object({ jobs: z.array(jobSchema) });
export const modelListSchema = z.object({ models: z.array(modelSchema) });

export type Model = z.infer<typeof modelSchema>;
export type ModelVersion = Model['versions'][number];
