/** The forms of names used everywhere on the wire. */
import { z } from 'zod';
import { isUid } from '../dicom/uid.ts';

export const uidSchema = z.string().max(64).refine(isUid, 'not a UID (PS3.5 §9.1)');

/** SHA-256 in lower-case hexadecimal: 64 characters. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
