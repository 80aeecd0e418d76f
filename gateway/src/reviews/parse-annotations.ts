/** Parses the body of `PUT /reviews/{id}/annotations`: 200 lines of 500 points are 200 000 numbers. */
import { putAnnotationsSchema, type PutAnnotations } from '#shared/protocol/annotations.ts';
import { judgeJson } from '../http/json-body.ts';
import { parserIn } from '../threads/parse-apart.ts';

export const parseAnnotations = (bytes: Uint8Array): PutAnnotations => judgeJson(putAnnotationsSchema, bytes);

export const ANNOTATIONS = parserIn(import.meta.url, parseAnnotations);
