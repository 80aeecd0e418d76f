/**
 * Reads requests to the models: a form with files (`multipart/form-data`), a file as the whole body, or JSON that
 * names studies in the PACS.
 */
import { z } from '@hono/zod-openapi';
import { giveBack } from '#shared/give-back.ts';
import { EXPLANATION_METHODS, inferRequestSchema } from '#shared/protocol/inference.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { gatherBytes, joinBytes } from '../threads/gather-bytes.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { readJson as readValues } from '../http/json-body.ts';
import type { ToParse } from '../threads/parse-apart.ts';
import { readLimited, readMultipart } from '../http/read-multipart.ts';

/** The limit for PNG, JPEG and DICOM files alike. A file is held in memory while models examine it. */
export const FILE_BYTES_LIMIT = 50 * 1024 * 1024;
export const BATCH = { files: 32, bytes: 512 * 1024 * 1024, studies: 100 } as const;
export const FIELDS_BYTES = 64 * 1024;
export const FIELDS_LIMIT = 16;
const JSON_BYTES_LIMIT = 64 * 1024;
/**
 * The longest pause in the body, and the longest time for all of it: enough for 50 MiB, or 512 MiB, over a line of
 * about 7 Mbit/s.
 */
type FormTimes = { readonly quietMs: number; readonly totalMs: number };
const TIMES: { readonly one: FormTimes; readonly batch: FormTimes } = {
  one: { quietMs: 60_000, totalMs: 60_000 },
  batch: { quietMs: 60_000, totalMs: 600_000 },
};

const whole = z
  .string()
  .regex(/^-?\d{1,9}$/, 'a whole number')
  .transform(Number);
const part = z
  .string()
  .regex(/^[01]$|^0?\.\d{1,9}$/, 'a number from 0 to 1')
  .transform(Number);
const shape = inferRequestSchema.shape;
const parameters = shape.parameters.unwrap().shape;

/** Room for all methods, each twice. The limit keeps a longer list from being checked name by name. */
const EXPLANATION_CHARACTERS = 2 * EXPLANATION_METHODS.join(',').length;

/** The fields of `inferRequestSchema`, as a form writes them. */
const fieldsSchema = z
  .strictObject({
    model: shape.model,
    version: shape.version,
    frame: whole.pipe(shape.frame.unwrap()).default(0),
    priority: whole.pipe(shape.priority.unwrap()).optional(),
    timeoutSeconds: whole.pipe(shape.timeoutSeconds.unwrap()).optional(),
    cache: z
      .enum(['true', 'false'])
      .default('true')
      .transform((text) => text === 'true'),
    threshold: part.pipe(parameters.threshold.unwrap()).optional(),
    steps: whole.pipe(parameters.steps.unwrap()).optional(),
    explain: z
      .string()
      .max(EXPLANATION_CHARACTERS)
      .transform((text) => text.split(',').filter((one) => one !== ''))
      .pipe(z.array(z.enum(EXPLANATION_METHODS)))
      .optional(),
  })
  .transform(({ threshold, steps, explain, ...rest }) => ({
    ...rest,
    parameters: { threshold, steps, explain },
  }));
export type AskedFields = z.infer<typeof fieldsSchema>;

export const batchRequestSchema = inferRequestSchema
  .omit({ studyInstanceUID: true, sopInstanceUID: true })
  .extend({ studies: z.array(uidSchema).min(1).max(BATCH.studies) });

/** Media types of a body that is a file itself. Its bytes decide which kind of file it is. */
export const FILE_TYPES = [
  'image/png',
  'image/jpeg',
  'application/dicom',
  'application/octet-stream',
] as const;

/** The fields may be in the form, in the query, or in both. `query`: the query parameters of the request. */
export type Sent = {
  readonly contentType: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
};

/**
 * Passes each file to `take` as it arrives and waits until `take` has finished, so that not all files are in memory
 * at once. In a form, the field `file` and any part with a file name count as a file.
 * @throws Problem.
 */
export async function readFiles(
  { contentType, query, body }: Sent,
  files: number,
  take: (chunks: readonly Uint8Array[]) => Promise<void>,
  times = files === 1 ? TIMES.one : TIMES.batch,
): Promise<AskedFields> {
  if (FILE_TYPES.some((type) => contentType.toLowerCase().startsWith(type))) {
    // The fields are checked first, so that a caller with a mistake in them does not upload 50 MB for nothing.
    const asked = parsed(fieldsSchema, query);
    const gathered = gatherBytes();
    const pieces = readLimited(body, { ...times, bytes: FILE_BYTES_LIMIT, tooLarge: 'file-too-large' });
    for await (const piece of pieces) gathered.add(piece);
    await take(gathered.chunks());
    return asked;
  }
  if (!/^multipart\/form-data\b/i.test(contentType))
    throw new Problem(
      'unsupported-media-type',
      `Send a form (multipart/form-data), or the file itself as ${FILE_TYPES.join(', ')}.`,
    );
  const limits = {
    ...times,
    parts: files + FIELDS_LIMIT,
    bytes: (files === 1 ? FILE_BYTES_LIMIT : BATCH.bytes) + FIELDS_BYTES,
    partBytes: () => FILE_BYTES_LIMIT,
    tooLarge: 'file-too-large',
  } as const;
  const fields: Record<string, string> = { ...query };
  let count = 0;
  for await (const { field, isFile, chunks } of readMultipart(contentType, body, limits)) {
    if (isFile || field === 'file') {
      count += 1;
      if (count > files) throw new Problem('too-many-inputs');
      await take(chunks);
      for (const chunk of chunks) giveBack(chunk);
    } else {
      const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (length > FIELDS_BYTES) throw new Problem('invalid-request', 'Invalid: a field is too long.');
      fields[field] = Buffer.concat(chunks).toString();
    }
  }
  if (count === 0) throw new Problem('invalid-request', 'Invalid: file.');
  return parsed(fieldsSchema, fields);
}

/** @throws Problem bad-request, invalid-request, body-too-large. */
export async function readJson<S extends z.ZodType>(
  schema: S,
  body: AsyncIterable<Uint8Array>,
  from: Pick<ToParse, 'from' | 'signal'>,
): Promise<z.infer<S>> {
  const bytes = await joinBytes(readLimited(body, { ...TIMES.one, bytes: JSON_BYTES_LIMIT }));
  return parsed(schema, await readValues({ ...from, bytes }));
}

function parsed<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  throw invalidRequest(outcome.error.issues, 'request');
}
