/** The names of models. They appear in URLs, metrics and DICOM attributes (LO: 64 characters). */
import { z } from '@hono/zod-openapi';

export const modelIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, beginning with a letter');
export const versionSchema = z
  .string()
  .regex(
    /^[0-9A-Za-z][0-9A-Za-z.+-]{0,30}$/,
    'letters, digits and . + -, beginning with a letter or a digit',
  );
