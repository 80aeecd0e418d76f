/** Schemas of the DICOM JSON Model (PS3.18 Annex F), and of the answers that use it, for the API contract. */
import { z } from '@hono/zod-openapi';

const element = z
  .object({
    vr: z.string().regex(/^[A-Z]{2}$/, 'two capital letters'),
    Value: z.array(z.unknown()).optional(),
    BulkDataURI: z.string().optional(),
    InlineBinary: z.string().optional(),
  })
  .openapi('DicomElement', {
    description:
      'PS3.18 F.2.2. `Value`: texts, numbers, null, of PN objects with `Alphabetic`, of SQ Data Sets. Without one of the last three the element is empty.',
  });
export const dataSetSchema = z.record(z.string(), element).openapi('DicomDataSet', {
  description: 'Elements by tag: eight hexadecimal digits in capitals.',
});
const sequenceOf = (description: string) =>
  z.object({ vr: z.literal('SQ'), Value: z.array(dataSetSchema) }).openapi({ description });

/** PS3.18 Table I.1-1. */
export const storeAnswerSchema = z
  .object({
    '00081190': element.openapi({ description: 'Retrieve URL of the study, where all are of one.' }),
    '00081198': sequenceOf('Failed: SOP Class, SOP Instance, and Failure Reason 00081197.').optional(),
    '00081199': sequenceOf('Confirmed by the PACS, each with its Retrieve URL.').optional(),
    '0008119A': sequenceOf('Failures of which no UID can be told.').optional(),
  })
  .openapi('StoreInstancesAnswer', { description: 'PS3.18 Table I.1-1. Instances in no list wait.' });

const references = 'SOP Class 00081150 and SOP Instance 00081155 of each.';
export const commitmentQuestionSchema = z.object({ '00081199': sequenceOf(references) });
/** PS3.18 Table J.2-1. */
export const commitmentAnswerSchema = z
  .object({
    '00081198': sequenceOf(`Not kept: ${references} Failure Reason 00081197.`).optional(),
    '00081199': sequenceOf(`Kept: ${references}`).optional(),
  })
  .openapi('CommitmentAnswer');
