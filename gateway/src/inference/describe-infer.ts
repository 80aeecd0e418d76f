/** The API contract of `/predict`, `/infer` and `/infer/batch`. */
import { z } from '@hono/zod-openapi';
import type { Role } from '#shared/protocol/api.ts';
import { inferRequestSchema, jobSchema, predictAnswerSchema } from '#shared/protocol/inference.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { describeRoute, jsonResponse, type Router } from '../http/route.ts';
import { BATCH, batchRequestSchema, FILE_BYTES_LIMIT, FILE_TYPES } from './read-form.ts';

export const ASKERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];

const IMAGE_PROBLEMS = [
  'file-too-large',
  'image-too-small',
  'image-too-large',
  'image-damaged',
  'image-type-unsupported',
  'image-without-pixels',
  'frame-not-found',
] as const satisfies readonly AnyProblemCode[];
const MODEL_PROBLEMS = [
  'model-not-found',
  'model-unavailable',
  'model-not-usable',
  'model-crashed',
  'inference-timeout',
  'called-off',
] as const satisfies readonly AnyProblemCode[];
const FORM_PROBLEMS = ['bad-request', 'invalid-request', 'unsupported-media-type'] as const;

const job = z.object(jobSchema.shape).openapi('Job');
const field = { type: 'string' } as const;
const FIELDS = {
  model: field,
  version: field,
  frame: field,
  cache: field,
  threshold: field,
  steps: field,
  explain: field,
  timeoutSeconds: field,
} as const;
const JOB_FIELDS = { ...FIELDS, priority: field } as const;
const file = { type: 'string', format: 'binary' } as const;
/** A form, or the file itself as the body; with a bare file, the fields are in the query. */
const filesOf = (fields: object) => ({
  'multipart/form-data': {
    schema: { type: 'object' as const, properties: { file, ...fields }, required: ['file'] },
  },
  ...Object.fromEntries(FILE_TYPES.map((type) => [type, { schema: file }])),
});
const queryOf = (fields: object) =>
  z.object(Object.fromEntries(Object.keys(fields).map((name) => [name, z.string().optional()])));
const LIMITS = [
  'PNG and JPEG of 64 to 2 048 pixels a side, or a DICOM instance of at least 64 pixels a side and at most',
  '34 million pixels of 16 bits a frame (JPEG 2000: 17 million); at most',
  `${FILE_BYTES_LIMIT / 1024 / 1024} MiB.`,
].join(' ');

const ASKED = { roles: ASKERS, tags: ['inference'], method: 'post' as const };
const PROBLEMS = [...FORM_PROBLEMS, ...IMAGE_PROBLEMS, ...MODEL_PROBLEMS];

/** Adds the three routes to the API contract. They are served without schemas, because their bodies are streamed. */
export function describeInference(router: Router): void {
  describePredict(router);
  describeInfer(router);
  describeBatch(router);
}

function describePredict(router: Router): void {
  describeRoute(router, {
    ...ASKED,
    path: '/predict',
    problems: PROBLEMS,
    summary: 'Ask the models about one image, answered at once',
    description: `A form with \`file\`, or the file itself: ${LIMITS} \`model\` is \`pneumonia\` unless said otherwise. \`Content-Location\` names the result.`,
    request: { query: queryOf(FIELDS), body: { required: true, content: filesOf(FIELDS) } },
    responses: { 200: jsonResponse(predictAnswerSchema, 'The finding. NOT FOR DIAGNOSTIC USE.') },
  });
}

function describeInfer(router: Router): void {
  describeRoute(router, {
    ...ASKED,
    path: '/infer',
    problems: [...PROBLEMS, 'body-too-large', 'study-not-found', 'storage-full'],
    summary: 'Have the models look at an image, or at a study in the PACS, by a job',
    description: `A form with \`file\`, or the file itself: ${LIMITS} Or JSON that names a study in the PACS, and may name an instance of it.`,
    request: {
      query: queryOf(JOB_FIELDS),
      body: {
        required: true,
        content: { ...filesOf(JOB_FIELDS), 'application/json': { schema: inferRequestSchema } },
      },
    },
    responses: {
      202: { ...jsonResponse(job, 'It waits, or has begun.'), headers: z.object({ location: z.string() }) },
    },
  });
}

function describeBatch(router: Router): void {
  describeRoute(router, {
    ...ASKED,
    path: '/infer/batch',
    operationId: 'inferBatch',
    problems: [...PROBLEMS, 'body-too-large', 'study-not-found', 'too-many-inputs', 'storage-full'],
    summary: 'The same for several files, or several studies',
    description: `A form with up to ${BATCH.files} \`file\`s of ${BATCH.bytes / 1024 / 1024} MiB together, or JSON with up to ${BATCH.studies} \`studies\`. All are taken, or none.`,
    request: {
      query: queryOf(JOB_FIELDS),
      body: {
        required: true,
        content: { ...filesOf(JOB_FIELDS), 'application/json': { schema: batchRequestSchema } },
      },
    },
    responses: {
      202: jsonResponse(z.object({ jobs: z.array(job) }), 'In the order of the request.'),
    },
  });
}
